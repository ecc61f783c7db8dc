"""The folder of whatever can be made again: decoded images, trained evaluators, features."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """The folder that COEVO_CACHE names, or else the user's cache folder; it may not exist yet."""
    return Path(os.environ.get("COEVO_CACHE") or user_cache_path("coevo", appauthor=False))
