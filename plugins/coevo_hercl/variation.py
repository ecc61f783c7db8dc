"""Variation of programs at the scales of the ladder: every child is well formed and within the limits.

A child by a large change has code of a mate in the place of some of its own, from the same place of the mate
("aligned") or from another; without a mate the code is random. Small changes are of single instructions.

Reference: Blair 2013, Learning the Caesar and Vigenere ciphers by hierarchical evolutionary re-combination.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from coevo.native import Draws
from coevo_hercl.ladder import Level, Mating
from coevo_hercl.program import (
    BAR,
    LOCAL,
    MAX_ARGUMENT,
    MAX_NUMBER,
    NO_ARGUMENT,
    PUSH,
    REGISTER_OPS,
    Codons,
    Opcode,
    Program,
    assemble,
    joined,
)

DIGITS = 4  # of fractions that are pushed
PLAIN = tuple(opcode for opcode in Opcode if opcode != Opcode.BAR)
Codon = tuple[int, int, float]
NOTHING = joined([])
END: Codon = (Opcode.BAR, NO_ARGUMENT, np.nan)


class Bounds(NamedTuple):
    """Limits of the programs that variation makes."""

    length: int = 200
    """The most instructions, ends of bars among them."""
    cells: int = 1
    """The most cells."""
    registers: int = 10
    """Registers that new instructions name."""


Fresh = Callable[[Draws], Program]


def vary(mating: Mating[Program], draws: Draws, bounds: Bounds, fresh: Fresh) -> Program:
    """A child.

    Args:
        mating: the parent, its mate, and the scale of the change.
        draws: everything random.
        bounds: of the child; code beyond them is left out.
        fresh: makes random programs, whose code stands in for that of a mate.

    Example:
        >>> from coevo_hercl.text import read, write
        >>> mother, father = read("push 1 write output |"), read("get 2 sqrt write output |")
        >>> write(vary(Mating(mother, father, Level.CELL, aligned=True), Draws(3), Bounds(), fresh=Program))
        'get 2 sqrt write output |'
    """
    parent, level = mating.parent, mating.level
    if level <= Level.POINT:
        codons = CHANGES[level](parent.codons, draws, bounds)
        cells = _cells(codons, parent)
    else:
        mate = mating.mate or fresh(draws)
        cells = CROSSOVERS[level](parent, mate, mating.aligned, draws, bounds)
    return assemble(cells, bounds.length, bounds.cells)


def _cells(codons: Codons, parent: Program) -> list[Codons]:
    """The cells of changed code: as many bars stay in each as the parent had, the last one takes the rest."""
    if len(parent.cells) == 1:
        return [codons]
    ends = np.flatnonzero(codons.codes == BAR) + 1
    bars = [int((parent.codons.codes[a:b] == BAR).sum()) for a, b in parent.cell_spans()]
    stops = [int(ends[min(k, len(ends)) - 1]) if len(ends) else 0 for k in np.cumsum(bars)[:-1].tolist()]
    starts = [0, *stops]
    parts = [codons.part(a, b) for a, b in zip(starts, [*stops, len(codons.codes)], strict=True)]
    return [part for part in parts if len(part.codes)]


# small changes: of single instructions


def tune(codons: Codons, draws: Draws, bounds: Bounds) -> Codons:
    """Change one number: a register, bars or a cell by one, what is pushed by `_tuned`. A `halt` becomes a plain end of
    a bar; code without numbers has a point changed instead."""
    at = np.flatnonzero((codons.codes == PUSH) | (codons.arguments >= 0))
    if not len(at):
        return point(codons, draws, bounds)
    i = int(at[draws.below(len(at))])
    code, argument, value = _codon(codons, i)
    if code == Opcode.PUSH:
        value = _tuned(value, draws)
    elif code == Opcode.BAR:
        argument = NO_ARGUMENT
    else:
        argument = min(max(0, argument + draws.choice((-1, 1))), MAX_ARGUMENT)
    return _spliced(codons, i, i + 1, [(code, argument, value)])


def trim(codons: Codons, draws: Draws, bounds: Bounds) -> Codons:
    """Leave out a few instructions that follow each other."""
    at = draws.below(len(codons.codes))
    return _spliced(codons, at, at + _few(draws), [])


def point(codons: Codons, draws: Draws, bounds: Bounds) -> Codons:
    """Put in, leave out, replace or move an instruction; then perhaps another."""
    for _ in range(_few(draws)):
        length = len(codons.codes)
        at, way = draws.below(length + 1), draws.below(5)
        if way < 2 and length < bounds.length:
            codons = _spliced(codons, at, at, [random_codon(draws, bounds)])
        elif way == 2 and length > 1:
            codons = _spliced(codons, at, at + 1, [])
        elif way == 3 and at < length:
            to = draws.below(length)
            moved, rest = _codon(codons, at), _spliced(codons, at, at + 1, [])
            codons = _spliced(rest, to, to, [moved])
        else:
            codons = _spliced(codons, at, at + 1, [random_codon(draws, bounds)])
    return codons


CHANGES = {Level.TUNE: tune, Level.TRIM: trim, Level.POINT: point}


def _codon(codons: Codons, at: int) -> Codon:
    return int(codons.codes[at]), int(codons.arguments[at]), float(codons.values[at])


def _spliced(codons: Codons, start: int, stop: int, new: list[Codon]) -> Codons:
    """The instructions with others in the place of some."""
    return joined([codons.part(0, start), of(new), codons.part(stop, len(codons.codes))])


def of(codons: list[Codon]) -> Codons:
    """Instructions as arrays."""
    if not codons:
        return NOTHING
    codes, arguments, values = zip(*codons, strict=True)
    return Codons(np.array(codes, np.uint8), np.array(arguments, np.int16), np.array(values, np.float64))


def _few(draws: Draws) -> int:
    """1 with a probability of ½, 2 of ¼, and so on; at most 8."""
    few = 1
    while few < 8 and draws.uniform() < 0.5:
        few += 1
    return few


def _tuned(value: float, draws: Draws) -> float:
    """A number near another: one to three more or less at a random decimal place, a multiple of it, or its negative."""
    way = draws.below(8)
    if way == 0:
        return -value
    if way == 1:
        value *= draws.choice((0.1, 0.5, 2.0, 10.0))
    else:
        place = draws.below(5) - 2  # hundredths to hundreds
        value += draws.choice((-1, 1)) * (1 + draws.below(3)) * 10.0**place
    return round(min(max(value, -MAX_NUMBER), MAX_NUMBER), DIGITS)


def random_codon(draws: Draws, bounds: Bounds) -> Codon:
    """A random instruction; sometimes the end of a bar."""
    kind = draws.uniform()
    if kind < 0.05:
        return END
    if kind < 0.25:
        return pushed(random_number(draws))
    opcode = draws.choice(PLAIN)
    argument = NO_ARGUMENT
    if opcode in REGISTER_OPS and draws.uniform() < 0.75:
        argument = LOCAL if draws.uniform() < 0.1 else draws.below(bounds.registers)
    elif opcode in (Opcode.BRANCH_BACK, Opcode.BRANCH_FORWARD):
        argument = draws.below(3)
    elif opcode == Opcode.JUMP_SUB and draws.uniform() < 0.75:
        argument = draws.below(bounds.cells)
    return int(opcode), argument, random_number(draws) if opcode == Opcode.PUSH else np.nan


def pushed(number: float) -> Codon:
    return int(Opcode.PUSH), NO_ARGUMENT, number


def random_number(draws: Draws) -> float:
    """A digit, a fraction, or a number of two or three digits, as likely as each other."""
    kind, sign = draws.below(3), -1.0 if draws.uniform() < 0.2 else 1.0
    if kind == 0:
        return sign * draws.below(10)
    return sign * round(draws.uniform(), 2) if kind == 1 else sign * draws.below(360)


# large changes: code of a mate


class Place(NamedTuple):
    """Bars of one cell of a program."""

    bars: list[tuple[int, int]]
    """Where each of the cell's bars begins and ends."""
    first: int
    """The cell's first instruction."""


