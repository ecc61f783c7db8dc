"""Drawing on a GPU: plans of many programs, executed together over all their pixels (`coevo/native/kernel.cu`).

Compiling code for every new program would take longer than drawing it, so the kernel interprets steps, as machine code
does on the processor: what fetching and decoding a step costs is shared by the 256 pixels of a block. A register is a
place in a block's own memory, so a plan is of one picture, whose values need few of them; pictures are drawn in
parallel instead of sharing parts. They are written where the critic reads them.
"""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ctypes import c_int32, c_void_p
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from coevo.native import SOURCES
from coevo.shader import cuda
from coevo.shader.machine import COLUMN, ROW, SCRATCH, SHOW
from coevo.shader.plan import Plan

THREADS, TOGETHER = 32, 8  # of a block, and pixels of a thread: as in kernel.cu
REGISTER = THREADS * TOGETHER * 4  # bytes
NEAR, FAR = "coevo_draw_near", "coevo_draw_far"  # registers in a block's own memory, or in the device's
MOST_FAR = 1 << 28  # bytes of registers in the device's memory at once
MOST_REGISTERS = 1 << 15  # a packed step has 16 bits for one, and a sign
NUMBER = (32, 64, 128)  # in a packed step: which arguments are numbers
MOST_PIXELS = 1 << 30  # of a picture's channels; the kernel counts them in 32 bits

# without contraction, and with exact quotients and roots: the processor's bits
OPTIONS = ("--fmad=false", "--ftz=true", "--prec-div=true", "--prec-sqrt=true")
SYSTEM_HEADERS = {
    "stdint.h": "typedef int int32_t; typedef unsigned uint32_t; typedef long long int64_t;"
    "typedef unsigned long long uint64_t;",
    "math.h": "#define INFINITY __int_as_float(0x7f800000)",
    "string.h": "",
}


def draws_on(device: torch.device) -> bool:
    """Whether programs are drawn on this device by the kernel: on NVIDIA's GPUs, where CUDA's compiler is found."""
    return device.type == "cuda" and kernel_of(torch.device("cuda", _number(device))) is not None


def render_on_gpu(device: torch.device, plans: Iterable[Plan], shape: tuple[int, int, int, int]) -> Tensor:
    """Draw plans on a GPU, as the processor draws them.

    A plan with instructions of plugins is drawn by the processor.

    Args:
        device: one on which `draws_on`.
        plans: P plans, of one picture each.
        shape: (P, C, height, width) of the pictures.

    Returns:
        Pictures of that shape on the device, float32 in [-1, 1]; NaN is shown as -1.

    Raises:
        ValueError: nothing is drawn by the kernel on this device.
    """
    if not draws_on(device):
        raise ValueError(f"no kernel draws programs on {device}; ask `draws_on` first, and use `render` or `render_on`")
    kernel = kernel_of(torch.device("cuda", _number(device)))
    assert kernel is not None
    with torch.cuda.device(device):
        images = torch.empty(shape, device=device)
        draw(kernel, plans, images, torch.cuda.current_stream().cuda_stream)
    return images


def draw(kernel: cuda.Kernel, plans: Iterable[Plan], images: Tensor, stream: int) -> None:
    """Start the drawing of plans, of one picture each.

    Args:
        plans: as many as pictures.
        images: [P, C, height, width] float32, contiguous, where the pictures go.
        stream: the CUDA stream's handle.
    """
    fits = images.shape[1:].numel() <= MOST_PIXELS
    drawn: dict[int, Plan] = {}
    for i, plan in enumerate(plans):
        if fits and not plan.code.plugins and plan.registers < MOST_REGISTERS:
            drawn[i] = plan
        else:
            by_processor = np.empty(images.shape[1:], np.float32)
            plan.draw(by_processor.reshape(len(by_processor), -1), 0, images[i, 0].numel())
            images[i] = torch.from_numpy(by_processor)
    if drawn and images.numel():
        start(kernel, load(drawn, images), images, stream)


class Load(NamedTuple):
    """Plans on a device, ready to be drawn.

    Args:
        words: all that the kernel reads, in one piece.
        starts: where in it steps, ends, rows and columns begin (`Sheet`).
        launches: (the first plan, how many, the most registers) of each.
    """

    words: Tensor
    starts: list[int]
    launches: list[tuple[int, int, int]]


def load(plans: Mapping[int, Plan], images: Tensor) -> Load:
    """Bring plans, by the number of their picture in `images`, to the device of the pictures."""
    sheet = _packed(plans, images.shape[1])
    parts = [part.view(np.int32).ravel() for part in (sheet.steps, sheet.ends, *sheet.lines)]
    words = torch.from_numpy(np.concatenate(parts))
    if images.device.type == "cuda":
        words = words.pin_memory().to(images.device, non_blocking=True)
    starts = np.cumsum([0, *map(len, parts[:-1])]).tolist()
    return Load(words, starts, list(_launches(sheet.registers)))


