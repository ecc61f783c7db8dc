"""Standing statistics: batch normalisation with the statistics of the network that is exhibited."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

M = TypeVar("M", bound=nn.Module)


@torch.no_grad()
def with_standing_statistics(module: M, batches: Iterable[Tensor]) -> M:
    """A copy of a network in evaluation mode, whose batch normalisation has the mean statistics of these batches.

    Running averages were gathered while the weights changed, and on the way of an average of weights not at all.

    Reference:
        Brock et al. 2019, Large scale GAN training, §3.1 (standing statistics).
    """
    copy = deepcopy(module).eval()
    norms = [part for part in copy.modules() if isinstance(part, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches, each as heavy
        norm.train()
    for batch in batches:
        copy(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return copy.eval()
