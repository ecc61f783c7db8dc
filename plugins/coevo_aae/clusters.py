"""Clusters of codes: a mixture of Gaussians that follows them, and each code as its place within its cluster."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.linalg import solve_triangular

RECENT = 20_000  # codes that the mixture is fitted to
EVERY = 500  # steps from one fit to the next,
ITERATIONS = 5  # which goes on from the last by so many of expectation-maximisation
STARTS = 5  # of the first fit; the likeliest is taken


class Clusters:
    """z = μ_y + L_y·s with s from N(0, I), y one of `count` clusters: a code z is split into s and the chances of y,
    and joined again.

    What may lie in several clusters has its s by the mean of their μ and L, weighted by their chances, so nothing of z
    is lost. Shares, μ and L are found by expectation-maximisation on the latest codes (Dempster 1977), first after
    `after` steps, with chance from the seed; until then all clusters are N(0, I), so that s is z and every cluster as
    likely as the others.
    """

    def __init__(self, size: int, count: int, after: int, device: torch.device, seed: int = 0):
        self.after, self.seed, self.steps = after, seed, 0
        self.shares = torch.full((count,), 1 / count, device=device)
        self.means = torch.zeros(count, size, device=device)
        self.roots = torch.eye(size, device=device).repeat(count, 1, 1)  # L: LLᵀ is the covariance
        self.recent = torch.zeros(RECENT, size, device=device)

    def split(self, z: Tensor) -> Tensor:
        """Codes [N, size] → s and the chances of the clusters, side by side [N, size + count]."""
        z = z.float()
        chances = self._log_joint(z).softmax(1)
        mean, root = self._of(chances)
        return torch.cat([solve_triangular(root, (z - mean)[..., None], upper=False)[..., 0], chances], 1)

    def join(self, codes: Tensor) -> Tensor:
        """The z [N, size] of codes [N, size + count], whose chances may also be one-hot."""
        s, chances = codes.split([self.means.shape[1], len(self.means)], 1)
        mean, root = self._of(chances)
        return mean + torch.einsum("nij,nj->ni", root, s)

    @torch.no_grad()
    def follow(self, z: Tensor) -> None:
        """A step: keep these codes [N, size], and fit the mixture where it is time."""
        z = z[:RECENT]
        places = torch.arange(len(z), device=z.device) + self.steps * len(z)
        self.recent[places % RECENT] = z
        self.steps += 1
        late = self.steps - self.after
        if late >= 0 and late % EVERY == 0 and self.recent.isfinite().all():  # if not, the run itself will say so
            self._fit(self.recent[: self.steps * len(z)], first=late == 0)

    def state_dict(self) -> dict[str, Any]:
        return vars(self).copy()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value.to(self.means.device) if isinstance(value, Tensor) else value)

    def _of(self, chances: Tensor) -> tuple[Tensor, Tensor]:
        """μ [N, size] and L [N, size, size] by chances [N, count]."""
        return chances @ self.means, torch.einsum("nk,kij->nij", chances, self.roots)

    def _log_joint(self, z: Tensor) -> Tensor:
        """log p(z, y) [N, count], short of what all have."""
        away = (z[:, None] - self.means).permute(1, 2, 0)  # [count, size, N]
        within = solve_triangular(self.roots, away, upper=False).square().sum(1).T
        return self.shares.log() - self.roots.diagonal(dim1=1, dim2=2).log().sum(1) - within / 2

    def _fit(self, z: Tensor, first: bool) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        how: dict[str, Any] = {"n_init": STARTS}
        if not first:
            shares, means, roots = (part.double().cpu() for part in (self.shares, self.means, self.roots))
            before = {"weights": shares / shares.sum(), "means": means, "precisions": torch.cholesky_inverse(roots)}
            how = {"max_iter": ITERATIONS} | {f"{name}_init": part.numpy() for name, part in before.items()}
        mixture = GaussianMixture(len(self.means), random_state=self.seed, reg_covar=1e-4, **how)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it goes on next time
            mixture.fit(z.double().cpu().numpy())
        found = mixture.weights_, mixture.means_, np.linalg.cholesky(mixture.covariances_)
        self.shares, self.means, self.roots = (torch.from_numpy(part).to(self.means) for part in found)
