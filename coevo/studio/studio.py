"""What a player is given to work with: device, precision, randomness, the shape of a picture."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from coevo.errors import ConfigError

M = TypeVar("M", bound=nn.Module)
Precision = Literal["auto", "fp32", "bf16"]

SMALL = 100_000  # weights of the largest layer: below, casting costs a processor more than computing in bf16 saves


def find_device(name: str) -> torch.device:
    """The device called auto, cpu, cuda or mps. Raises ConfigError where it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[name]:
        found = ", ".join(device for device, is_there in there.items() if is_there)
        raise ConfigError(f"Device {name!r} is not there; this machine has: {found}.")
    return torch.device(name)


def fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is computed in hardware; emulated it costs twice what fp32 does."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return False


@dataclass
class Studio:
    """A run's working conditions. Its random streams are part of the run's state.

    image: (channels, height, width) of every picture, made or real; classes: names of the labels; batch: how
    many works the run wants at once, which is a population's natural size.
    """

    image: tuple[int, int, int] = (1, 32, 32)
    classes: tuple[str, ...] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: Precision = "fp32"
    compile: bool = False
    seed: int = 0
    folder: Path | None = None
    batch: int = 64
    born: int = 0
    _generators: dict[str, torch.Generator] = field(default_factory=dict)

    def generator(self, stream: str) -> torch.Generator:
        """The random stream of that name, on the device; made at first use from the run's seed."""
        if stream not in self._generators:
            self._generators[stream] = torch.Generator(self.device).manual_seed(self._seed_of(stream))
        return self._generators[stream]

    def noise(self, n: int, size: int, stream: str = "noise") -> Tensor:
        """Standard normal draws [n, size]."""
        return torch.randn(n, size, generator=self.generator(stream), device=self.device)

    def births(self, n: int) -> tuple[str, ...]:
        """Names for n new individuals. A run gives none twice, also after an undo, so that lineages stay true."""
        self.born += n
        return tuple(str(number) for number in range(self.born - n + 1, self.born + 1))

    def prepare(self, module: M) -> M:
        """Put a module to work: device, memory format, autocast and compilation, nowhere else."""
        module.to(device=self.device)
        if _convolves(module):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.precision == "bf16" or (self.precision == "auto" and self._gains(module)):
            module.forward = _autocast(module.forward, self.device.type)
        if self.compile:
            module.forward = torch.compile(_frame(module.forward))
        return module

    def reseed(self, salt: int | str = 0) -> None:
        """Start every random stream anew, the global ones (DEAP and dropout use them) with them."""
        seed = self._seed_of(f"global {salt}")
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global stream is what libraries draw from
        torch.manual_seed(seed)
        for stream, generator in self._generators.items():
            generator.manual_seed(self._seed_of(f"{stream} {salt}" if salt else stream))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Meanwhile others may draw from Python's global stream (rich does, for its styles); the run feels nothing."""
        before = random.getstate()
        try:
            yield
        finally:
            random.setstate(before)

    def state(self) -> dict[str, Any]:
        """The position of every random stream, global ones included."""
        version, words, gauss = random.getstate()
        _, keys, at, has_gauss, cached = np.random.get_state()  # noqa: NPY002
        state: dict[str, Any] = {
            "streams": {name: generator.get_state() for name, generator in self._generators.items()},
            "python": [version, torch.tensor(words, dtype=torch.int64), gauss],
            "numpy": [torch.from_numpy(np.asarray(keys, np.int64)), int(at), int(has_gauss), float(cached)],
            "torch": torch.get_rng_state(),
            "born": self.born,
        }
        if self.device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(self.device)
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Take the random streams back to a state made by `state()`."""
        for name, generator in self._generators.items():
            generator.manual_seed(self._seed_of(name))  # those that were not used yet
        for name, position in state["streams"].items():
            self.generator(name).set_state(position.cpu())
        version, words, gauss = state["python"]
        random.setstate((version, tuple(words.tolist()), gauss))
        keys, at, has_gauss, cached = state["numpy"]
        np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), at, has_gauss, cached))  # noqa: NPY002
        torch.set_rng_state(state["torch"].cpu())
        self.born = state.get("born", 0)
        if "cuda" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"].cpu(), self.device)

    def _gains(self, module: nn.Module) -> bool:
        """Whether a module is computed sooner in bf16. A convolution uses its few weights many times over."""
        large = any(parameter.numel() >= SMALL for parameter in module.parameters())
        return fast_bf16(self.device) and (large or _convolves(module) or self.device.type != "cpu")

    def _seed_of(self, stream: str) -> int:
        return crc32(f"{self.seed} {stream}".encode())


def _convolves(module: nn.Module) -> bool:
    return any(isinstance(part, nn.Conv2d | nn.ConvTranspose2d) for part in module.modules())


def _frame(forward: Any) -> Any:
    """A frame of ours around a forward pass: torch does not compile those of its own containers."""
    return lambda *args, **kwargs: forward(*args, **kwargs)


def _autocast(forward: Any, device: str) -> Any:
    """The forward pass in bf16, its result in fp32: losses are never computed in half precision."""

    @functools.wraps(forward)
    def run(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device, torch.bfloat16):
            result = forward(*args, **kwargs)
        return result.float() if isinstance(result, Tensor) else result

    return run
