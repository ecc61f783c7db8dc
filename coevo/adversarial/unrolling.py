"""A critic as it will be after k steps of its own learning, each of them differentiable (Metz 2017, Unrolled GAN)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Adam

from coevo.studio import processes

Network = Callable[..., Tensor]


def unrolled(module: nn.Module, optimiser: Adam, loss: Callable[[Network], Tensor], steps: int) -> Network:
    """The module after some steps of its Adam; the module itself stays as it is.

    Gradients flow through every step (eq. 7 to 9), so the artist learns against the critic that would answer it, not
    against the one that it already fools.

    Args:
        module: the critic's network.
        optimiser: its Adam, whose moments and learning rate are used.
        loss: a function of a network, the scalar that the steps descend.
        steps: their number.
    """
    weights = {name: p.detach().clone().requires_grad_() for name, p in module.named_parameters()}
    buffers = {name: b.clone() for name, b in module.named_buffers()}
    (group,) = optimiser.param_groups
    (beta1, beta2), rate, eps = group["betas"], group["lr"], group["eps"]
    states = [optimiser.state.get(p, {}) for p in module.parameters()]
    first = [state.get("exp_avg", torch.zeros(())) for state in states]
    second = [state.get("exp_avg_sq", torch.zeros(())) for state in states]
    count = states[0].get("step", torch.zeros(()))

    def network(*inputs: Tensor | None) -> Tensor:
        scores: Tensor = functional_call(module, {**weights, **buffers}, inputs)
        return scores

    for _ in range(steps):
        own = torch.autograd.grad(loss(network), list(weights.values()), create_graph=True)
        gradients = [processes.mean(gradient) for gradient in own]
        count = count + 1
        first = [beta1 * m + (1 - beta1) * g for m, g in zip(first, gradients, strict=True)]
        second = [beta2 * v + (1 - beta2) * g.square() for v, g in zip(second, gradients, strict=True)]
        m_scale, v_scale = 1 / (1 - beta1**count), 1 / (1 - beta2**count)
        # eps² under the root where Adam has eps beside it: at zero, a root has no derivative
        moved = [
            w - rate * m * m_scale / (v * v_scale + eps**2).sqrt()
            for w, m, v in zip(weights.values(), first, second, strict=True)
        ]
        weights = dict(zip(weights, moved, strict=True))
    return network
