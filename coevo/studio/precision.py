"""Whether a network is computed sooner in bf16: measured once on a machine, and then always the same.

The choice is for a whole network, not for its layers: between two layers of bf16 nothing is cast, so a layer alone says
little of the network; and a run's record stays one word a network.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from coevo.studio import processes
from coevo.studio.devices import autocast, capabilities

Measure = Callable[[], bool]
Keep = Callable[[str, Measure], bool | None]

REPEATS = 7  # steps in each precision, in turns, at least; the fastest of each counts, which other jobs disturb least
MOST, PATIENCE = 40, 0.5  # steps of networks that are fast, whose times are noisy; and seconds that they may take
CLEARLY = 1.1  # times faster: what is as fast either way stays in fp32


class PrecisionChoices:
    """The networks that a run computes in bf16. A choice stays for the whole run, resumed or not.

    Args:
        keep: gives the choice that this machine has kept for a key, or else measures it and keeps it; None if it cannot
            be kept: what other processes measured could not be known then, so such a network stays in fp32.
    """

    def __init__(self, keep: Keep = lambda key, measure: measure()):
        self.keep = keep
        self.made: dict[str, bool] = {}
        """Whether each network is computed in bf16, by a digest of its layers; part of the run's state."""

    def in_bf16(self, network: str, inputs: tuple[Any, ...], measure: Measure) -> bool:
        """The choice for a network.

        Args:
            network: all its layers in words, as torch prints them.
            inputs: of its first step.
            measure: whether it is faster in bf16, asked only if nobody knows.
        """
        name = digest(network)
        if name not in self.made and processes.count() > 1:
            self.made[name] = False  # each of them would measure something else, and they need the same networks
        if name not in self.made:
            shapes = [tuple(each.shape) for each in tensors(inputs)]
            self.made[name] = bool(self.keep(digest(f"{machine()} {shapes} {network}"), measure))
        return self.made[name]


def faster_in_bf16(module: nn.Module, device: str, inputs: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Measure whether a training step of a network is clearly faster in bf16; nothing of the network or of the random
    streams changes.

    Args:
        module: the network.
        device: the kind of device that it is on.
        inputs, named: of its forward pass.
    """
    copy = deepcopy(module)
    for part in copy.modules():
        vars(part).pop("forward", None)  # the original's
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        given = apart(inputs)
        full = partial(copy.forward, **apart(named))
        half = autocast(full, device)
        seconds(full, given), seconds(half, given)  # the first prepare
        times: list[tuple[float, float]] = []
        while len(times) < REPEATS or (len(times) < MOST and sum(map(sum, times)) < PATIENCE):
            times.append((seconds(full, given), seconds(half, given)))
    return min(a for a, _ in times) > CLEARLY * min(b for _, b in times)


def seconds(forward: Callable[..., Any], inputs: list[Any]) -> float:
    """How long a step takes, forth and back."""
    begun = time.perf_counter()
    torch.stack([result.float().sum() for result in tensors([forward(*inputs)])]).sum().backward()
    return time.perf_counter() - begun


def apart(value: Any) -> Any:
    """A value with copies of its tensors, which want gradients of their own."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.is_floating_point())
    if isinstance(value, dict):
        return {key: apart(each) for key, each in value.items()}
    return type(value)(map(apart, value)) if type(value) in (tuple, list) else value


def tensors(values: Any) -> Iterator[Tensor]:
    """The tensors among values, and within tuples and lists of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from tensors(value)


def machine() -> str:
    """What a time depends on beside the network: the processor, torch, its threads."""
    return f"{capabilities()} {platform.machine()} torch {torch.__version__} {torch.get_num_threads()} threads"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
