"""Layers that look at a whole batch, as they work when several processes have its rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
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
        draw = partial(torch.empty, dtype=input.dtype, device=input.device, memory_format=order_of(input))
        mask = processes.rows(len(input), lambda n: draw((n, *input.shape[1:])).bernoulli_(kept))  # as numbers lie
        return input * mask / kept


def order_of(x: Tensor) -> torch.memory_format:
    """How the numbers of maps [N, C, H, W], or of anything else, lie in memory."""
    last = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format


class _SynchronisedNorm(_BatchNorm):
    """Batch normalisation by the statistics of the whole batch (Ioffe & Szegedy 2015, algorithm 1)."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or processes.size() == 1:
            return super().forward(input)
        y, mean, variance = _Normalised.apply(input, self.weight, self.bias, self.eps)
        if self.track_running_stats:
            self._follow(mean, variance, input.numel() // input.shape[1] * processes.size())
        return y

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Move the running statistics; that of the variance is the unbiased one, as torch has it."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * n / (n - 1), share)


class _Normalised(torch.autograd.Function):
    """x → y = w · (x - μ) / √(σ² + ε) + b by the whole batch's μ and σ², by torch's own kernels; also μ and σ²."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        own_variance, own_mean = torch.var_mean(x.float(), per_channel(x), correction=0)
        means, variances = processes.everyone(torch.stack([own_mean, own_variance])[None]).unbind(1)
        mean = means.mean(0)
        variance = (variances + (means - mean).square()).mean(0)
        ctx.save_for_backward(x, weight, bias, mean, variance)
        ctx.eps = eps
        ctx.mark_non_differentiable(mean, variance)
        return batch_norm(x, mean, variance, weight, bias, False, 0.0, eps), mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradients[0]
        x, weight, bias, mean, variance = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody will differentiate this again
            given = [tensor for tensor in (x, weight, bias) if tensor is not None]
            y = normalised(x, weight, bias, ctx.eps)
            found = iter(torch.autograd.grad(y, given, gradient, create_graph=True, allow_unused=True))
            return (*(None if tensor is None else next(found) for tensor in (x, weight, bias)), None)
        scale = (variance + ctx.eps).rsqrt()
        ones = torch.ones_like(mean) if weight is None else weight
        dx, d_weight, d_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, x, ones, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )  # as if μ and σ² were numbers; d_bias is Σ g, and d_weight Σ g · (x - μ) / √(σ² + ε)
        n = x.numel() // x.shape[1]
        mean_gradient, mean_product = processes.mean(torch.stack([d_bias, d_weight]).float()) / n
        shape = [1, -1] + [1] * (x.ndim - 2)
        slope = -ones * scale.square() * mean_product
        rest = -ones * scale * mean_gradient - slope * mean
        dx = dx + (x * slope.to(x.dtype).view(shape) + rest.to(x.dtype).view(shape))
        return dx, None if weight is None else d_weight, None if bias is None else d_bias, None


def per_channel(x: Tensor) -> list[int]:
    """The dimensions over which a channel of [N, C, …] has its statistics."""
    return [0, *range(2, x.ndim)]


def normalised(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """The same y in operations that can be differentiated any number of times."""
    shape = [1, -1] + [1] * (x.ndim - 2)
    centred = x - processes.mean(x.mean(per_channel(x))).view(shape)
    variance = processes.mean(centred.square().mean(per_channel(x)))
    y = centred * (variance + eps).rsqrt().view(shape)
    return y if weight is None or bias is None else y * weight.view(shape) + bias.view(shape)


class SynchronisedNorm1d(_SynchronisedNorm, nn.BatchNorm1d):
    """Of features [N, D]."""


class SynchronisedNorm2d(_SynchronisedNorm, nn.BatchNorm2d):
    """Of maps [N, C, H, W]."""


NORMS: dict[type[nn.Module], type[_SynchronisedNorm]] = {
    nn.BatchNorm1d: SynchronisedNorm1d,
    nn.BatchNorm2d: SynchronisedNorm2d,
}