def _place(program: Program, cell: int) -> Place:
    start, stop = program.cell_spans()[cell % len(program.cells)]
    ends = (np.flatnonzero(program.codons.codes[start:stop] == BAR) + (start + 1)).tolist()
    return Place(list(pairwise([start, *ends])), start)


def _places(parent: Program, mate: Program, aligned: bool, draws: Draws) -> tuple[int, Place, Place]:
    """A cell of the parent, and one of the mate."""
    cell = draws.below(len(parent.cells))
    other = cell if aligned else draws.below(len(mate.cells))
    return cell, _place(parent, cell), _place(mate, other)


def _with(parent: Program, cell: int, code: list[Codons]) -> list[Codons]:
    """The parent's cells with other code in one of them."""
    cells = [parent.codons.part(a, b) for a, b in parent.cell_spans()]
    cells[cell] = joined(code)
    return cells


def cross_bars(parent: Program, mate: Program, aligned: bool, draws: Draws, bounds: Bounds) -> list[Codons]:
    """The rest of a bar, from some instruction on, is the rest of a mate's bar; or the mate's bar is put before it."""
    cell, own, others = _places(parent, mate, aligned, draws)
    at = draws.below(len(own.bars))
    (a, b), (c, d) = own.bars[at], others.bars[at % len(others.bars) if aligned else draws.below(len(others.bars))]
    start, stop = own.first, own.bars[-1][1]
    if draws.uniform() < 0.25:
        i, j, b = a, c, a
    else:
        i = a + draws.below(b - a)
        j = c + min(i - a, d - c - 1) if aligned else c + draws.below(d - c)
    return _with(parent, cell, [parent.codons.part(start, i), mate.codons.part(j, d), parent.codons.part(b, stop)])


