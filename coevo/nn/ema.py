"""An exponential moving average of a network's weights: steadier than the network itself, so it is what is exhibited.

torch's AveragedModel reads its step count from the device at every update; this one never waits for the device.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)

DIRECTIONS = "._u", "._v"  # singular vectors of spectral normalisation: an average of unit vectors is shorter


class EMA(Generic[M]):
    """A copy of a module whose parameters and float buffers slowly follow the original's.

    Args:
        module: the original.
        decay: the share of the average that an update keeps; update t keeps (1 + t) / (10 + t) at most, so that the
            average forgets the random start, and reaches back over a ninth of the updates.
        start: updates that only copy, before the average begins; t counts from there.
    """

    def __init__(self, module: M, decay: float, start: int = 0):
        self._source = [*module.parameters(), *module.buffers()]
        directions = {id(tensor) for name, tensor in module.named_buffers() if name.endswith(DIRECTIONS)}
        self._copied = [not tensor.is_floating_point() or id(tensor) in directions for tensor in self._source]
        self.decay, self.start, self.updates = decay, start, 0
        forward = module.__dict__.pop("forward", None)  # bound to the original: not to be copied
        self.average: M = deepcopy(module).eval().requires_grad_(False)
        if forward is not None:
            module.forward = forward

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        t = self.updates - self.start
        decay = min(self.decay, (1 + t) / (10 + t)) if t > 0 else 0.0
        for target, source, copied in zip(self._targets(), self._source, self._copied, strict=True):
            if copied:
                target.copy_(source)
            else:
                target.lerp_(source, 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates, "average": self.average.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.updates = state["updates"]
        self.average.load_state_dict(state["average"])

    def _targets(self) -> list[Tensor]:
        return [*self.average.parameters(), *self.average.buffers()]
