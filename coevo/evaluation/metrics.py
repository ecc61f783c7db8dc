"""How far two sets of works are apart, by features [N, D] of each: distances, precision and recall, neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

CHUNK = 2000


def frechet(ones: Tensor, others: Tensor) -> float:
    """‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½), the distance of two Gaussians with their moments (Heusel 2017).

    It falls with the number of works; compare only figures of as many. Of Inception's features it is the usual FID.
    """
    (mean, cov), (mean2, cov2) = _moments(ones), _moments(others)
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T  # tr (Σ₁Σ₂)^½ = tr (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric
    shared = np.sqrt(np.linalg.eigvalsh(root @ cov2 @ root).clip(0)).sum()
    return max(0.0, float(((mean - mean2) ** 2).sum() + np.trace(cov) + np.trace(cov2) - 2 * shared))


def kernel_distance(ones: Tensor, others: Tensor) -> float:
    """The squared maximum mean discrepancy under k(x, y) = (x·y / D + 1)³, unbiased (Bińkowski 2018, KID)."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return torch.stack([(some @ b.T / a.shape[1] + 1).pow(3).double().sum() for some in a.split(CHUNK)]).sum()

    def own(a: Tensor) -> Tensor:
        itself = (a.square().sum(1) / a.shape[1] + 1).pow(3).double().sum()
        return (kernel(a, a) - itself) / (len(a) * (len(a) - 1))

    return (own(ones) + own(others) - 2 * kernel(ones, others) / (len(ones) * len(others))).item()


def discrepancy(ones: Tensor, others: Tensor) -> Tensor:
    """The squared maximum mean discrepancy of codes [N, D] and [M, D] under Σ_s C / (C + ‖x - y‖²), C = 2 D s, unbiased
    (Tolstikhin 2018, §4); a scalar with gradients, of which 0 is no difference, whatever its sign."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squares = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()
        bases = [2.0 * a.shape[1] * scale for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
        return torch.stack([base / (base + squares) for base in bases]).sum(0)

    def own(a: Tensor) -> Tensor:
        k = kernel(a, a)
        return (k.sum() - k.diagonal().sum()) / (len(a) * (len(a) - 1))

    return own(ones) + own(others) - 2 * kernel(ones, others).mean()


@dataclass(frozen=True)
class Overlap:
    """How two sets lie in each other's neighbourhoods: balls around works, as far as their k-th nearest (1 is best)."""

    precision: float  # share of made works inside of a real one's ball (Kynkäänniemi 2019)
    recall: float  # share of real works inside of a made one's ball
    density: float  # how many real balls a made work lies in, of the k it should (Naeem 2020)
    coverage: float  # share of real balls with a made work in them


def overlap(made: Tensor, real: Tensor, k: int = 5) -> Overlap:
    """Precision, recall, density and coverage. Raises ValueError where a side has no more than k works."""
    if min(len(made), len(real)) <= k:
        raise ValueError(f"{len(made)} works beside {len(real)} are too few for {k} neighbours")
    real_reach, made_reach = _reach(real, k), _reach(made, k)
    inside = torch.zeros(len(made))
    covered, recalled = torch.zeros(len(real), dtype=torch.bool), torch.zeros(len(real), dtype=torch.bool)
    for begin in range(0, len(made), CHUNK):
        part = slice(begin, begin + CHUNK)
        distances = torch.cdist(made[part], real)
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
    """Log-likelihood of test works under Gaussians around points, [N, D] each: mean, its standard error, and σ.

    σ is the one of 20 from 0.05 to 1 that suits the validation works best (Breuleux 2011, as in Goodfellow 2014). The
    measure is known to be weak: centres of clusters beat every generator.
    """
    sigma = max(torch.logspace(-1.3, 0, 20).tolist(), key=lambda s: _log_density(points, validation[:1000], s).mean())
    found = _log_density(points, test, sigma)
    return found.mean().item(), (found.std() / len(found) ** 0.5).item(), sigma


def _log_density(points: Tensor, works: Tensor, sigma: float) -> Tensor:
    """log 1/N Σ N(x; point, σ²) of each of the works: [M]."""
    size = points.shape[1]
    scale = log(len(points)) + size / 2 * log(2 * pi * sigma**2)
    squares = [torch.cdist(some, points).square() for some in works.split(CHUNK)]
    return torch.cat([(-square / (2 * sigma**2)).logsumexp(1) for square in squares]) - scale


def pixel_error(ones: Tensor, others: Tensor) -> Tensor:
    """Mean square difference of pictures in [-1, 1], counted for pixels in [0, 1]: a scalar."""
    return mse_loss(ones, others) / 4


def nearest(works: Tensor, reals: Tensor) -> tuple[Tensor, Tensor]:
    """For each of the works [N, D] its nearest real one [M, D]: indices [N] and distances [N], root mean square."""
    found = [torch.cdist(some, reals).min(dim=1) for some in works.split(CHUNK)]
    scale = works.shape[1] ** 0.5
    return torch.cat([f.indices for f in found]), torch.cat([f.values for f in found]) / scale


def spread(works: Tensor) -> float:
    """The mean distance between two of the works [N, D], root mean square, of the first 1,000."""
    some = works[:1000]
    return (torch.cdist(some, some).sum() / (len(some) * (len(some) - 1) * works.shape[1] ** 0.5)).item()


def divergence(shares: Tensor, wanted: Tensor) -> float:
    """KL(shares ‖ wanted) of two histograms [K], in nats."""
    there = shares > 0
    return (shares[there] * (shares[there] / wanted[there].clamp_min(1e-12)).log()).sum().item()


def _moments(features: Tensor) -> tuple[np.ndarray, np.ndarray]:
    x = features.double().numpy()
    return x.mean(0), np.atleast_2d(np.cov(x, rowvar=False))


def _reach(works: Tensor, k: int) -> Tensor:
    """The distance of each work to its k-th nearest other one: [N]."""
    return torch.cat([torch.cdist(some, works).kthvalue(k + 1, dim=1).values for some in works.split(CHUNK)])
