"""Programs of HERCL for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as some

from coevo_hercl.program import (
    ARGUMENT_OPS,
    HALT,
    LOCAL,
    MAX_ARGUMENT,
    MAX_NUMBER,
    NO_ARGUMENT,
    REGISTER_OPS,
    Codons,
    Opcode,
    Program,
    assemble,
)

numbers = some.one_of(some.floats(-MAX_NUMBER, MAX_NUMBER), some.integers(-20, 20).map(float))

LEAST = np.array([LOCAL if code in (*REGISTER_OPS, Opcode.BAR) else NO_ARGUMENT for code in Opcode], np.int16)
MOST = np.array([MAX_ARGUMENT if code in ARGUMENT_OPS else NO_ARGUMENT for code in Opcode], np.int16)
MOST[Opcode.BAR] = HALT


def codons(*rows: tuple[int, int, float]) -> Codons:
    """Instructions of (opcode, argument, number)."""
    codes, arguments, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Codons(np.array(codes, np.uint8), np.array(arguments, np.int16), np.array(values, np.float64))


def well_formed(any: Codons) -> Codons:
    """The same instructions without arguments and numbers that they cannot have."""
    codes, arguments, values = any
    fits = (arguments >= LEAST[codes]) & (arguments <= MOST[codes])
    kept = np.where(fits, arguments, np.int16(NO_ARGUMENT))
    return Codons(codes, kept, np.where(codes == int(Opcode.PUSH), values, np.nan))


@some.composite
def programs(draw: Any, longest: int = 30) -> Program:
    """Any programs of one to three cells."""
    instruction = some.tuples(some.sampled_from(Opcode), some.integers(-2, 12), numbers)
    cells = draw(some.lists(some.lists(instruction, max_size=longest), min_size=1, max_size=3))
    return assemble([well_formed(codons(*cell)) for cell in cells])


def random_program(rng: np.random.Generator, longest: int) -> Program:
    """A random program, as fast as thousands of them need."""
    cells = []
    for _ in range(rng.integers(1, 4)):
        length = int(rng.integers(longest))
        arguments = np.where(rng.random(length) < 0.4, rng.integers(-2, 12, length), -1).astype(np.int16)
        values = rng.choice([0, 1, 2, 0.5, -3, 10, 90, 1e15, 1e-3], length)
        cells.append(well_formed(Codons(rng.integers(len(Opcode), size=length).astype(np.uint8), arguments, values)))
    return assemble(cells)
