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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Parameter

from coevo.errors import CoevoError

MEETING = "COEVO_MEETING"
"""The variable that names the file in which processes of one machine meet: no port is opened for it."""
PATIENCE = timedelta(minutes=30)  # how long the others wait for one that evaluates or saves

_together = False


class ProcessLostError(CoevoError):
    """Another process of a run has ended, or does not answer."""


def is_one_of_several() -> bool:
    """Whether this process was started as one of several, by `--processes` or by torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def join() -> None:
    """Meet the other processes: in the file MEETING of this machine, or where torchrun's environment says. On GPUs each
    takes one of its own.

    Raises:
        ProcessLostError: they do not come.
    """
    if not is_one_of_several() or dist.is_initialized():
        return
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % gpus)
    file = os.environ.get(MEETING)
    try:
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo",
            init_method=f"file://{file}" if file else "env://",
            rank=rank,
            world_size=size,
            timeout=PATIENCE,
        )
    except (RuntimeError, ValueError) as error:
        raise ProcessLostError(f"The {size} processes of this run did not meet: {error}") from error
    atexit.register(leave)


def leave() -> None:
    """Part from the others, at the end of a run."""
    if dist.is_initialized():
        dist.destroy_process_group()


def count() -> int:
    """How many processes share the run; 1 without others."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this one logs, saves and shows."""
    return not dist.is_initialized() or dist.get_rank() == 0


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
    return whole[dist.get_rank() :: size()] if _together else whole


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
    return _Gathered.apply(part) if _together else part  # type: ignore[no-any-return]


def mean(value: Tensor) -> Tensor:
    """The mean over all processes of a tensor that each has, with gradients."""
    return _Sum.apply(value) / size() if _together else value


def average_gradients(parameters: Iterable[Parameter]) -> None:
    """Replace the gradients of parameters by their means over all processes, in one message."""
    if not _together:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    _call(dist.all_reduce, flat)
    parts = (flat / size()).split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(gradients, [part.view(g.shape) for part, g in zip(parts, gradients, strict=True)])


# what the first process decides


def agreed(*flags: bool) -> tuple[bool, ...]:
    """The first process's flags, for all of them."""
    if not _together:
        return flags
    told = torch.tensor(flags, dtype=torch.uint8)
    _call(dist.broadcast, told, 0)
    return tuple(map(bool, told.tolist()))


def first_says(text: str = "") -> str:
    """The first process's text, for all of them; every process has to ask."""
    if count() == 1:
        return text
    content = torch.tensor(list(text.encode()), dtype=torch.uint8)
    length = torch.tensor([len(content)])
    _call(dist.broadcast, length, 0)
    content = content if is_first() else torch.empty(int(length), dtype=torch.uint8)
    if len(content):
        _call(dist.broadcast, content, 0)
    return bytes(content.tolist()).decode()


def _call(operation: Callable[..., Any], *given: Any) -> None:
    try:
        operation(*given)
    except RuntimeError as error:  # what gloo and NCCL raise when a connection ends
        raise ProcessLostError(
            "Another process of this run has ended or does not answer, so all of them end; the run goes on from its "
            "last checkpoint with coevo resume."
        ) from error


class _Sum(torch.autograd.Function):
    """The sum over all processes; so is its gradient, as everybody's loss depends on everybody's part."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        whole = part.detach().clone(memory_format=torch.contiguous_format)
        _call(dist.all_reduce, whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0])  # type: ignore[no-any-return]


class _Gathered(torch.autograd.Function):
    """The rows of all processes; the gradient of a row is the sum of what everybody's loss says."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        whole = [torch.empty_like(part, memory_format=torch.contiguous_format) for _ in range(size())]
        _call(dist.all_gather, whole, part.detach().contiguous())
        return torch.stack(whole, 1).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return own(_Sum.apply(gradients[0]))
