"""What works can be made from that their own pictures contain: greys to colour, edges to fill, holes to complete."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

GREY = (0.299, 0.587, 0.114)  # shares of red, green and blue in grey (ITU-R 601)
EDGE = 0.25  # slope of an edge, relative to the steepest of its picture
HOLE = 128  # the grey in the middle of black and white
AT_ONCE = 500


def grey(images: Tensor) -> Tensor:
    """Pictures uint8 [N, C, H, W] in grey, uint8 [N, 1, H, W]."""
    if images.shape[1] == 1:
        return images
    shares = torch.tensor(GREY)[:, None, None]
    return torch.cat([(some.float() * shares).sum(1, keepdim=True).round().byte() for some in images.split(AT_ONCE)])


def edges(images: Tensor) -> Tensor:
    """Black lines on white, uint8 [N, 1, H, W], where pictures uint8 [N, C, H, W] are steep.

    Sobel's slopes after a small blur; a pixel is on a line if it is the steepest across it, as in Canny (1986).
    """
    blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    both = torch.stack([across, across.T])[:, None]
    drawn = []
    for some in grey(images).split(AT_ONCE):
        smooth = conv2d(pad(some.float(), (2, 2, 2, 2), "replicate"), blur)
        x, y = conv2d(smooth, both).split(1, 1)
        slope = (x.square() + y.square()).sqrt()
        wide = pad(slope, (1, 1, 1, 1))
        left, right, above, below = wide[..., 1:-1, :-2], wide[..., 1:-1, 2:], wide[..., :-2, 1:-1], wide[..., 2:, 1:-1]
        steepest = torch.where(
            x.abs() >= y.abs(), (slope >= left) & (slope > right), (slope >= above) & (slope > below)
        )
        steep = slope > EDGE * slope.amax((2, 3), keepdim=True)
        drawn.append(torch.where(steepest & steep, 0, 255).byte())
    return torch.cat(drawn)


def hole(images: Tensor) -> Tensor:
    """Pictures uint8 [N, C, H, W] whose middle, half as high and as wide as the whole, is grey.

    Reference:
        Pathak et al. (2016), Context encoders: feature learning by inpainting, §3.
    """
    height, width = images.shape[2:]
    top, left = height // 4, width // 4
    holed = images.clone()
    holed[:, :, top : top + height // 2, left : left + width // 2] = HOLE
    return holed


DERIVED = {"grey": grey, "edges": edges, "hole": hole}
"""What `data.given` may say, and what it makes of pictures."""
