"""HERCL's machine for whole populations: many programs and many trials at once, in machine code (hercl.c).

`language.py` says what every instruction does, and does it where there is no compiler: the same to the last bit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from ctypes import c_int64, c_void_p
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from coevo.native import Draws, address, declared
from coevo.native.threads import in_threads, parts
from coevo_hercl.language import Machine
from coevo_hercl.program import Program

REGISTERS = 10  # of programs that draw; those that judge have one for each number that they are given
MAX_REGISTERS = 64
SPREAD = 0xD1B54A32D192ED03  # an odd number, by which the streams of a program's trials differ


class Run(NamedTuple):
    """What N programs did in T trials each."""

    items: np.ndarray
    """What they sent: float64 [N, T, messages, items]; 0 where nothing was."""
    lengths: np.ndarray
    """How many items each message has: int32 [N, T, messages]."""
    counts: np.ndarray
    """How many messages were sent: int32 [N, T]."""
    steps: np.ndarray
    """How many instructions were done: int64 [N, T]."""
    endings: np.ndarray
    """Why each ended: uint8 [N, T] of `language.FINISHED`, `OUT_OF_STEPS`, `ENOUGH`."""

    @property
    def answers(self) -> np.ndarray:
        """The first item of every first message: float64 [N, T]; NaN where there is none."""
        there = (self.counts > 0) & (self.lengths[..., 0] > 0)
        return np.where(there, self.items[..., 0, 0], np.nan)


def run(
    programs: Sequence[Program],
    inputs: np.ndarray | None = None,
    *,
    steps: int,
    seeds: int | Sequence[int] = 0,
    first: int = 0,
    registers: int = REGISTERS,
    preload: bool = False,
    messages: int = 1,
    items: int = 1,
    threads: int = 1,
) -> Run:
    """Run programs, each in trials of its own. Equal arguments give equal results, whatever the number of threads.

    Args:
        programs: N of them.
        inputs: [T, W], for each trial the items of the message that `input` fetches; None: one trial without a message.
        steps: instructions that a trial may do.
        seeds: of random numbers, 64 bits: one for all programs, or one for each.
        first: the number of the first trial; a trial's random numbers are those of its number.
        registers: how many, from 1 to 64.
        preload: the first registers begin as the trial's input; otherwise all are 0.
        messages: that a trial may send; then it ends.
        items: of a message that are kept.
        threads: how many may work.

    Raises:
        ValueError: an argument is out of its range; with the reason.
        MemoryError: there is not enough memory for programs of this length.

    Example:
        >>> from coevo_hercl.text import read
        >>> add = read("get 0 get 1 add write output |")
        >>> run([add], np.array([[1.0, 2], [3, 4]]), steps=100, preload=True).answers.tolist()
        [[3.0, 7.0]]
    """
    given = np.zeros((1, 0)) if inputs is None else np.ascontiguousarray(inputs, np.float64)
    count, (trials, width) = len(programs), given.shape
    if not 1 <= registers <= MAX_REGISTERS:
        raise ValueError(f"a machine has 1 to {MAX_REGISTERS} registers, not {registers}")
    if min(steps, messages, items) < 1:
        raise ValueError(f"at least one step, message and item, not {steps}, {messages} and {items}")
    if not np.isfinite(given).all():
        raise ValueError("inputs are finite numbers")
    streams = np.array([seeds] * count if isinstance(seeds, int) else seeds, np.uint64)
    if len(streams) != count:
        raise ValueError(f"one seed for each of {count} programs, not {len(streams)}")
    result = Run(
        np.zeros((count, trials, messages, items)),
        np.zeros((count, trials, messages), np.int32),
        *(np.zeros((count, trials), kind) for kind in (np.int32, np.int64, np.uint8)),
    )
    library = machine_code()
    if library is None:
        _interpret(programs, given, first, steps, streams.tolist(), registers, preload, result)
        return result
    batch, out = Batch(programs), Results(*map(address, result))
    sizes = (trials, first, width, registers, preload, steps, messages, items)
    trial = _Trials(address(given), address(streams), *map(int, sizes))
    work = partial(library.coevo_hercl_run, ctypes.byref(batch), ctypes.byref(trial), ctypes.byref(out))
    if not all(in_parts(work, count * trials, threads)):
        raise MemoryError(f"there is no memory to run programs of {max(map(len, programs))} instructions")
    return result


def _interpret(
    programs: Sequence[Program],
    inputs: np.ndarray,
    first: int,
    steps: int,
    seeds: Sequence[int],
    registers: int,
    preload: bool,
    result: Run,
) -> None:
    _, _, messages, items = result.items.shape
    for n, (program, seed) in enumerate(zip(programs, seeds, strict=True)):
        for t, given in enumerate(inputs.tolist()):
            loaded = given[:registers] if preload else []
            stream = Draws(seed ^ ((first + t) * SPREAD)).bits()
            machine = Machine(program, loaded + [0.0] * (registers - len(loaded)), given, stream)
            result.endings[n, t] = machine.run(steps, messages)
            result.steps[n, t], result.counts[n, t] = machine.steps, len(machine.sent)
            for m, sent in enumerate(machine.sent):
                kept = sent[:items]
                result.lengths[n, t, m] = len(kept)
                result.items[n, t, m, : len(kept)] = kept


class Batch(ctypes.Structure):
    """Programs one after another, as in hercl.h."""

    _fields_ = (
        *((name, c_void_p) for name in ("codes", "arguments", "values", "cells", "code_ends", "cell_ends")),
        ("count", c_int64),
    )

    def __init__(self, programs: Sequence[Program]):
        columns = zip(*((*one.codons, one.cells) for one in programs), strict=True)
        self.arrays = [np.concatenate(column) for column in columns] or [np.zeros(0)] * 4
        self.ends = [_ends([len(one) for one in programs]), _ends([len(one.cells) for one in programs])]
        super().__init__(*map(address, (*self.arrays, *self.ends)), len(programs))


def _ends(counts: Sequence[int]) -> np.ndarray:
    """Where each part begins, and where the last one ends."""
    ends = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=ends[1:])
    return ends


class _Trials(ctypes.Structure):
    """As in hercl.h."""

    _fields_ = (
        *((name, c_void_p) for name in ("inputs", "seeds")),
        *(
            (name, c_int64)
            for name in ("count", "first", "width", "registers", "preload", "steps", "messages", "items")
        ),
    )


class Results(ctypes.Structure):
    """As in hercl.h."""

    _fields_ = tuple((name, c_void_p) for name in Run._fields)


@cache
def machine_code() -> ctypes.CDLL | None:
    """coevo's machine code, if there is any."""
    return declared(
        coevo_hercl_run=(c_int64, *[c_void_p] * 3, c_int64, c_int64),
        coevo_hercl_lines=(c_int64, c_void_p, *[c_int64] * 3, c_void_p, c_void_p, c_int64, c_int64),
        coevo_hercl_paint=(c_int64, c_void_p, c_void_p, *[c_int64] * 4, c_void_p, c_int64, c_int64),
        coevo_measure_pictures=(c_int64, c_void_p, *[c_int64] * 5, c_void_p),
    )


PARTS = 8  # for each thread: programs that run for long are spread over all


def in_parts(work: Callable[[int, int], int], count: int, threads: int) -> list[int]:
    """What `work` gives for all parts of a range of `count`, in threads."""
    spans = parts(count, 1 if threads == 1 else threads * PARTS)
    return in_threads((partial(work, span.start, span.stop) for span in spans), threads)
