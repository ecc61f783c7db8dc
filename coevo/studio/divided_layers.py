"""Layers that look at a whole batch, as they work when several processes have its rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from coevo.studio import processes


def divide_layers(module: nn.Module, synchronised: bool) -> None:
    """Let a network's dropout draw for the whole batch, and its batch normalisation too, if it is synchronised.

    The layers stay what they are, with their parameters and their names.
    """
    for layer in module.modules():
        if type(layer) is nn.Dropout and layer.p:
            layer.__class__ = DividedDropout
        elif synchronised and type(layer) in NORMS:
            layer.__class__ = NORMS[type(layer)]


class DividedDropout(nn.Dropout):
    """Dropout whose mask is drawn for the whole batch."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or processes.size() == 1:
            return super().forward(input)
        kept = 1 - self.p
        mask = processes.rows(len(input), lambda n: input.new_empty(n, *input.shape[1:]).bernoulli_(kept))
        return input * mask / kept


class _SynchronisedNorm(_BatchNorm):
    """Batch normalisation by the statistics of the whole batch (Ioffe & Szegedy 2015, algorithm 1)."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or processes.size() == 1:
            return super().forward(input)
        dims = [0, *range(2, input.ndim)]
        shape = [1, -1] + [1] * (input.ndim - 2)
        x = input.float()
        mean = processes.mean(x.mean(dims))
        centred = x - mean.view(shape)
        variance = processes.mean(centred.square().mean(dims))
        if self.track_running_stats:
            self._follow(mean.detach(), variance.detach(), input.numel() // input.shape[1] * processes.size())
        normal = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Move the running statistics; that of the variance is the unbiased one, as torch has it."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * n / (n - 1), share)


class SynchronisedNorm1d(_SynchronisedNorm, nn.BatchNorm1d):
    """Of features [N, D]."""


class SynchronisedNorm2d(_SynchronisedNorm, nn.BatchNorm2d):
    """Of maps [N, C, H, W]."""


NORMS: dict[type[nn.Module], type[_SynchronisedNorm]] = {
    nn.BatchNorm1d: SynchronisedNorm1d,
    nn.BatchNorm2d: SynchronisedNorm2d,
}