def cross_branches(parent: Program, mate: Program, aligned: bool, draws: Draws, bounds: Bounds) -> list[Codons]:
    """Some bars that follow each other are replaced by some of a mate, or the mate's are put before them."""
    cell, own, others = _places(parent, mate, aligned, draws)
    at = draws.below(len(own.bars))
    to = at % len(others.bars) if aligned else draws.below(len(others.bars))
    many = _few(draws)
    replaced = 0 if draws.uniform() < 0.25 else many if aligned else _few(draws)
    start, stop = own.first, own.bars[-1][1]
    a = own.bars[at][0]
    b = own.bars[min(at + replaced, len(own.bars)) - 1][1] if replaced else a
    c, d = others.bars[to][0], others.bars[min(to + many, len(others.bars)) - 1][1]
    return _with(parent, cell, [parent.codons.part(start, a), mate.codons.part(c, d), parent.codons.part(b, stop)])


def cross_cells(parent: Program, mate: Program, aligned: bool, draws: Draws, bounds: Bounds) -> list[Codons]:
    """The rest of a cell, from some bar on, is the rest of a mate's cell."""
    cell, own, others = _places(parent, mate, aligned, draws)
    at = draws.below(len(own.bars))
    to = min(at, len(others.bars) - 1) if aligned else draws.below(len(others.bars))
    a, c, d = own.bars[at][0], others.bars[to][0], others.bars[-1][1]
    return _with(parent, cell, [parent.codons.part(own.first, a), mate.codons.part(c, d)])


def cross_blocks(parent: Program, mate: Program, aligned: bool, draws: Draws, bounds: Bounds) -> list[Codons]:
    """1, 2, 4 … cells that follow each other are replaced by as many of a mate, or the mate's are put behind them."""
    cells, others = ([program.codons.part(a, b) for a, b in program.cell_spans()] for program in (parent, mate))
    many = 2 ** draws.below(max(len(cells), len(others)).bit_length())
    at = draws.below(len(cells))
    to = min(at, len(others) - 1) if aligned else draws.below(len(others))
    if draws.uniform() < 0.25:
        return [*cells[: at + 1], *others[to : to + many], *cells[at + 1 :]]
    return [*cells[:at], *others[to : to + many], *cells[at + many :]]


CROSSOVERS = {
    Level.BAR: cross_bars,
    Level.BRANCH: cross_branches,
    Level.CELL: cross_cells,
    Level.BLOCK: cross_blocks,
}
