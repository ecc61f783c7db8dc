"""Random programs: the search begins with them, and takes their code where it has no mate."""

from __future__ import annotations

import numpy as np

from coevo.native import Draws
from coevo_hercl.canvas import COLOUR, FORWARD, SIZE, TOGGLE, TURN
from coevo_hercl.program import NO_ARGUMENT, Opcode, Program, assemble
from coevo_hercl.variation import END, Bounds, Codon, of, pushed, random_codon, random_number

COMMANDS = (FORWARD, FORWARD, TURN, TURN, TOGGLE, SIZE, COLOUR)


def random_answer(draws: Draws, bounds: Bounds) -> Program:
    """A program that answers with one number: a weighted sum of a few registers, with other instructions between."""
    codons: list[Codon] = [pushed(random_number(draws))]
    for _ in range(1 + draws.below(3)):
        weight = round(draws.between(-3, 3), 1)
        codons += [_get(draws, bounds), pushed(weight), _plain(Opcode.MULTIPLY)]
        codons += [random_codon(draws, bounds)] if draws.uniform() < 0.5 else []
        codons.append(_plain(Opcode.ADD))
    return assemble([of([*codons, _plain(Opcode.WRITE), _plain(Opcode.OUTPUT), END])], bounds.length, bounds.cells)


def random_colour(draws: Draws, bounds: Bounds) -> Program:
    """A program that answers with a colour: of each channel, something of both coordinates, and a few instructions on
    it."""
    codons: list[Codon] = []
    for _ in range(1 + 2 * draws.below(2)):
        for coordinate in (0, 1):
            codons += [(int(Opcode.GET), coordinate, np.nan), pushed(round(draws.between(-6, 6), 1))]
            codons.append(_plain(draws.choice((Opcode.ADD, Opcode.MULTIPLY))))
        codons.append(_plain(draws.choice((Opcode.ADD, Opcode.MULTIPLY, Opcode.POLAR, Opcode.TRIG, Opcode.MOD))))
        codons += [random_codon(draws, bounds) for _ in range(draws.below(5))]
        codons.append(_plain(Opcode.WRITE))
    return assemble([of([*codons, _plain(Opcode.OUTPUT), END])], bounds.length, bounds.cells)


def random_drawing(draws: Draws, bounds: Bounds) -> Program:
    """A program that draws: commands to the canvas in a loop, whose counter may say how far or how much."""
    register = draws.below(bounds.registers)
    bars = [_commands(draws, bounds, register) for _ in range(1 + draws.below(2))]
    again = [] if draws.uniform() < 0.3 else [(int(Opcode.INC), register, np.nan)]
    again += [pushed(float(2 ** (2 + draws.below(9)))), (int(Opcode.GREATER), register, np.nan)]
    again += [_plain(Opcode.POP), _plain(Opcode.NOT), (int(Opcode.BRANCH_BACK), draws.below(len(bars)) + 1, np.nan)]
    return assemble([of([*(codon for bar in bars for codon in bar), *again, END])], bounds.length, bounds.cells)


def _commands(draws: Draws, bounds: Bounds, register: int) -> list[Codon]:
    """A bar of commands: the pen is moved, turned, and sometimes changed."""
    bar: list[Codon] = []
    for kind in (FORWARD, TURN, *(draws.choice(COMMANDS) for _ in range(draws.below(5)))):
        bar += [pushed(float(kind)), _plain(Opcode.WRITE)]
        for _ in range(draws.below(3) + 1 if kind == COLOUR else kind != TOGGLE):
            bar += [*_amount(kind, draws, register), _plain(Opcode.WRITE)]
        bar.append(_plain(Opcode.OUTPUT))
        if draws.uniform() < 0.3:
            bar.append(random_codon(draws, bounds))
    return [*bar, END]


def _amount(kind: int, draws: Draws, register: int) -> list[Codon]:
    """How much of a command: any number, a multiple of a register, or a number that suits it."""
    most = {FORWARD: 15, TURN: 1 + draws.below(180), SIZE: 3}.get(kind, 255)  # small angles are more likely
    way = draws.uniform()
    if way < 0.2:
        return [pushed(random_number(draws))]
    if way < 0.5:
        factor = pushed(round(draws.between(-most / 20, most / 20), 1))
        return [(int(Opcode.GET), register, np.nan), factor, _plain(Opcode.MULTIPLY)]
    number = 1 + draws.below(most)
    return [pushed(float(-number if draws.uniform() < 0.2 else number))]


def _get(draws: Draws, bounds: Bounds) -> Codon:
    return int(Opcode.GET), draws.below(bounds.registers), np.nan


def _plain(opcode: Opcode) -> Codon:
    return int(opcode), NO_ARGUMENT, np.nan
