"""The studio: device, precision and random streams for players."""

from coevo.studio.devices import Precision, fast_bf16, find_device
from coevo.studio.studio import Studio

__all__ = ["Precision", "Studio", "fast_bf16", "find_device"]
