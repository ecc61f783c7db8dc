"""How far made pictures are from the true ones."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, l1_loss

WINDOW = 7  # px of a side


@torch.no_grad()
def pair_figures(made: Tensor, true: Tensor) -> Mapping[str, float]:
    """Mean absolute difference of pixels, black to white is 1, and mean structural similarity, 1 is the same; of made
    pictures [N, C, H, W] and, as `_of_mean`, of the mean true picture in the place of each."""
    made = made.cpu()
    mean = true.mean(0, keepdim=True).expand_as(true)
    return {
        "l1": l1_loss(made, true).item() / 2,
        "l1_of_mean": l1_loss(mean, true).item() / 2,
        "ssim": ssim(made, true).mean().item(),
        "ssim_of_mean": ssim(mean, true).mean().item(),
    }


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity [N] of pictures [N, C, H, W] in [-1, 1], over windows of 7 × 7 px.

    Reference:
        Wang et al. (2004), Image quality assessment: from error visibility to structural similarity, eq. 13.
    """
    a, b = (a + 1) / 2, (b + 1) / 2

    def mean(x: Tensor) -> Tensor:
        return avg_pool2d(x, WINDOW, 1)

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a.square(), mean(b * b) - mean_b.square()
    covariance = mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + 0.01**2) / (mean_a.square() + mean_b.square() + 0.01**2)
    return (luminance * (2 * covariance + 0.03**2) / (var_a + var_b + 0.03**2)).mean((1, 2, 3))
