"""Programs of HERCL: cells of bars of instructions (Blair 2013), a cross of linear and stack-based genetic programming.

A program has cells, as other languages have functions, and its first cell is run. A cell has bars, as they have lines;
a branch goes to the beginning of a bar. An instruction works on a stack of numbers, on a stack of truth values, on
registers, on memory or on messages, and has at most one argument:

======== ================================= ==========================================================
argument instructions                      what it is, and what it is without one
======== ================================= ==========================================================
number   push                              what is pushed; 0
register get put inc dec equal greater     a register, from then on the current one; the current one.
         load store                        `local`: that of the call, and the current one stays
bars     branch-forward branch-back        how many bars further, or back; 1, or 0: this bar again
cell     jump-sub                          the cell that is called; the next one
end      | (a bar's end)                   `return` from the cell, or `halt`; go on with the next bar
======== ================================= ==========================================================

A register's and a cell's number count modulo how many there are. What the instructions do is in `machine.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

MAX_LENGTH, MAX_BARS, MAX_CELLS = 4096, 256, 64
MAX_ARGUMENT = 255  # of an argument that is a whole number
MAX_NUMBER = 1e15  # magnitude of a number that is pushed
NO_ARGUMENT = -1
LOCAL = RETURN = -2  # of a register; of a bar's end
HALT = 0  # of a bar's end


class Opcode(IntEnum):
    """The instructions. Their numbers are those of hercl.c."""

    ADD = 0
    AND = 1
    ASIN = 2
    BAR = 3
    BRANCH_BACK = 4
    BRANCH_FORWARD = 5
    COPY = 6
    DEC = 7
    EQUAL = 8
    EXP = 9
    GET = 10
    GREATER = 11
    INC = 12
    INPUT = 13
    JUMP_SUB = 14
    LOAD = 15
    LOG = 16
    MULTIPLY = 17
    MOD = 18
    NEG = 19
    NOT = 20
    OR = 21
    OUTPUT = 22
    POLAR = 23
    POP = 24
    PUSH = 25
    PUT = 26
    RANDOM = 27
    RECIPROCAL = 28
    ROUND = 29
    ROTATE = 30
    SCAN = 31
    SQRT = 32
    STORE = 33
    SWAP = 34
    TANH = 35
    TRIG = 36
    WRITE = 37


REGISTER_OPS = (
    *(Opcode.GET, Opcode.PUT, Opcode.INC, Opcode.DEC),
    *(Opcode.EQUAL, Opcode.GREATER, Opcode.LOAD, Opcode.STORE),
)
ARGUMENT_OPS = (*REGISTER_OPS, Opcode.BRANCH_BACK, Opcode.BRANCH_FORWARD, Opcode.JUMP_SUB)
"""Instructions that may have a whole number from 0 to MAX_ARGUMENT; those of registers may have LOCAL too."""

BAR, PUSH = int(Opcode.BAR), int(Opcode.PUSH)  # arrays are compared with plain numbers twenty times as fast
TYPES = (*map(np.dtype, ("u1", "i2", "f8", "i4")),)  # of codes, arguments, values and cells
_LOWEST = np.full(256, NO_ARGUMENT, np.int16)  # the least and the greatest argument of every opcode
_HIGHEST = np.full(256, NO_ARGUMENT, np.int16)
_HIGHEST[list(ARGUMENT_OPS)] = MAX_ARGUMENT
_HIGHEST[Opcode.BAR] = HALT
_LOWEST[[*REGISTER_OPS, Opcode.BAR]] = LOCAL


class Codons(NamedTuple):
    """Instructions one after another: a program's, or a part of them."""

    codes: np.ndarray
    """Opcodes uint8 [L]."""
    arguments: np.ndarray
    """int16 [L]: the argument, if it is no number to push: NO_ARGUMENT, LOCAL, RETURN, HALT, or a whole number."""
    values: np.ndarray
    """float64 [L]: what `push` pushes; NaN for every other instruction."""

    def part(self, start: int, stop: int) -> Codons:
        return Codons(self.codes[start:stop], self.arguments[start:stop], self.values[start:stop])


