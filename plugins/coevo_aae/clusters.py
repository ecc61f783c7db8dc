"""Clusters of latents: a mixture of Gaussians that follows them, and each latent as its place within its cluster."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.linalg import solve_triangular

from coevo.extras import needed

RECENT = 20_000  # latents that the mixture is fitted to
EVERY = 500  # steps from one fit to the next
ITERATIONS = 5  # of expectation-maximisation, by which a fit goes on from the last one
STARTS = 5  # of the first fit; the likeliest is kept


class Clusters:
    """z = μ_y + L_y·s, s ~ N(0, I), with y one of `count` clusters: splits z into s and p(y|z), and joins them again.

    A z that may lie in several clusters has its s by the mean of their μ and L, weighted by p(y|z), so that nothing of
    z is lost. The weights, μ and L of the mixture are fitted to the latest z by expectation-maximisation (Dempster
    1977), first after `after` steps; until then all clusters are N(0, I), so that s is z and all y equally likely.
    """

    def __init__(self, size: int, count: int, after: int, device: torch.device, seed: int = 0):
        self.after, self.seed, self.steps = after, seed, 0
        self.shares = torch.full((count,), 1 / count, device=device)
        self.means = torch.zeros(count, size, device=device)
        self.roots = torch.eye(size, device=device).repeat(count, 1, 1)  # L: LLᵀ is the covariance
        self.recent = torch.zeros(RECENT, size, device=device)

    def split(self, z: Tensor) -> Tensor:
        """z [N, size] → s and p(y|z), side by side [N, size + count]."""
        z = z.float()
        probabilities = self._log_joint(z).softmax(1)
        mean, root = self._mixed(probabilities)
        return torch.cat([solve_triangular(root, (z - mean)[..., None], upper=False)[..., 0], probabilities], 1)

    def join(self, codes: Tensor) -> Tensor:
        """The z [N, size] of codes [N, size + count], whose p(y|z) may also be one-hot."""
        s, probabilities = codes.split([self.means.shape[1], len(self.means)], 1)
        mean, root = self._mixed(probabilities)
        return mean + torch.einsum("nij,nj->ni", root, s)

    @torch.no_grad()
    def follow(self, z: Tensor) -> None:
        """Remember the z [N, size] of a step, and fit the mixture if it is due."""
        z = z[:RECENT]
        slots = torch.arange(len(z), device=z.device) + self.steps * len(z)
        self.recent[slots % RECENT] = z
        self.steps += 1
        since = self.steps - self.after
        if since >= 0 and since % EVERY == 0 and self.recent.isfinite().all():  # if not, the run itself will stop
            self._fit(self.recent[: self.steps * len(z)], first=since == 0)

    def state_dict(self) -> dict[str, Any]:
        return vars(self).copy()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value.to(self.means.device) if isinstance(value, Tensor) else value)

    def _mixed(self, probabilities: Tensor) -> tuple[Tensor, Tensor]:
        """The mean of μ [N, size] and of L [N, size, size] by the probabilities [N, count] of clusters."""
        return probabilities @ self.means, torch.einsum("nk,kij->nij", probabilities, self.roots)

    def _log_joint(self, z: Tensor) -> Tensor:
        """log p(z, y) [N, count], up to a constant."""
        offsets = (z[:, None] - self.means).permute(1, 2, 0)  # [count, size, N]
        distances = solve_triangular(self.roots, offsets, upper=False).square().sum(1).T
        return self.shares.log() - self.roots.diagonal(dim1=1, dim2=2).log().sum(1) - distances / 2

    def _fit(self, z: Tensor, first: bool) -> None:
        needed("sklearn", "classifiers", "A prior of clusters")
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        start: dict[str, Any] = {"n_init": STARTS}
        if not first:
            shares, means, roots = (part.cpu().double() for part in (self.shares, self.means, self.roots))
            last = {"weights": shares / shares.sum(), "means": means, "precisions": torch.cholesky_inverse(roots)}
            start = {"max_iter": ITERATIONS} | {f"{name}_init": part.numpy() for name, part in last.items()}
        mixture = GaussianMixture(len(self.means), random_state=self.seed % 2**32, reg_covar=1e-4, **start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the next fit goes on
            mixture.fit(z.cpu().double().numpy())
        fitted = mixture.weights_, mixture.means_, np.linalg.cholesky(mixture.covariances_)
        self.shares, self.means, self.roots = (torch.from_numpy(part).float().to(self.means) for part in fitted)
