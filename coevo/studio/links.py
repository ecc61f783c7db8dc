"""How processes reach each other: through memory that those of one machine share, or through torch.distributed."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor

from coevo.errors import CoevoError
from coevo.native.library import declared, integer, pointer

PATIENCE = timedelta(minutes=30)  # how long the others wait for one that evaluates or saves


class ProcessLostError(CoevoError):
    """Another process of a run has ended, or does not answer."""


def lost() -> ProcessLostError:
    return ProcessLostError(
        "Another process of this run has ended or does not answer, so all of them end; the run goes on from its last "
        "checkpoint with coevo resume."
    )


class Link(Protocol):
    """What a process needs of the others. All of them call the same methods, in the same order."""

    rank: int
    size: int

    def sum(self, tensors: Sequence[Tensor], scale: float = 1.0) -> None:
        """Replace tensors by their sums over all processes, in float32, times a number; all have the same shapes."""

    def gather(self, part: Tensor) -> Tensor:
        """The tensors [...] of all processes: [size, ...]; they have one shape and type."""

    def close(self) -> None:
        """Part from the others."""


class NetworkLink(Link):
    """torch.distributed: gloo between processors, NCCL between GPUs.

    Args:
        rank, size: which process of how many this one is.
        place: where they meet: env:// as torchrun says, or file://….
        nccl: whether each has a GPU of its own, as NCCL needs; if not, what is on a device goes by the processor.
    """

    def __init__(self, rank: int, size: int, place: str, nccl: bool):
        self.rank, self.size, self.nccl = rank, size, nccl
        backend = "cpu:gloo,cuda:nccl" if nccl else "gloo"
        try:
            dist.init_process_group(backend, init_method=place, rank=rank, world_size=size, timeout=PATIENCE)
        except (RuntimeError, ValueError) as error:
            raise ProcessLostError(f"The {size} processes of this run did not meet: {error}") from error

    def sum(self, tensors: Sequence[Tensor], scale: float = 1.0) -> None:
        flat = torch.cat([self._here(tensor).flatten().float() for tensor in tensors])  # one message: each has to wait
        try:
            dist.all_reduce(flat)
        except RuntimeError as error:  # what gloo and NCCL raise when a connection ends
            raise lost() from error
        parts = flat.mul_(scale).split([tensor.numel() for tensor in tensors])
        torch._foreach_copy_(list(tensors), [part.view(to.shape) for part, to in zip(parts, tensors, strict=True)])

    def gather(self, part: Tensor) -> Tensor:
        here = self._here(part).contiguous()
        whole = [torch.empty_like(here) for _ in range(self.size)]
        try:
            dist.all_gather(whole, here)
        except RuntimeError as error:
            raise lost() from error
        return torch.stack(whole).to(part.device)

    def _here(self, tensor: Tensor) -> Tensor:
        return tensor if self.nccl and tensor.is_cuda else tensor.cpu()

    def close(self) -> None:
        dist.destroy_process_group()


class MemoryLink(Link):
    """Memory that processes of one machine share: no port is opened, and a message costs microseconds.

    What is on a device comes and goes by way of the processor, so two processes can share a GPU.

    Args:
        rank, size: which process of how many this one is.
        path: the file that `make_memory` made, the same for all.
    """

    def __init__(self, rank: int, size: int, path: Path):
        self.rank, self.size = rank, size
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._head = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._turn = ctypes.c_int64(0)
        native = machine_code()
        if native is None:
            raise ProcessLostError("The processes of this run have no machine code to share memory with.")
        self._native = native
        self._native.coevo_shared_enter(self._head, rank, os.getpid())

    def sum(self, tensors: Sequence[Tensor], scale: float = 1.0) -> None:
        place, add = self._place(), self._native.coevo_shared_sum
        for tensor in tensors:
            numbers = tensor.to("cpu", torch.float32)
            numbers = numbers if lies_in_a_row(numbers) else numbers.contiguous()
            if add(*place, numbers.data_ptr(), numbers.numel(), scale):
                raise lost()
            if numbers is not tensor:
                tensor.copy_(numbers)

    def gather(self, part: Tensor) -> Tensor:
        here = part.cpu().contiguous()
        whole = torch.empty(self.size, *here.shape, dtype=here.dtype)
        if self._native.coevo_shared_gather(*self._place(), here.data_ptr(), here.nbytes, whole.data_ptr()):
            raise lost()
        return whole.to(part.device)

    def close(self) -> None:
        """Nothing is to be done: the memory goes with the process."""

    def _place(self) -> tuple[int, int, int, int]:
        return self._head, self.rank, self.size, ctypes.addressof(self._turn)


def lies_in_a_row(tensor: Tensor) -> bool:
    """Whether its numbers are one piece of memory, in whatever order, which is the same in all processes."""
    return tensor.is_contiguous() or (tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last))


def machine_code() -> ctypes.CDLL | None:
    """The machine code for shared memory; None where there is none."""
    if os.name == "nt":
        return None
    at = pointer, integer, integer, pointer
    return declared(
        coevo_shared_bytes=(integer, integer),
        coevo_shared_enter=(None, pointer, integer, integer),
        coevo_shared_sum=(integer, *at, pointer, integer, ctypes.c_float),
        coevo_shared_gather=(integer, *at, pointer, integer, pointer),
    )


def make_memory(path: Path, size: int) -> bool:
    """Make the file that a MemoryLink of this size needs; False where there is no machine code or no room for it."""
    native = machine_code()
    bytes = native.coevo_shared_bytes(size) if native else 0
    if not bytes:
        return False
    with path.open("xb") as file:
        file.truncate(bytes)
        try:
            if hasattr(os, "posix_fallocate"):  # to write where a disk has no room would end the process at once
                os.posix_fallocate(file.fileno(), 0, bytes)
        except OSError:
            path.unlink()
            return False
    return True
