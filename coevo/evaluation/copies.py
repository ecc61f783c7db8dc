"""Copies: works that are a known work, though moved, scaled, noised or rounded a little."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from coevo.data.datasets import to_float
from coevo.evaluation.distortions import blurred
from coevo.evaluation.metrics import in_rows
from coevo.evaluation.progress import SILENT, Progress

VERSION = 1  # of what is a copy; cached answers of another one are not read
SIDE, THUMB = 32, 8  # px at which pictures are compared, and of the thumbnails by which known works are found
REACH, SCALES = 2, (0.9, 0.95, 1.0, 1.05, 1.1)  # px, and sides, by which a copy may differ
CANDIDATES = 8  # known works that a work is compared with
RATIO = 0.35  # of the distance to the nearest known work and to the others near it, below which it is a copy
SAME = 0.004  # root mean square difference of rounding: a copy whatever the others are


def copies(works: Tensor, known: Tensor, progress: Progress = SILENT) -> Tensor:
    """Which pictures are copies: much nearer to one known picture than to the next ones.

    A copy that was moved by a pixel, scaled or noised is no longer near to its original, pixel by pixel; and what is
    near depends on the data: plain pictures are always near to each other. So pictures are compared slightly smoothed
    and at the best of several shifts and scales, and the distance to the nearest is taken relative to the median of
    those to the next.

    Args:
        works: [N, C, H, W], uint8 or in [-1, 1].
        known: [M, C, H, W], alike; to at least three of them a work can be compared.
        progress: sees how many works are done.

    Returns:
        bool [N].

    Reference:
        Carlini et al. (2023), Extracting training data from diffusion models, §4.2.
    """
    thumbnails = torch.cat([thumbs(small(some)) for some in known.split(500)])
    found = []
    for some in works.split(max(1, min(32, in_rows(works, known)[0].shape[0]))):
        pictures = small(some)
        which = candidates(pictures, thumbnails)
        distances = aligned(pictures, small(known[which.flatten()]).unflatten(0, which.shape)).sort(1).values
        near, others = distances[:, 0], distances[:, 1:].median(1).values
        found.append((near < SAME) | (near < RATIO * others))
        progress.advance(len(some))
    return torch.cat(found)


def small(images: Tensor) -> Tensor:
    """Pictures, uint8 or in [-1, 1], at SIDE px and slightly smoothed, in [-1, 1]."""
    images = to_float(images) if images.dtype == torch.uint8 else images
    sides = images.shape[-2:]
    if min(sides) >= SIDE:
        images = F.adaptive_avg_pool2d(images, SIDE)
    else:
        images = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return blurred(images, 1.0)


def thumbs(pictures: Tensor) -> Tensor:
    """Small pictures as vectors [N, C · THUMB²]."""
    return F.avg_pool2d(pictures, SIDE // THUMB).flatten(1)


def candidates(pictures: Tensor, thumbnails: Tensor) -> Tensor:
    """The known works that may be the nearest of each picture at any small shift: indices [N, K]."""
    distances = torch.full((len(pictures), len(thumbnails)), torch.inf)
    for moved in shifted(F.pad(pictures, (REACH,) * 4, "replicate"), REACH):
        distances = distances.minimum(torch.cdist(thumbs(moved), thumbnails))
    return distances.topk(min(CANDIDATES, len(thumbnails)), largest=False).indices


def shifted(pictures: Tensor, step: int) -> list[Tensor]:
    """Crops of pictures, smaller by REACH px on each side, at all shifts up to REACH px."""
    side = pictures.shape[-1] - 2 * REACH
    places = range(0, 2 * REACH + 1, step)
    return [pictures[..., top : top + side, left : left + side] for top in places for left in places]


def aligned(pictures: Tensor, others: Tensor) -> Tensor:
    """Root mean square differences of pictures [N, C, S, S] to K others of each [N, K, C, S, S], at the best of all
    shifts and scales, and of those between them: [N, K]; black to white is 1."""
    eye = torch.eye(2, 3).expand(len(pictures), 2, 3)
    grids = [F.affine_grid(eye * scale, list(pictures.shape), align_corners=False) for scale in SCALES]
    scaled = [F.grid_sample(pictures, grid, padding_mode="border", align_corners=False) for grid in grids]
    variants = torch.stack([crop.flatten(1) for one in scaled for crop in shifted(one, 1)], 1)
    inner = slice(REACH, SIDE - REACH)
    targets = others[..., inner, inner].flatten(2)
    best = torch.cdist(variants, targets).argmin(1)
    residual = targets - variants.gather(1, best[..., None].expand_as(targets))
    return smallest(residual, changes(others)) / (2 * targets.shape[2] ** 0.5)


def changes(pictures: Tensor) -> Tensor:
    """The changes of pictures [N, K, C, S, S] as they are moved across, down and scaled: [N, K, 3, D]."""
    inner = slice(REACH, SIDE - REACH)
    y, x = torch.gradient(pictures, dim=(3, 4))
    line = torch.linspace(-1, 1, SIDE)
    return torch.stack([one[..., inner, inner].flatten(2) for one in (x, y, x * line + y * line[:, None])], 2)


def smallest(residual: Tensor, basis: Tensor) -> Tensor:
    """The lengths of residuals [N, K, D] without what small changes [N, K, 3, D] explain, to first order: [N, K]."""
    products = basis @ residual[..., None]
    gram = basis @ basis.mT
    gram = gram + (1e-6 + 1e-4 * gram.diagonal(dim1=2, dim2=3).mean(2))[..., None, None] * torch.eye(3)
    explained = (products * torch.linalg.solve(gram, products)).sum((2, 3))
    return (residual.square().sum(2) - explained).clamp_min(0).sqrt()
