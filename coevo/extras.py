"""Packages that only some people need: `pip install 'coevo[NAME]'` brings them, and a sentence asks for them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from coevo.errors import ConfigError


def needed(module: str, extra: str, what: str) -> Any:
    """Import a module of a package that not every installation has.

    Args:
        module: its name, such as "torch.utils.tensorboard".
        extra: the extra of coevo that brings it.
        what: begins the sentence if it is missing: "Tracker 'wandb'".

    Returns:
        The module.

    Raises:
        ConfigError: it is not installed, or cannot be imported.

    Example:
        >>> needed("math", "numbers", "This example").sqrt(4.0)
        2.0
    """
    try:
        return import_module(module)
    except ImportError as error:
        missing = getattr(error, "name", None) or module.partition(".")[0]
        said = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be imported ({error})"
        raise ConfigError(
            f"{what} needs the package {missing!r}, which {said}: pip install 'coevo[{extra}]'."
        ) from error
