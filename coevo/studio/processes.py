"""Processes that share a run: each has its rows of every batch, and they take every step together.

Of a batch of N works, process r of S has the works r, r + S, r + 2S, …, made and real; so parts that are joined, real
works after made ones, are still the rows of the whole. What is random is drawn for the whole batch by everybody, and
each takes its rows: the same noise, however many they are. Gradients are averaged before an optimiser uses them, so the
parameters stay the same everywhere.

Only a step is taken together; outside of `together()` a process is by itself, as one that looks at a player must be.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from coevo.studio.links import Link, MemoryLink, NetworkLink, make_memory

MEETING = "COEVO_MEETING"
"""The variable that names the file in which processes of one machine meet, so that no port is opened."""

_link: Link | None = None  # to the others, if there are any
_together = False  # whether a step is taken


def is_one_of_several() -> bool:
    """Whether this process was started as one of several, by `--processes` or by torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def join() -> None:
    """Meet the other processes, in the file MEETING or where torchrun's environment says. On GPUs each takes one; if
    there are fewer, some share one, and talk as processors do.

    Raises:
        ProcessLostError: they do not come.
    """
    global _link
    if not is_one_of_several() or _link is not None:
        return
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % gpus)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", size))  # processes of this machine
    own_gpu = 0 < here <= gpus
    meeting = Path(os.environ.get(MEETING, ""))
    if meeting.is_file() and not own_gpu:
        _link = MemoryLink(rank, size, meeting)
    else:
        _link = NetworkLink(rank, size, f"file://{meeting}.network" if MEETING in os.environ else "env://", own_gpu)
        if here == size and not own_gpu:
            _link = _nearer(_link)
    atexit.register(leave)


def _nearer(link: Link) -> Link:
    """The link through memory, for processes that met by the network and are on one machine."""
    with tempfile.TemporaryDirectory(prefix="coevo-") as folder:
        path = Path(folder, "memory")
        found = first_says(str(path) if is_first() and make_memory(path, link.size) else "")
        near = MemoryLink(link.rank, link.size, Path(found)) if found else link
        near.gather(torch.zeros(1))  # all have opened it: it may go
    if near is not link:
        link.close()
    return near


def leave() -> None:
    """Part from the others, at the end of a run."""
    global _link
    if _link is not None:
        _link.close()
        _link = None


def count() -> int:
    """How many processes share the run; 1 without others."""
    return _link.size if _link else 1


def number() -> int:
    """Which of them this one is, from 0."""
    return _link.rank if _link else 0


def is_first() -> bool:
    """Whether this one logs, saves and shows."""
    return not _link or _link.rank == 0


@contextmanager
def together() -> Iterator[None]:
    """Within the block, which all processes enter, a batch is divided among them."""
    global _together
    before, _together = _together, count() > 1
    try:
        yield
    finally:
        _together = before


def size() -> int:
    """The number of parts that a batch is in: `count()` in a step, else 1."""
    return count() if _together else 1


# rows of a batch


def own(whole: Tensor) -> Tensor:
    """This process's rows of a whole batch [N, …] → [N / S, …]."""
    return whole[_link.rank :: _link.size] if _link and _together else whole


def rows(n: int, draw: Callable[[int], Tensor]) -> Tensor:
    """This process's n rows of something random, which is drawn for the whole batch.

    Args:
        n: rows of this process.
        draw: n → random rows [n, …].

    Example:
        >>> rows(4, lambda n: torch.zeros(n, 2)).shape
        torch.Size([4, 2])
    """
    return own(draw(n * size()))


def everyone(part: Tensor) -> Tensor:
    """The rows of all processes, in the order of the whole batch: [n, …] → [N, …], with gradients."""
    return _Gathered.apply(part) if _together else part


def mean(value: Tensor) -> Tensor:
    """The mean over all processes of a tensor that each has, with gradients."""
    return _Sum.apply(value) / size() if _together else value


def average_gradients(parameters: Iterable[Parameter]) -> None:
    """Replace the gradients of parameters by their means over all processes."""
    if not (_link and _together):
        return
    _link.sum([p.grad for p in parameters if p.grad is not None], 1 / _link.size)


# what the first process decides


def agreed(*flags: bool) -> tuple[bool, ...]:
    """The first process's flags, for all of them."""
    if not (_link and _together):
        return flags
    return tuple(map(bool, _link.gather(torch.tensor(flags))[0].tolist()))


def first_says(text: str = "") -> str:
    """The first process's text, for all of them; every process has to ask."""
    if _link is None:
        return text
    content = text.encode() if is_first() else b""
    length = int(_link.gather(torch.tensor(len(content)))[0])
    padded = torch.tensor(list(content[:length].ljust(length + 1)), dtype=torch.uint8)  # never empty
    return bytes(_link.gather(padded)[0].tolist())[:length].decode()


class _Sum(torch.autograd.Function):
    """The sum over all processes; so is its gradient, as everybody's loss depends on everybody's part."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        assert _link is not None
        if part.dtype != torch.float32:
            return _link.gather(part.detach()).sum(0)
        whole = part.detach().clone(memory_format=torch.contiguous_format)
        _link.sum([whole])
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0])


class _Gathered(torch.autograd.Function):
    """The rows of all processes; the gradient of a row is the sum of what everybody's loss says."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        assert _link is not None
        return _link.gather(part.detach()).transpose(0, 1).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return own(_Sum.apply(gradients[0]))
