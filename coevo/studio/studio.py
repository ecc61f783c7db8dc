"""The studio of a player: device, precision, randomness, the shape of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from coevo.studio import processes
from coevo.studio.devices import Precision, autocast, convolves, fast_bf16, own_frame
from coevo.studio.divided_layers import divide_layers
from coevo.studio.global_state import GlobalState
from coevo.studio.precision import PrecisionChoices, faster_in_bf16
from coevo.studio.random_streams import RandomStreams, seed_of
from coevo.studio.workers import Workers

M = TypeVar("M", bound=nn.Module)


@dataclass
class Studio:
    """A run's working conditions. Its random streams are part of the run's state.

    Args:
        image: (channels, height, width) of every picture, made or real.
        classes: names of the labels.
        device, precision, compile: where and how networks are computed; `prepare` applies them.
        seed: everything random follows from it.
        folder: the run's folder, if there is one.
        batch: how many works the run wants at once, which is a population's natural size.
        deterministic: whether torch may use deterministic algorithms only.
        threads: that compute networks on the CPU and draw programs; a run keeps the number that it began with, which
            is torch's own by default.
        picks: a person, or who plays one, picks from every sheet; so works should differ.
        planes: names of the planes of what works are made from: ("grey",), ("red", "green", "blue"), or the regions of
            a label map, each a plane of zeros and ones; empty if nothing is given.
        examples: (n, seed) → n real works with what is given, held out if some are; None if nothing is given.
        evaluator: the network by which `coevo evaluate` looks at the real works, trained once on them and kept; it may
            take a minute. None without real works.
        sync_batch_norm: whether batch normalisation takes the statistics of the whole batch, if several processes have
            its rows.
        workers: other processes that draw and measure a population; None if there are none.

    Example:
        >>> studio = Studio(seed=1)
        >>> tuple(studio.noise(8, 16).shape)
        (8, 16)
    """

    image: tuple[int, int, int] = (1, 32, 32)
    classes: tuple[str, ...] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: Precision = "fp32"
    compile: bool = False
    seed: int = 0
    folder: Path | None = None
    batch: int = 64
    picks: bool = False
    deterministic: bool = False
    threads: int | None = None
    choices: PrecisionChoices = field(default_factory=PrecisionChoices)
    """With precision auto: which networks are computed in bf16."""
    ids: int = 0
    """The number of ids given to individuals so far."""
    planes: tuple[str, ...] = ()
    examples: Callable[[int, int], Any] | None = None
    evaluator: Callable[[], Any] | None = None
    sync_batch_norm: bool = True
    workers: Workers | None = None

    def __post_init__(self) -> None:
        self.streams = RandomStreams(self.seed, self.device)
        self._globals = GlobalState(
            seed_of(self.seed, "global"), self.device, self.deterministic, self.precision != "fp32", self.threads
        )

    @property
    def native_threads(self) -> int:
        """The number of threads in which machine code works: `threads`, or torch's own."""
        return self.threads or torch.get_num_threads()

    def generator(self, stream: str) -> torch.Generator:
        """The random stream of that name, on the device; made at first use from the run's seed."""
        return self.streams[stream]

    def noise(self, n: int, size: int, stream: str = "noise") -> Tensor:
        """Standard normal draws [n, size]: of several processes, this one's rows."""
        return processes.rows(n, lambda n: torch.randn(n, size, generator=self.streams[stream], device=self.device))

    def add_noise(self, x: Tensor, std: float, stream: str) -> Tensor:
        """x with Gaussian noise of that standard deviation on it; x itself if it is 0."""
        if not std:
            return x
        _, *rest = x.shape
        draw = partial(torch.randn, generator=self.streams[stream], device=x.device)
        return x + std * processes.rows(len(x), lambda n: draw(n, *rest))

    def uniform(self, shape: Sequence[int], stream: str) -> Tensor:
        """Uniform draws in [0, 1) of a shape [n, …]."""
        n, *rest = shape
        draw = partial(torch.rand, generator=self.streams[stream], device=self.device)
        return processes.rows(n, lambda n: draw(n, *rest))

    def new_ids(self, n: int) -> tuple[str, ...]:
        """Ids for n new individuals. A run gives none twice, also after an undo, so that lineages stay true."""
        self.ids += n
        return tuple(str(number) for number in range(self.ids - n + 1, self.ids + 1))

    def prepare(self, module: M) -> M:
        """Put a module to work: device, memory format, autocast and compilation, nowhere else."""
        module.to(device=self.device)
        if processes.count() > 1:
            divide_layers(module, self.sync_batch_norm)
        if convolves(module):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        kind, full = self.device.type, module.forward
        half = autocast(full, kind)
        if self.compile:
            full, half = torch.compile(own_frame(full)), torch.compile(own_frame(half))
        may = self.precision == "auto" and not self.deterministic and fast_bf16(self.device)
        if may and kind == "cpu":
            module.forward = self._measured_forward(module, full, half)
        elif may or self.precision == "bf16":
            module.forward = half
        elif self.compile:
            module.forward = full
        return module

    def _measured_forward(self, module: nn.Module, full: Any, half: Any) -> Any:
        """A forward pass that is computed in the precision that is chosen for the network at its first step."""
        network = f"{module} {[tuple(each.shape) for each in module.parameters()]}"

        def run(*inputs: Any, **named: Any) -> Any:
            measure = partial(faster_in_bf16, module, self.device.type, inputs, named)
            in_half = self.choices.in_bf16(network, inputs, measure)
            return (half if in_half else full)(*inputs, **named)

        return run

    def playing(self) -> AbstractContextManager[None]:
        """Within the block the process's global random streams and torch's modes are those of the run."""
        return self._globals.playing()

    def paused(self) -> AbstractContextManager[None]:
        """Within the block they are the caller's again: for code of others, such as a user interface."""
        return self._globals.paused()

    def reseed(self, *salt: int | str) -> None:
        """Start every random stream anew, the global ones (DEAP and dropout use them) with them."""
        self._globals.reseed(seed_of(self.seed, "global", *salt))
        self.streams.reseed(*salt)

    def state(self) -> dict[str, Any]:
        """The position of every random stream, global ones included, how many ids were given, and which networks are
        computed in bf16 if that was measured."""
        chosen = {"bf16": dict(self.choices.made)} if self.choices.made else {}
        return {**self.streams.state(), **self._globals.state(), "ids": self.ids, **chosen}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the random streams and the ids back to a state made by `state()`."""
        self._globals.restore(state)
        self.streams.restore(state)
        self.ids = state["ids"]
        self.choices.made |= state.get("bf16", {})
