"""The colours of cells."""

from __future__ import annotations

import numpy as np

from coevo.shader.functions import hsv_to_rgb


def shown(state: np.ndarray, channels: int, space: str) -> np.ndarray:
    """The picture of a state [3, height, width] in [-1, 1].

    Args:
        channels: of the picture: 3, or 1 for the state's first number alone.
        space: "rgb", or "hsv": hue in half turns, saturation and brightness in [-1, 1].
    """
    if channels == 1:
        return state[:1]
    if space == "rgb":
        return state
    hue, saturation, brightness = state
    return np.stack(hsv_to_rgb(hue * 0.5, saturation * 0.5 + 0.5, brightness * 0.5 + 0.5))
