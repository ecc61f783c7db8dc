"""The colours of cells."""

from __future__ import annotations

import numpy as np


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
    hue, saturation, brightness = state[0] * 0.5, state[1] * 0.5 + 0.5, state[2] * 0.5 + 0.5
    turned = [np.abs((hue + k) % 1 * 6 - 3) - 1 for k in (0, 2 / 3, 1 / 3)]
    return np.stack([brightness * (1 - saturation + saturation * t.clip(0, 1)) * 2 - 1 for t in turned]).astype(
        np.float32
    )
