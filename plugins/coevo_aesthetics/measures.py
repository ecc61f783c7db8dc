"""Measures of pictures (Machado, Romero & Manaris 2008; Machado & Romero 2012).

Every channel (hue, saturation and brightness, or the brightness of grey pictures alone) is measured in six parts: the
whole, its four quadrants and the centre.

| measure    | what it is                                                                                |
|------------|-------------------------------------------------------------------------------------------|
| mean       | the mean in [0, 1]; for hue the length of the mean direction, which is 1 if all hues agree |
| deviation  | the standard deviation; for hue the circular one                                          |
| entropy    | of a histogram of 32 tones, in bits                                                       |
| edges      | the mean length of Sobel's gradient                                                       |
| jpeg-error | root mean squared error of JPEG at quality 75: what a local predictor misses              |
| jpeg-size  | its bytes relative to those of the plain pixels                                           |
| fractal-error | root mean squared error of a fractal coder: what the picture does not repeat          |
| fractal-size  | bits of its quadtree relative to those of the plain pixels                             |
| symmetry-x, -y, -d | 1 less the mean difference of the whole from its mirror image: left to right, top to    |
|            | bottom, along the diagonal                                                                |
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, pad

from coevo.images.compression import fractal, jpeg

SMALLEST = 32  # px of a side: less leaves a quadrant no room for JPEG's blocks
TONES = 32
QUALITY = 75
FRACTAL = 64  # px of a side that the fractal coder sees; half as many of smaller pictures, so that blocks fill it
LEVELS = (16, 8, 4)  # px of a range block: it is split in four where it is not matched well enough
TOLERANCE = 8 / 255  # root mean squared error
CHUNK = 8  # pictures measured at once: they stay in the processor's cache

PER_PART = ("mean", "deviation", "entropy", "edges", "jpeg-error", "jpeg-size", "fractal-error", "fractal-size")
SYMMETRIES = ("symmetry-x", "symmetry-y", "symmetry-d")
PARTS = ("whole", "top-left", "top-right", "bottom-left", "bottom-right", "centre")


def names(channels: int) -> list[str]:
    """The names of the columns of `measured`, such as brightness/whole/entropy."""
    planes = ("hue", "saturation", "brightness") if channels == 3 else ("brightness",)
    return [
        name
        for plane in planes
        for name in (
            *(f"{plane}/{part}/{measure}" for measure in PER_PART for part in PARTS),
            *(f"{plane}/whole/{measure}" for measure in SYMMETRIES),
        )
    ]


@torch.no_grad()
def measured(images: Tensor) -> Tensor:
    """Every measure of every picture.

    Args:
        images: [N, C, H, W] in [-1, 1]; C is 1 or 3, H = W ≥ 32.

    Returns:
        [N, F] float32 on the CPU, F = 51 · C; `names` says which column is what.
    """
    if not len(images):
        return torch.zeros(0, len(names(images.shape[1])))
    return torch.cat([_measured(some.float().cpu()) for some in images.split(CHUNK)])


def _measured(images: Tensor) -> Tensor:
    planes = hsv(images) if images.shape[1] == 3 else (images + 1) / 2
    n, c, size, _ = planes.shape
    flat = planes.reshape(n * c, 1, size, size)
    columns = (_means(planes), _entropies(flat), _each(sobel(flat)), _jpeg(flat), _fractal(flat), symmetries(flat))
    return torch.cat([measure.reshape(n, c, -1) for measure in columns], 2).flatten(1)


# parts of a picture


def parts(images: Tensor) -> list[Tensor]:
    """[N, 1, H, W] → the whole, its quadrants and its centre."""
    height, width = images.shape[-2:]
    y, x = height // 2, width // 2
    quadrants = [
        images[..., top, left] for top in (slice(0, y), slice(y, None)) for left in (slice(0, x), slice(x, None))
    ]
    return [images, *quadrants, images[..., y // 2 : y // 2 + y, x // 2 : x // 2 + x]]


def _each(images: Tensor) -> Tensor:
    """The mean of every part, [N, 6]."""
    return torch.stack([part.flatten(1).mean(1) for part in parts(images)], 1)


def _means(planes: Tensor) -> Tensor:
    """Mean and standard deviation of every part, [N, C, 2 · 6]; of hue (the first of three) the circular ones."""
    n, c, size, _ = planes.shape
    flat = planes.reshape(n * c, 1, size, size)
    mean = _each(flat)
    centred = zip(parts(flat), mean.T[..., None, None, None], strict=True)
    squares = [(part - own).square_().flatten(1).mean(1) for part, own in centred]
    means = torch.cat([mean, torch.stack(squares, 1).sqrt()], 1).reshape(n, c, -1)
    if c == 3:
        angle = planes[:, :1] * 2 * torch.pi
        agreement = (_each(angle.cos()).square() + _each(angle.sin()).square()).sqrt().clamp(1e-6, 1)
        means[:, 0] = torch.cat([agreement, (-2 * agreement.log()).clamp_min(0).sqrt() / (2 * torch.pi)], 1)
    return means


def _entropies(images: Tensor) -> Tensor:
    """Bits of a histogram of every part, [N, 6]."""
    tones = (images * TONES).long().clamp_(0, TONES - 1)
    offset = torch.arange(len(images))[:, None] * TONES
    counts = [
        (part.flatten(1) + offset).flatten().bincount(minlength=len(images) * TONES).view(-1, TONES)
        for part in parts(tones)[1:]
    ]
    counts.insert(0, torch.stack(counts[:4]).sum(0))  # the quadrants make up the whole
    share = torch.stack(counts, 1) / torch.stack(counts, 1).sum(2, keepdim=True)
    return -(share * share.clamp_min(1e-12).log2()).sum(2)


def sobel(images: Tensor) -> Tensor:
    """[N, 1, H, W] → the length of the gradient at every pixel, the same shape."""
    x = pad(images, (1, 1, 1, 1), "replicate")
    smooth = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    across = smooth[..., 2:] - smooth[..., :-2]
    smooth = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    down = smooth[..., 2:, :] - smooth[..., :-2, :]
    return (across.square() + down.square()).sqrt() / 8


def symmetries(images: Tensor) -> Tensor:
    """[N, 1, H, H] → [N, 3]: 1 less the mean difference from its mirror images."""
    mirrored = (images.flip(3), images.flip(2), images.transpose(2, 3))
    return torch.stack([1 - (images - other).abs().flatten(1).mean(1) for other in mirrored], 1)


def hsv(images: Tensor) -> Tensor:
    """RGB [N, 3, H, W] in [-1, 1] → hue, saturation and brightness in [0, 1]."""
    rgb = ((images + 1) / 2).clamp(0, 1)
    value, where = rgb.max(1)
    chroma = value - rgb.amin(1)
    safe = chroma.clamp_min(1e-6)
    r, g, b = rgb.unbind(1)
    sides = torch.stack([(g - b) / safe % 6, (b - r) / safe + 2, (r - g) / safe + 4], 1)
    hue = sides.gather(1, where[:, None])[:, 0] / 6
    grey = chroma < 1e-6
    return torch.stack([hue.masked_fill(grey, 0), (chroma / value.clamp_min(1e-6)).masked_fill(grey, 0), value], 1)


# compression


def _jpeg(images: Tensor) -> Tensor:
    """Error and size of every part as a JPEG, [N, 2 · 6]."""
    pixels = (images[:, 0] * 255).round().to(torch.uint8)
    coded = [np.stack(jpeg(part.numpy(), QUALITY)) for part in parts(pixels)]
    return torch.from_numpy(np.stack(coded)).permute(2, 1, 0).flatten(1)  # [6, 2, N] → [N, 2 · 6]


def _fractal(images: Tensor) -> Tensor:
    """Error and size of every part by a fractal coder, [N, 2 · 6]."""
    size = FRACTAL if images.shape[-1] >= FRACTAL else FRACTAL // 2
    sides = [side for side in LEVELS if side <= size // 4]
    squared, bits = map(torch.from_numpy, fractal(adaptive_avg_pool2d(images, size)[:, 0].numpy(), sides, TOLERANCE))
    return torch.cat([_each(squared[:, None]).sqrt(), _each(bits[:, None])], 1)