def joined(parts: Sequence[Codons]) -> Codons:
    """Parts one after another."""
    if not parts:
        return Codons(np.empty(0, np.uint8), np.empty(0, np.int16), np.empty(0))
    return Codons(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A program; it never changes. `assemble` makes one of instructions, `coevo_hercl.text.read` one of its text.

    Args:
        codons: the instructions of all cells; a cell has at least one, and its last one is a bar's end.
        cells: int32 [C]: where each cell begins.

    Raises:
        ValueError: it is not well formed, or beyond the limits; with the reason.

    Reference: Blair 2013, Learning the Caesar and Vigenere cipher by hierarchical evolutionary re-combination.

    Example:
        >>> from coevo_hercl.text import read
        >>> program = read("push 2 push 3 add write output |")
        >>> len(program), program.cell_spans()
        (6, [(0, 6)])
    """

    codons: Codons
    cells: np.ndarray

    def __post_init__(self) -> None:
        if problem := _problem(self.codons, self.cells):
            raise ValueError(f"a program of HERCL {problem}")
        self._freeze()

    def _freeze(self) -> None:
        for array in (*self.codons, self.cells):
            array.flags.writeable = False

    def __len__(self) -> int:
        """The number of instructions, ends of bars among them."""
        return len(self.codons.codes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self._bytes() == other._bytes()

    def __hash__(self) -> int:
        return hash(self._bytes())

    def _bytes(self) -> tuple[bytes, ...]:
        return tuple(array.tobytes() for array in (*self.codons, self.cells))

    def cell_spans(self) -> list[tuple[int, int]]:
        """Where each cell begins and ends, in instructions."""
        starts: list[int] = self.cells.tolist()
        return list(zip(starts, [*starts[1:], len(self)], strict=True))


def assemble(cells: Sequence[Codons], max_length: int = MAX_LENGTH, max_cells: int = MAX_CELLS) -> Program:
    """The program of these cells, or as much of them as there is room for; without cells it is an empty one.

    Args:
        cells: instructions of each, with arguments and numbers that they may have. A cell ends with a bar's end, which
            is added where it is missing.
        max_length, max_cells: limits, not above those of all programs.
    """
    parts, starts, room, bars = list[Codons](), list[int](), max_length, MAX_BARS
    for cell in cells[:max_cells] or (END,):
        if not room or not bars:
            break
        part, ends = _ended(cell, room, bars)
        starts.append(max_length - room)
        parts.append(part)
        room -= len(part.codes)
        bars -= ends
    program = object.__new__(Program)  # which is not checked again: that would take as long as all the rest
    object.__setattr__(program, "codons", joined(parts))
    object.__setattr__(program, "cells", np.array(starts, np.int32))
    program._freeze()
    return program


END = Codons(np.array([Opcode.BAR], np.uint8), np.array([NO_ARGUMENT], np.int16), np.array([np.nan]))


def _ended(cell: Codons, room: int, bars: int) -> tuple[Codons, int]:
    """A cell that ends with the end of a bar, of at most `room` instructions and `bars` bars; and how many it has."""
    length = len(cell.codes)
    if length and length <= room and cell.codes[-1] == BAR:
        count = int(np.count_nonzero(cell.codes == BAR))
        if count <= bars:
            return cell, count
    ends = np.flatnonzero(cell.codes[: room - 1] == BAR)
    if len(ends) >= bars:  # the last one that may be ends the cell
        return cell.part(0, int(ends[bars - 1]) + 1), bars
    return joined([cell.part(0, room - 1), END]), len(ends) + 1


def _problem(codons: Codons, cells: np.ndarray) -> str:
    """What is wrong with a program, or nothing."""
    codes, arguments, values = codons
    types = (codes.dtype, arguments.dtype, values.dtype, cells.dtype)
    if types != TYPES:
        return f"is made of arrays of uint8, int16, float64 and int32, not {', '.join(map(str, types))}"
    length = len(codes)
    if not len(arguments) == len(values) == length:
        return "has one argument and one value for every instruction"
    if not 1 <= length <= MAX_LENGTH:
        return f"has 1 to {MAX_LENGTH:,} instructions, not {length:,}"
    if codes.max() >= len(Opcode):
        return f"has opcodes below {len(Opcode)}, not {codes.max()}"
    ends = codes == BAR
    if (count := np.count_nonzero(ends)) > MAX_BARS:
        return f"has at most {MAX_BARS} bars, not {count}"
    if not 1 <= len(cells) <= MAX_CELLS:
        return f"has 1 to {MAX_CELLS} cells, not {len(cells)}"
    if cells[0] or cells[-1] >= length or (len(cells) > 1 and (cells[1:] <= cells[:-1]).any()):
        return "has cells that begin one after another, the first at its first instruction"
    if not ends[-1] or (len(cells) > 1 and not ends[cells[1:] - 1].all()):
        return "has cells whose last instruction is the end of a bar"
    wrong = (arguments < _LOWEST[codes]) | (arguments > _HIGHEST[codes])
    if wrong.any():
        where = int(wrong.argmax())
        return f"has no argument {arguments[where]} of {word(Opcode(codes[where]))!r}"
    if (np.isnan(values) == (codes == PUSH)).any() or (abs(values) > MAX_NUMBER).any():
        return f"has numbers up to {MAX_NUMBER:g} where it pushes, and NaN elsewhere"
    return ""


def word(opcode: Opcode) -> str:
    """An instruction's name in texts."""
    return "|" if opcode == Opcode.BAR else opcode.name.lower().replace("_", "-")