def start(kernel: cuda.Kernel, loaded: Load, images: Tensor, stream: int) -> None:
    """Start the drawing of what was loaded for these pictures, on the stream that loaded it."""
    height, width = images.shape[2:]
    tiles = -(-height * width // (THREADS * TOGETHER))
    steps, ends, rows, columns = (loaded.words.data_ptr() + 4 * begin for begin in loaded.starts)
    sizes = [c_int32(number) for number in (tiles, width, height * width)]
    for first, count, registers in loaded.launches:
        addresses = [c_void_p(at) for at in (ends + 8 * first, steps, rows, columns, images.data_ptr())]
        size, blocks = registers * REGISTER, count * tiles
        if size <= kernel.most_shared:
            kernel.launch(NEAR, blocks, THREADS, size, stream, [*addresses, *sizes])
            continue
        together = min(blocks, MOST_FAR // size)
        far = torch.empty(together * size, dtype=torch.uint8, device=images.device)
        for begin in range(0, blocks, together):
            more = c_int32(begin), c_void_p(far.data_ptr()), c_int32(registers)
            kernel.launch(FAR, min(together, blocks - begin), THREADS, 0, stream, [*addresses, *sizes, *more])


class Sheet(NamedTuple):
    """Plans as the kernel reads them, those that need fewer registers first.

    Args:
        steps: [S + 1, 4] int32, as in kernel.cu.
        ends: [P, 2] int32: the first of a plan's steps, and the first beyond.
        lines: the rows and columns of all plans.
        registers: how many each plan needs.
    """

    steps: np.ndarray
    ends: np.ndarray
    lines: tuple[np.ndarray, np.ndarray]
    registers: list[int]


def _packed(plans: Mapping[int, Plan], channels: int) -> Sheet:
    # within a launch long plans come first, so that none is left alone at the end
    order = sorted(plans, key=lambda i: (_class(plans[i].registers), -len(plans[i].code.steps)))
    some = [plans[i] for i in order]
    rows, columns = [plan.rows[:-SCRATCH] for plan in some], [plan.columns[:-SCRATCH] for plan in some]
    constants = np.concatenate([plan.constants for plan in some]).view(np.int32)
    its_constants = _starts([plan.constants for plan in some])
    counts = np.array([len(plan.code.steps) for plan in some])
    plan_of = np.repeat(np.arange(len(some)), counts)

    steps = np.concatenate([plan.code.steps for plan in some])
    packed = np.zeros((len(steps) + 1, 4), np.int32)
    packed[:-1, 0] = steps[:, 0] | steps[:, 1] << 16
    packed[:-1, 1:] = steps[:, 3:]
    for argument, flag in enumerate(NUMBER, start=1):
        at = np.flatnonzero(packed[:-1, argument] < 0)
        packed[at, 0] |= flag
        packed[at, argument] = constants[its_constants[plan_of[at]] + ~packed[at, argument]]
    for opcode, starts in ((ROW, _starts(rows)), (COLUMN, _starts(columns))):  # the lines of all are counted together
        at = np.flatnonzero(steps[:, 0] == opcode)
        packed[at, 1] += starts[plan_of[at]]
    at = np.flatnonzero(steps[:, 0] == SHOW)
    packed[at, 2] = np.array(order)[plan_of[at]] * channels + steps[at, 1]
    stops = np.cumsum(counts)
    ends = np.stack([stops - counts, stops], 1).astype(np.int32)
    registers = [plan.registers for plan in some]
    return Sheet(packed, ends, (np.concatenate(rows), np.concatenate(columns)), registers)


def _starts(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Where each part begins when all are put together."""
    return np.cumsum([0, *map(len, parts[:-1])])


def _class(registers: int) -> int:
    """Plans are launched with others that need up to twice as many registers: a block takes memory for the most."""
    return max(8, registers - 1).bit_length()


def _launches(registers: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(the first plan, how many, the most registers) of each launch, from the registers of plans, ordered by class."""
    first = 0
    for at in range(1, len(registers) + 1):
        if at == len(registers) or _class(registers[at]) != _class(registers[first]):
            yield first, at - first, max(registers[first:at])
            first = at


def _number(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index


@cache
def kernel_of(device: torch.device) -> cuda.Kernel | None:
    """The kernel on a GPU, compiled at first use, which takes a second; None, and a warning, if it cannot be."""
    if torch.version.cuda is None:  # AMD's
        return None
    try:
        with torch.cuda.device(device):
            torch.zeros(1, device=device)  # so that the device's context is this thread's
            architecture = "".join(map(str, torch.cuda.get_device_capability()))
            return cuda.Kernel(cuda.driver(), binary_of(cuda.nvrtc(), architecture), (NEAR, FAR))
    except (OSError, RuntimeError) as problem:
        warnings.warn(f"Programs are drawn by the processor, not by the GPU: {problem}", stacklevel=2)
        return None


def binary_of(compiler: ctypes.CDLL, architecture: str) -> bytes:
    """The kernel compiled for GPUs of that compute capability, such as "90"."""
    headers = {path.name: path.read_text() for path in sorted(SOURCES.glob("*.h"))} | SYSTEM_HEADERS
    source = (SOURCES / "kernel.cu").read_text()
    return cuda.compiled(compiler, source, headers, [f"--gpu-architecture=sm_{architecture}", *OPTIONS])
