"""Ways to spoil pictures: those that an evaluator learns to recognise, and those that it is tried with.

Each takes pictures [N, C, H, W] in [-1, 1] and a generator on the CPU, and returns the spoilt ones; lengths are
relative to the pictures' side.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


def blurred(images: Tensor, radius: float) -> Tensor:
    """Smoothed by a Gaussian with a standard deviation of `radius` px, separably."""
    reach = max(1, round(3 * radius))
    line = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-(line**2) / (2 * radius**2))
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, 1, -1)
    padded = F.pad(images, (reach, reach, reach, reach), "replicate")
    return F.conv2d(F.conv2d(padded, kernel, groups=images.shape[1]), kernel.mT, groups=images.shape[1])


def blur(images: Tensor, generator: Generator) -> Tensor:
    """By 2 to 9 % of the side, at least 0.6 px."""
    return blurred(images, max(0.6, images.shape[-1] * uniform(1, 0.02, 0.09, generator).item()))


def noise(images: Tensor, generator: Generator) -> Tensor:
    """Gaussian noise of 5 to 30 % of the range."""
    amount = uniform(len(images), 0.1, 0.6, generator)
    return (images + amount * torch.randn(images.shape, generator=generator)).clamp(-1, 1)


def shuffle(images: Tensor, generator: Generator) -> Tensor:
    """Cut in 4 × 4 patches, which change places (a jigsaw; Noroozi & Favaro 2016)."""
    n, c, height, width = images.shape
    y, x = height // 4, width // 4
    patches = images[..., : 4 * y, : 4 * x].unfold(2, y, y).unfold(3, x, x).reshape(n, c, 16, y, x)
    order = torch.rand(n, 16, generator=generator).argsort(1)
    patches = patches.gather(2, order[:, None, :, None, None].expand(-1, c, -1, y, x))
    spoilt = images.clone()
    spoilt[..., : 4 * y, : 4 * x] = patches.view(n, c, 4, 4, y, x).permute(0, 1, 2, 4, 3, 5).reshape(n, c, 4 * y, 4 * x)
    return spoilt


def warp(images: Tensor, generator: Generator) -> Tensor:
    """Moved by a smooth random field (Simard et al. 2003)."""
    field = 0.14 * torch.randn(len(images), 2, 4, 4, generator=generator)
    field = F.interpolate(field, images.shape[2:], mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    grid = F.affine_grid(torch.eye(2, 3).expand(len(images), 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid + field, padding_mode="reflection", align_corners=False)


def colour(images: Tensor, generator: Generator) -> Tensor:
    """Contrast and brightness of each channel changed."""
    gain, offset = (uniform((*images.shape[:2], 1, 1), *ends, generator) for ends in ((0.4, 1.6), (-0.4, 0.4)))
    return (images * gain + offset).clamp(-1, 1)


def scramble(images: Tensor, generator: Generator) -> Tensor:
    """The phases of the Fourier transform shifted at random: the same spectrum, and no shapes (Dakin et al. 2002)."""
    mean = images.mean((2, 3), keepdim=True)
    turn = torch.fft.rfft2(torch.randn(images[:, :1].shape, generator=generator)).sgn()
    return (torch.fft.irfft2(torch.fft.rfft2(images - mean) * turn, s=images.shape[2:]) + mean).clamp(-1, 1)


def splice(images: Tensor, generator: Generator) -> Tensor:
    """Parts of two pictures, along a random smooth border."""
    field = torch.rand(len(images), 1, *images.shape[2:], generator=generator)
    share = ((blurred(field.round(), images.shape[-1] / 10) - 0.5) * 40).sigmoid()
    return share * images + (1 - share) * images.roll(1, 0)


def smear(images: Tensor, generator: Generator) -> Tensor:
    """Coarse colours of two pictures, and over them a texture without shapes: what generators make at first."""
    share = uniform(len(images), 0.3, 1, generator)
    coarse = F.avg_pool2d(share * images + (1 - share) * images.roll(1, 0), max(2, images.shape[-1] // 8))
    coarse = F.interpolate(coarse, images.shape[2:], mode="bilinear", align_corners=False)
    texture = scramble(images, generator)
    return (coarse + uniform(len(images), 0, 0.8, generator) * (texture - texture.mean((2, 3), keepdim=True))).clamp(
        -1, 1
    )


def uniform(shape: int | tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    """Draws between `low` and `high`; of N the shape is [N, 1, 1, 1]."""
    shape = (shape, 1, 1, 1) if isinstance(shape, int) else shape
    return torch.empty(shape).uniform_(low, high, generator=generator)
