"""What a process has once: the global random streams, from which DEAP and dropout draw, and torch's modes.

A run has its own of them. They take the place of the caller's while it plays, and give it back at every `yield`; so
runs that take turns in one process are as they are alone, and the caller's stay as they were. Runs that play in several
threads at once would still share them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

State = dict[str, Any]


class Modes(NamedTuple):
    """torch's modes that options of a run decide."""

    deterministic: bool
    warn_only: bool
    threads: int
    tf32: tuple[bool, bool] | None
    """Of matrix products and of convolutions; only CUDA has it."""

    @classmethod
    def now(cls, device: torch.device) -> Modes:
        deterministic = torch.are_deterministic_algorithms_enabled()
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        kept = deterministic, warn_only, torch.get_num_threads()
        if device.type != "cuda":
            return cls(*kept, None)
        try:
            return cls(*kept, (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32))
        except RuntimeError:  # somebody has set `fp32_precision`, which torch does not mix with these: theirs holds
            return cls(*kept, None)

    def set(self, device: torch.device) -> None:
        """Set those that differ."""
        now = self.now(device)
        if self[:2] != now[:2]:
            torch.use_deterministic_algorithms(self.deterministic, warn_only=self.warn_only)
        if self.threads != now.threads:
            torch.set_num_threads(self.threads)
        if self.tf32 and now.tf32 and self.tf32 != now.tf32:
            torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = self.tf32


class Globals(NamedTuple):
    """The positions of the global random streams, and the modes."""

    python: tuple[Any, ...]
    numpy: np.random.BitGenerator
    normal: tuple[int, float]
    """Whether NumPy has drawn a normal number that it has not given yet, and that number."""
    torch: Tensor
    device: Tensor | None
    """Of the stream of the run's device, unless that is the CPU."""
    modes: Modes


class GlobalState:
    """A run's own global state, on one device.

    Args:
        seed: where the streams start.
        device: the run's device.
        deterministic: whether torch may use deterministic algorithms only.
        tf32: whether CUDA may compute in TF32, which keeps fp32's range and a tenth of its digits.
        threads: of a network's computations on the CPU; by default torch's own number.
    """

    def __init__(
        self,
        seed: int,
        device: torch.device,
        deterministic: bool = False,
        tf32: bool = True,
        threads: int | None = None,
    ):
        self.seed, self.device, self.deterministic, self.tf32, self.threads = seed, device, deterministic, tf32, threads
        self._held: Globals | None = None  # the run's while it rests, the caller's while it plays
        self._playing = False

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Within the block the global state is the run's, after it the caller's again."""
        if self._playing:
            yield
            return
        self._held = self._held or self._seeded(self.seed)
        with self._swapped():
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Within the block, which a run that plays may give to others, the global state is the caller's."""
        if not self._playing:
            yield
            return
        with self._swapped():
            yield

    def reseed(self, seed: int) -> None:
        """Start the streams anew."""
        self._set(self._seeded(seed))

    def state(self) -> State:
        """The positions of the streams, as tensors and JSON values."""
        now = self._read() if self._held is None or self._playing else self._held
        version, words, gauss = now.python
        numpy = now.numpy.state["state"]
        state = {
            "python": [version, torch.tensor(words, dtype=torch.int64), gauss],
            "numpy": [torch.from_numpy(numpy["key"].astype(np.int64)), int(numpy["pos"]), *now.normal],
            "torch": now.torch,
        }
        return state if now.device is None else {**state, self.device.type: now.device}

    def restore(self, state: State) -> None:
        """Take the streams back to a state made by `state()`; one of another device starts anew."""
        version, words, gauss = state["python"]
        keys, at, *normal = state["numpy"]
        numpy = np.random.MT19937()
        numpy.state = {"bit_generator": "MT19937", "state": {"key": keys.numpy().astype(np.uint32), "pos": at}}
        new = self._seeded(self.seed)._replace(
            python=(version, tuple(words.tolist()), gauss),
            numpy=numpy,
            normal=(normal[0], normal[1]),
            torch=state["torch"].cpu(),
        )
        on_device = state.get(self.device.type)
        self._set(new if on_device is None else new._replace(device=on_device.cpu()))

    def _seeded(self, seed: int) -> Globals:
        device = None if self.device.type == "cpu" else torch.Generator(self.device).manual_seed(seed).get_state()
        modes = Modes.now(self.device)
        if self.deterministic:
            modes = modes._replace(deterministic=True, warn_only=False)
        if self.threads:
            modes = modes._replace(threads=self.threads)
        if modes.tf32:
            modes = modes._replace(tf32=(self.tf32, self.tf32))
        on_cpu = torch.Generator().manual_seed(seed).get_state()
        return Globals(random.Random(seed).getstate(), np.random.MT19937(seed), (0, 0.0), on_cpu, device, modes)

    @contextmanager
    def _swapped(self) -> Iterator[None]:
        """Within the block the state that is held and that of the process have changed places."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        assert self._held is not None
        now = self._read(whole=not self._playing)
        self._install(self._held)
        self._held, self._playing = now, not self._playing

    def _set(self, new: Globals) -> None:
        if self._held is None or self._playing:
            self._install(new)
        else:
            self._held = new

    def _read(self, whole: bool = True) -> Globals:
        """The process's; not the whole of it without NumPy's normal number, which takes as long as all the rest. A run
        loses that at each of its yields."""
        numpy = np.random.get_state(legacy=False) if whole else {"has_gauss": 0, "gauss": 0.0}  # noqa: NPY002
        device = None if self.device.type == "cpu" else device_stream(self.device).get_rng_state()
        normal = int(numpy["has_gauss"]), float(numpy["gauss"])
        generator = np.random.get_bit_generator()  # type: ignore[attr-defined] # which is public
        return Globals(random.getstate(), generator, normal, torch.get_rng_state(), device, Modes.now(self.device))

    def _install(self, new: Globals) -> None:
        random.setstate(new.python)
        np.random.set_bit_generator(new.numpy)  # type: ignore[attr-defined]
        if new.normal[0]:
            np.random.set_state({**new.numpy.state, "has_gauss": new.normal[0], "gauss": new.normal[1]})  # noqa: NPY002
        torch.set_rng_state(new.torch)
        if new.device is not None:
            device_stream(self.device).set_rng_state(new.device)
        new.modes.set(self.device)


def device_stream(device: torch.device) -> Any:
    """The module of torch that has `get_rng_state` and `set_rng_state` for a device: `torch.cuda` or `torch.mps`."""
    return getattr(torch, device.type)
