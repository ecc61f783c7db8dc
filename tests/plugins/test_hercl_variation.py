"""Changes of programs: each keeps them well formed and within bounds, and does what its level says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.native import Draws
from coevo_hercl.ladder import Level, Mating
from coevo_hercl.program import Program, assemble
from coevo_hercl.text import read, write
from coevo_hercl.variation import Bounds, of, random_codon, vary

ONE, MANY = Bounds(60, 1, 10), Bounds(200, 6, 10)
MOTHER = read("push 1 write output |\nget 0 add |\nget 2 | mod |")
FATHER = read("push 7 sqrt | get 5 | put 5 |\nlog |\nexp exp |")


def fresh(draws: Draws, bounds: Bounds = MANY) -> Program:
    cells = [[random_codon(draws, bounds) for _ in range(draws.below(12))] for _ in range(1 + draws.below(3))]
    return assemble([of(cell) for cell in cells], bounds.length, bounds.cells)


def children(level: Level, mother: Program = MOTHER, father: Program | None = FATHER, n: int = 300) -> list[str]:
    draws = Draws(level)
    return [
        write(vary(Mating(mother, father, level, aligned=bool(i % 2)), draws, MANY, lambda d: fresh(d, MANY)))
        for i in range(n)
    ]


def tried(count: int, bounds: Bounds) -> None:
    """Vary programs again and again; each child is read from its text again, which checks everything."""
    draws, living = Draws(count), [fresh(Draws(seed), bounds) for seed in range(20)]
    for _ in range(count):
        level = draws.choice(list(Level))
        mate = draws.choice(living) if draws.below(3) else None
        mating = Mating(draws.choice(living), mate, level, aligned=bool(draws.below(2)))
        child = vary(mating, draws, bounds, lambda d: fresh(d, bounds))
        Program(child.codons, child.cells)  # raises ValueError unless it is well formed
        assert len(child) <= bounds.length and len(child.cells) <= bounds.cells
        living[draws.below(len(living))] = child


@pytest.mark.parametrize("bounds", [ONE, MANY, Bounds(1, 1, 1), Bounds(3, 2, 1), Bounds(4096, 64, 33)], ids=str)
def test_every_child_is_well_formed_and_within_bounds(bounds: Bounds) -> None:
    tried(1500, bounds)


@pytest.mark.slow
@pytest.mark.parametrize("bounds", [ONE, MANY], ids=str)
def test_a_hundred_thousand_children_are_well_formed(bounds: Bounds) -> None:
    tried(100_000, bounds)


@given(some.integers(0, 2**64 - 1), some.sampled_from(list(Level)), some.booleans())
@settings(deadline=None)
def test_the_same_draws_make_the_same_child_which_its_text_keeps(seed: int, level: Level, aligned: bool) -> None:
    mating = Mating(MOTHER, FATHER, level, aligned)
    one, other = (vary(mating, Draws(seed), MANY, fresh) for _ in range(2))
    assert one == other == read(write(one))
    assert write(MOTHER) == "push 1 write output |\nget 0 add |\nget 2 | mod |"  # parents stay as they are


def test_tuning_moves_one_number_and_leaves_all_instructions() -> None:
    def words(text: str) -> list[str]:
        return [word for word in text.split() if not word.lstrip("-")[0].isdigit()]

    for child in children(Level.TUNE):
        assert words(child) == words(write(MOTHER))
        assert sum(a != b for a, b in zip(child.split(), write(MOTHER).split(), strict=True)) <= 1
    assert len(set(children(Level.TUNE))) > 20


def test_trimming_only_shortens() -> None:
    for child in children(Level.TRIM):
        rest = iter(write(MOTHER).replace("\n", " ").split())
        assert all(word in rest for word in child.split() if word != "|")  # in the same order


def test_points_are_small() -> None:
    lengths = [len(read(child)) - len(MOTHER) for child in children(Level.POINT)]
    assert max(map(abs, lengths)) <= 8 and min(lengths) < 0 < max(lengths)


def test_crossovers_take_code_of_the_mate_only() -> None:
    known = set((write(MOTHER) + " " + write(FATHER)).split())
    for level in (Level.BAR, Level.BRANCH, Level.CELL, Level.BLOCK):
        made = children(level)
        assert all(set(child.split()) <= known for child in made), level
        assert len(set(made)) > 5, level


def test_without_a_mate_code_is_random() -> None:
    known = set((write(MOTHER) + " " + write(FATHER)).split())
    assert any(set(child.split()) - known for child in children(Level.CELL, father=None))


def test_an_aligned_block_comes_from_the_same_cells() -> None:
    draws = Draws(0)
    lines = (write(MOTHER).split("\n"), write(FATHER).split("\n"))
    for _ in range(100):
        child = write(vary(Mating(MOTHER, FATHER, Level.BLOCK, aligned=True), draws, MANY, fresh)).split("\n")
        if len(child) == 3:
            assert all(line in (mother, father) for line, mother, father in zip(child, *lines, strict=True))


def test_a_bar_or_branch_of_a_mate_changes_one_cell() -> None:
    before = write(MOTHER).split("\n")
    for level in (Level.BAR, Level.BRANCH, Level.CELL):
        for child in children(level):
            cells = child.split("\n")
            assert len(cells) == 3 and sum(a != b for a, b in zip(cells, before, strict=True)) <= 1
