"""HERCL's programs and their text."""

from __future__ import annotations

import numpy as np
import pytest
from hercl_programs import codons, programs
from hypothesis import given
from hypothesis import strategies as some

from coevo import DataError
from coevo_hercl.program import (
    HALT,
    MAX_BARS,
    MAX_CELLS,
    MAX_LENGTH,
    NO_ARGUMENT,
    RETURN,
    Codons,
    Opcode,
    Program,
    assemble,
    joined,
    word,
)
from coevo_hercl.text import WORDS, read, write

NONE = float("nan")


# programs


def test_there_are_38_instructions_and_each_has_a_word_of_its_own() -> None:
    assert len(Opcode) == len(WORDS) == 38 and [*Opcode] == [*range(38)]
    assert word(Opcode.BRANCH_BACK) == "branch-back"


def test_a_program_is_cells_of_bars_of_instructions() -> None:
    program = read("push 2 copy | add |\nget 3 | write output | return")
    assert len(program) == 10
    assert program.cell_spans() == [(0, 5), (5, 10)]
    assert program.codons.codes[:3].tolist() == [Opcode.PUSH, Opcode.COPY, Opcode.BAR]
    assert program.codons.arguments[[5, 9]].tolist() == [3, RETURN] and program.codons.values[0] == 2


def test_programs_are_equal_if_their_instructions_are() -> None:
    one, same, other = read("push 2 | add |"), read("push 2.0 |  add |"), read("push 2 |\nadd |")
    assert one == same and hash(one) == hash(same) and one != other and one != "push 2 | add |"


def test_a_program_never_changes() -> None:
    with pytest.raises(ValueError, match="read-only"):
        read("add |").codons.codes[0] = 0


def test_assembling_ends_every_cell() -> None:
    add, bar = (Opcode.ADD, NO_ARGUMENT, NONE), (Opcode.BAR, HALT, NONE)
    assert write(assemble([codons(add), codons(add, bar), codons()])) == "add |\nadd | halt\n|"
    assert write(assemble([])) == "|"


def test_assembling_keeps_to_the_limits() -> None:
    many = Codons(np.zeros(9000, np.uint8), np.full(9000, NO_ARGUMENT, np.int16), np.full(9000, np.nan))
    assert len(assemble([many])) == MAX_LENGTH and len(assemble([many, many]).cells) == 1
    bars = many._replace(codes=np.full(9000, Opcode.BAR, np.uint8))
    assert len(assemble([bars])) == MAX_BARS
    few = many.part(0, 1)
    assert len(assemble([few] * 100).cells) == MAX_CELLS
    assert write(assemble([many.part(0, 3), few], max_length=6)) == "add add add |\nadd |"
    assert write(assemble([many.part(0, 3), few], max_length=3)) == "add add |"
    assert write(assemble([few] * 3, max_cells=2)) == "add |\nadd |"


@given(programs())
def test_assembling_a_program_s_own_cells_gives_the_program(program: Program) -> None:
    parts = [program.codons.part(*span) for span in program.cell_spans()]
    assert assemble(parts) == program == Program(program.codons, program.cells)  # which checks it
    assert all(map(np.array_equal, joined(parts), program.codons, [False, False, True]))


@pytest.mark.parametrize(
    ("codes", "arguments", "cells", "why"),
    [
        ([Opcode.ADD], [NO_ARGUMENT], [0], "whose last instruction is the end of a bar"),
        ([Opcode.ADD, Opcode.BAR], [1, NO_ARGUMENT], [0], "no argument 1 of 'add'"),
        ([Opcode.BAR], [3], [0], "no argument 3 of '|'"),
        ([Opcode.BAR], [HALT], [1], "begin one after another"),
        ([Opcode.BAR] * 2, [HALT] * 2, [0, 0], "begin one after another"),
        ([Opcode.ADD, Opcode.BAR], [-1, -1], [0, 1], "whose last instruction is the end of a bar"),
        ([38, Opcode.BAR], [-1, -1], [0], "opcodes below 38, not 38"),
        ([], [], [0], "1 to 4,096 instructions, not 0"),
        ([Opcode.BAR], [HALT], [], "1 to 64 cells, not 0"),
        ([Opcode.BAR] * 257, [HALT] * 257, [0], "at most 256 bars, not 257"),
        ([Opcode.BAR], [], [0], "one argument and one value"),
        ([Opcode.PUSH, Opcode.BAR], [-1, -1], [0], "numbers up to"),
    ],
)
def test_what_is_not_well_formed_is_no_program(codes: list, arguments: list, cells: list, why: str) -> None:
    parts = Codons(np.array(codes, np.uint8), np.array(arguments, np.int16), np.full(len(codes), np.nan))
    with pytest.raises(ValueError, match=why.replace("|", r"\|")):
        Program(parts, np.array(cells, np.int32))


def test_other_types_of_numbers_are_no_program() -> None:
    with pytest.raises(ValueError, match="arrays of uint8, int16, float64 and int32, not int64"):
        Program(Codons(np.array([3]), np.array([-1]), np.array([np.nan])), np.array([0]))


# text


@given(programs())
def test_a_program_is_read_as_it_is_written(program: Program) -> None:
    assert read(write(program)) == program


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has an empty line"),
        ("add |\n", "it has an empty line"),
        ("add", "a line does not end with |"),
        ("add |\nadd", "a line does not end with |"),
        ("fly |", "'fly' is no instruction"),
        ("3 |", "'3' is no instruction"),
        ("ADD |", "'ADD' is no instruction"),
        ("add 3 |", "'3' cannot follow 'add'"),
        ("get -1 |", "'-1' cannot follow 'get'"),
        ("get 256 |", "'256' cannot follow 'get'"),
        ("get ３ |", "'３' cannot follow 'get'"),
        ("get return |", "'return' cannot follow 'get'"),
        ("jump-sub local |", "'local' cannot follow 'jump-sub'"),
        ("| local", "'local' cannot follow '|'"),
        ("| 8", "'8' cannot follow '|'"),
        ("push local |", "'local' is no number up to 1e+15"),
        ("push inf |", "'inf' is no number"),
        ("push nan |", "'nan' is no number"),
        ("push 1e15 |", "'1e15' is no number"),
        ("push 2000000000000000 |", "is no number up to"),
        ("push 1_0 |", "is no number"),
        ("push 2 3 |", "'3' is no instruction"),
        ("add\t|", "is no instruction"),
        ("add |\r\nadd |", "cannot follow"),
        ("|\n" * 65, "it has 66 lines, more than 64"),
        ("| " * 257, "at most 256 bars, not 257"),
        ("add " * 4096 + "|", "1 to 4,096 instructions, not 4,097"),
        (" " * 200_000, "it has 200,000 characters, more than 131,072"),
    ],
)
def test_text_that_is_no_program_is_refused_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(DataError, match=r"is not a program of HERCL: .*\.$") as raised:
        read(text)
    assert why in str(raised.value) and len(str(raised.value)) < 250


@given(some.one_of(some.text(), some.lists(some.sampled_from([*WORDS, "3", "local", "halt", "\n"])).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        program = read(text)
    except DataError:
        return
    assert read(write(program)) == program
