"""Distances between two sets of works, by features [N, D] of each: moments, kernels, neighbours, likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

BLOCK = 2**20  # values held at once: the memory of a comparison does not grow with the number of works


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½): the distance of two Gaussians with the moments of two sets.

    It is biased: it falls as the number of works grows, so compare only figures of equally many. In Inception's
    features it is the FID.

    Args:
        x, y: features [N, D] and [M, D].

    Reference:
        Heusel et al. (2017), GANs trained by a two time-scale update rule.

    Example:
        >>> import torch
        >>> x = torch.tensor([[0.0], [2.0]])
        >>> frechet_distance(x, x + 3)
        9.0
    """
    (mean, cov), (mean2, cov2) = _moments(x), _moments(y)
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T  # tr (Σ₁Σ₂)^½ = tr (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric
    shared = np.sqrt(np.linalg.eigvalsh(root @ cov2 @ root).clip(0)).sum()
    return max(0.0, float(((mean - mean2) ** 2).sum() + np.trace(cov) + np.trace(cov2) - 2 * shared))


def kernel_distance(x: Tensor, y: Tensor) -> float:
    """The squared maximum mean discrepancy under k(x, y) = (x·y / D + 1)³, unbiased.

    Args:
        x, y: features [N, D] and [M, D].

    Reference:
        Bińkowski et al. (2018), Demystifying MMD GANs (KID).
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return torch.stack(
            [(some @ b.T / a.shape[1] + 1).pow(3).sum(dtype=torch.float64) for some in in_rows(a, b)]
        ).sum()

    def own(a: Tensor) -> Tensor:
        itself = (a.square().sum(1) / a.shape[1] + 1).pow(3).double().sum()
        return (kernel(a, a) - itself) / (len(a) * (len(a) - 1))

    return (own(x) + own(y) - 2 * kernel(x, y) / (len(x) * len(y))).item()


def discrepancy(x: Tensor, y: Tensor) -> Tensor:
    """The squared maximum mean discrepancy under Σ_s C / (C + ‖x - y‖²), C = 2 D s; unbiased: it may be below 0.

    Args:
        x, y: codes [N, D] and [M, D].

    Returns:
        A scalar with gradients; its mean is 0 if both have the same distribution.

    Reference:
        Tolstikhin et al. (2018), Wasserstein auto-encoders, §4.
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squares = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()
        bases = [2.0 * a.shape[1] * scale for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
        return torch.stack([base / (base + squares) for base in bases]).sum(0)

    def own(a: Tensor) -> Tensor:
        k = kernel(a, a)
        return (k.sum() - k.diagonal().sum()) / (len(a) * (len(a) - 1))

    return own(x) + own(y) - 2 * kernel(x, y).mean()


@dataclass(frozen=True)
class Overlap:
    """The overlap of two sets, by balls around works that reach to the k-th nearest neighbour; 1 is best."""

    precision: float
    """Share of made works within a real work's ball (Kynkäänniemi 2019)."""
    recall: float
    """Share of real works within a made work's ball."""
    density: float
    """The number of real balls that a made work lies in, over k (Naeem 2020)."""
    coverage: float
    """Share of real balls with a made work in them."""


def overlap(made: Tensor, real: Tensor, k: int = 5) -> Overlap:
    """Precision, recall, density and coverage of features [N, D] beside [M, D].

    Raises:
        ValueError: a side has no more than k works.
    """
    if min(len(made), len(real)) <= k:
        raise ValueError(f"{len(made)} works beside {len(real)} are too few for {k} neighbours")
    real_reach, made_reach = _reach(real, k), _reach(made, k)
    inside = torch.zeros(len(made))
    covered, recalled = torch.zeros(len(real), dtype=torch.bool), torch.zeros(len(real), dtype=torch.bool)
    begin = 0
    for some in in_rows(made, real):
        part = slice(begin, begin := begin + len(some))
        distances = torch.cdist(some, real)
        within = distances <= real_reach
        inside[part] = within.sum(1).float()
        covered |= within.any(0)
        recalled |= (distances <= made_reach[part, None]).any(0)
    return Overlap(
        precision=(inside > 0).float().mean().item(),
        recall=recalled.float().mean().item(),
        density=inside.mean().item() / k,
        coverage=covered.float().mean().item(),
    )


def parzen(points: Tensor, validation: Tensor, test: Tensor) -> tuple[float, float, float]:
    """Log-likelihood of test works under Gaussians of standard deviation σ around points, in nats.

    σ is the one of 20 from 0.05 to 1 that gives the validation works the highest likelihood. The measure is known to be
    weak: centres of clusters beat every generator.

    Args:
        points, validation, test: [N, D] each.

    Returns:
        The mean over the test works, its standard error, and σ.

    Reference:
        Breuleux et al. (2011), as used in Goodfellow et al. (2014).
    """
    sigmas = torch.logspace(-1.3, 0, 20).tolist()
    likelihoods = _log_densities(points, validation[:1000], sigmas).mean(1)
    sigma = sigmas[int(likelihoods.argmax())]
    (found,) = _log_densities(points, test, [sigma])
    return found.mean().item(), (found.std() / len(found) ** 0.5).item(), sigma


def _log_densities(points: Tensor, works: Tensor, sigmas: Sequence[float]) -> Tensor:
    """log 1/N Σ N(x; point, σ²) of each of the works for each σ: [S, M]. Distances are taken once for all."""
    parts = list[Tensor]()
    for some in in_rows(works, points):
        squares = torch.cdist(some, points).square()
        parts.append(torch.stack([(-squares / (2 * sigma**2)).logsumexp(1) for sigma in sigmas]))
    scales = [log(len(points)) + points.shape[1] / 2 * log(2 * pi * sigma**2) for sigma in sigmas]
    found = torch.cat(parts, 1)
    return found - found.new_tensor(scales)[:, None]


def pixel_error(x: Tensor, y: Tensor) -> Tensor:
    """Mean squared error of pictures in [-1, 1], for pixels in [0, 1]: a scalar with gradients."""
    return mse_loss(x, y) / 4


def nearest(works: Tensor, reals: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest of the real pictures [M, C, H, W] of each picture [N, C, H, W], both uint8 or in [-1, 1].

    Returns:
        Indices [N] and root mean square differences [N]; black to white is 1.
    """
    found, which = torch.full((len(works),), torch.inf), torch.zeros(len(works), dtype=torch.int64)
    pixels = works[0].numel()
    for first, known in zip(range(0, len(reals), rows := max(1, BLOCK // pixels)), reals.split(rows), strict=True):
        known = flat(known)
        begin = 0
        for some in in_rows(works, known):
            part = slice(begin, begin := begin + len(some))
            best = torch.cdist(flat(some), known).min(1)
            nearer = best.values < found[part]
            found[part] = torch.where(nearer, best.values, found[part])
            which[part] = torch.where(nearer, best.indices + first, which[part])
    differences = [  # anew: the fast distances of many pictures are not quite 0 between equal ones
        (flat(some) - flat(reals[them])).square().mean(1).sqrt()
        for some, them in zip(works.split(1000), which.split(1000), strict=True)
    ]
    return which, torch.cat(differences)


def flat(images: Tensor) -> Tensor:
    """[N, C, H, W], uint8 or in [-1, 1] → [N, C·H·W] in [0, 1]."""
    images = images.flatten(1)
    return images.float().div_(255) if images.dtype == torch.uint8 else images.add(1).div_(2)


def in_rows(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """x [N, …] in parts whose table of distances to y [M, …] has no more than BLOCK entries."""
    return x.split(max(1, BLOCK // len(y)))


def mean_distance(works: Tensor) -> float:
    """The mean root mean square difference between two of the first 1,000 works [N, D]."""
    some = works[:1000]
    return (torch.cdist(some, some).sum() / (len(some) * (len(some) - 1) * works.shape[1] ** 0.5)).item()


def kl_divergence(shares: Tensor, wanted: Tensor) -> float:
    """KL(shares ‖ wanted) of two histograms [K], in nats."""
    there = shares > 0
    return (shares[there] * (shares[there] / wanted[there].clamp_min(1e-12)).log()).sum().item()


def _moments(features: Tensor) -> tuple[np.ndarray, np.ndarray]:
    x = features.double().numpy()
    return x.mean(0), np.atleast_2d(np.cov(x, rowvar=False))


def _reach(works: Tensor, k: int) -> Tensor:
    """The distance of each work to its k-th nearest other one: [N]."""
    return torch.cat([torch.cdist(some, works).kthvalue(k + 1, dim=1).values for some in in_rows(works, works)])
