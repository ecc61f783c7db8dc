"""PNGs that carry a text: the origin of the work that they show."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from coevo.errors import DataError, reason
from coevo.images.origin import origin_text
from coevo.storage.atomic import RUN, Advice, write_whole
from coevo.version import __version__


def save_png(path: Path, picture: Image.Image, about: Mapping[str, Any], advice: Advice = RUN) -> None:
    """Write a picture as a PNG that carries `about`; it appears whole."""
    write_whole(path, png_bytes(picture, about), advice)


def png_bytes(picture: Image.Image, about: Mapping[str, Any]) -> bytes:
    """A picture as a PNG, with what it is about as JSON in its text chunk `coevo`."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", f"coevo {__version__}")
    info.add_text("coevo", origin_text(about))
    buffer = io.BytesIO()
    picture.save(buffer, "png", pnginfo=info)
    return buffer.getvalue()


def png_text(path: Path) -> str | None:
    """The text that a PNG carries, if it does. Raises DataError if the file is no picture."""
    try:
        with Image.open(path) as picture:
            return picture.info.get("coevo")
    except UnidentifiedImageError as error:
        raise DataError(f"{path} cannot be read as a picture: it should be a PNG.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read as a picture: {reason(error)}.") from error
    except (Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise DataError(f"{path} cannot be read as a picture: {str(error).rstrip('.')}.") from error
