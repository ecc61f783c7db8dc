"""Random programs: whom the search begins with, and whose code stands in for that of a mate."""

from __future__ import annotations

import numpy as np

from coevo.native import Draws
from coevo_hercl.program import NO_ARGUMENT, Opcode, Program
from coevo_hercl.variation import END, Bounds, Codon, of, pushed, random_codon, random_number, within

TOGGLE, FORWARD, TURN, SIZE, COLOUR = range(5)
"""The first items of messages to a canvas."""
COMMANDS = (FORWARD, FORWARD, FORWARD, TURN, TURN, TURN, TOGGLE, SIZE, COLOUR)


def random_answer(draws: Draws, bounds: Bounds) -> Program:
    """A program that answers with one number: a weighted sum of a few registers, with other instructions between."""
    codons: list[Codon] = [pushed(random_number(draws))]
    for _ in range(1 + draws.below(3)):
        weight = round(draws.between(-3, 3), 1)
        codons += [_get(draws, bounds), pushed(weight), _plain(Opcode.MULTIPLY)]
        codons += [random_codon(draws, bounds)] if draws.uniform() < 0.5 else []
        codons.append(_plain(Opcode.ADD))
    return within([of([*codons, _plain(Opcode.WRITE), _plain(Opcode.OUTPUT), END])], bounds)


def random_colour(draws: Draws, bounds: Bounds) -> Program:
    """A program that answers with a colour, which it computes of two coordinates."""
    codons: list[Codon] = []
    for _ in range(3):
        codons += [(int(Opcode.GET), draws.below(2), np.nan), *(random_codon(draws, bounds) for _ in range(4))]
        codons.append(_plain(Opcode.WRITE))
    return within([of([*codons, _plain(Opcode.OUTPUT), END])], bounds)


def random_drawing(draws: Draws, bounds: Bounds) -> Program:
    """A program that draws: some commands to the canvas with other instructions between them, which it may repeat."""
    bars = [_commands(draws, bounds) for _ in range(1 + draws.below(3))]
    if draws.uniform() < 0.8:  # a loop: the register is counted up to a number, or is never
        register = draws.below(bounds.registers)
        loop = [] if draws.uniform() < 0.5 else [(int(Opcode.INC), register, np.nan)]
        loop += [pushed(float(2 + draws.below(60))), (int(Opcode.GREATER), register, np.nan)]
        loop += [_plain(Opcode.POP), _plain(Opcode.NOT), (int(Opcode.BRANCH_BACK), draws.below(len(bars) + 1), np.nan)]
        bars.append([*loop, END])
    return within([of([codon for bar in bars for codon in bar])], bounds)


def _commands(draws: Draws, bounds: Bounds) -> list[Codon]:
    """A bar of a few commands."""
    bar: list[Codon] = []
    for _ in range(1 + draws.below(3)):
        if draws.uniform() < 0.4:
            bar.append(random_codon(draws, bounds))
        number = pushed(random_number(draws)) if draws.uniform() < 0.6 else _get(draws, bounds)
        bar += [pushed(float(draws.choice(COMMANDS))), _plain(Opcode.WRITE)]
        bar += [number, _plain(Opcode.WRITE), _plain(Opcode.OUTPUT)]
    return [*bar, END]


def _get(draws: Draws, bounds: Bounds) -> Codon:
    return int(Opcode.GET), draws.below(bounds.registers), np.nan


def _plain(opcode: Opcode) -> Codon:
    return int(opcode), NO_ARGUMENT, np.nan
