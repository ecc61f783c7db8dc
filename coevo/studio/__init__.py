"""What a player is given: device, precision, random streams."""

from coevo.studio.studio import Studio
from coevo.studio.devices import Precision, fast_bf16, find_device

__all__ = ["Precision", "Studio", "fast_bf16", "find_device"]
