"""The ladder on small problems: who takes whose place, how many children there are, and exact resume."""

from __future__ import annotations

import json
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.native import Draws
from coevo_hercl.ladder import CHAMPION, Candidate, Ladder, Level, Mating, Merit
from coevo_hercl.library import BANK, Library

TARGET = "line drawings"
LETTERS = "adegilnrsw "


def vary(mating: Mating[str], draws: Draws) -> str:
    """Changes of a text that are larger on higher levels: from a letter to all of them."""
    text, reach = mating.parent, 2 ** (mating.level - 1) if mating.level > Level.TRIM else 1
    place = draws.below(len(text))
    mate = mating.mate or "".join(draws.choice(LETTERS) for _ in text)
    if mating.level <= Level.POINT:
        return text[:place] + draws.choice(LETTERS) + text[place + 1 :]
    return (text[:place] + mate[place : place + reach] + text[place + reach :])[: len(text)]


def cost(text: str) -> Merit:
    return Merit(0, sum(a != b for a, b in zip(text, TARGET, strict=True)) / len(TARGET))


def ladder(seed: int = 0) -> Ladder[str]:
    it = Ladder(" " * len(TARGET), vary, Library(len(Level)), seed)
    it.remeasure([cost(it.champion.genome)])
    return it


def climb(it: Ladder[str], batches: int, n: int = 8) -> None:
    for _ in range(batches):
        it.propose(n)
        it.accept([cost(child.genome) for child in it.pending])


@pytest.mark.parametrize("n", [1, 8, 32])
def test_it_finds_a_sentence_whether_children_come_one_by_one_or_together(n: int) -> None:
    it = ladder()
    for _ in range(40_000 // n):
        climb(it, 1, n)
        if it.champion.genome == TARGET:
            break
    assert it.champion.genome == TARGET


@settings(max_examples=20, deadline=None)
@given(some.integers(0, 2**32), some.integers(1, 20))
def test_levels_fall_from_rung_to_rung_and_the_champion_only_gets_better(seed: int, n: int) -> None:
    it = ladder(seed)
    best = it.champion.merit.total
    for _ in range(60):
        climb(it, 1, n)
        levels = [one.level for one in it.rungs]
        assert levels == sorted(set(levels), reverse=True) and levels[0] == CHAMPION
        assert all(one.level > Level.POINT for one in it.rungs)
        assert it.champion.merit.total <= best
        best = it.champion.merit.total
        it.propose(n)
        assert len(it.pending) == n
        assert all(child.level < it.rungs[child.rung].level for child in it.pending)


def test_a_better_child_takes_its_parents_place_and_those_below() -> None:
    it = ladder()
    it.rungs = [
        Candidate("champion", CHAMPION, merit=Merit(0, 3.0)),
        Candidate("first", Level.CELL, merit=Merit(0, 4.0)),
        Candidate("second", Level.BAR, merit=Merit(0, 5.0)),
    ]
    it.pending = [Candidate("good", Level.POINT, rung=2), Candidate("bad", Level.POINT, rung=2)]
    it.accept([Merit(0, 1.0), Merit(0, 9.0)])
    assert [(one.genome, one.level) for one in it.rungs] == [("good", CHAMPION)]
    culled = {name for bank in it.library.banks for name in bank}
    assert culled == {"champion", "first", "second", "bad"}


def test_a_large_change_that_is_not_better_becomes_a_challenger_and_a_small_one_does_not() -> None:
    it = ladder()
    it.remeasure([Merit(0, 1.0)])
    it.pending = [Candidate("point", Level.POINT), Candidate("cell", Level.CELL), Candidate("bar", Level.BAR)]
    it.accept([Merit(0, 2.0), Merit(0, 4.0), Merit(0, 3.0)])
    assert [one.genome for one in it.rungs][1:] == ["bar"]  # the better of the two


def test_on_a_full_ladder_a_challenger_is_culled() -> None:
    it = Ladder("champion", vary, Library(len(Level)), seed=0, rungs=2)
    it.rungs = [
        Candidate("champion", CHAMPION, merit=Merit(0, 1.0)),
        Candidate("cell", Level.CELL, merit=Merit(0, 2.0)),
    ]
    it.pending = [Candidate("bar", Level.BAR, rung=1)]
    it.accept([Merit(0, 3.0)])
    assert [one.genome for one in it.rungs] == ["champion", "cell"]
    assert it.library.banks[Level.BAR] == ["bar"]


def test_large_changes_may_have_a_mate_and_small_ones_have_none() -> None:
    with_mate = set[Level]()

    def note(mating: Mating[str], draws: Draws) -> str:
        if mating.mate is not None:
            with_mate.add(mating.level)
        return "child"

    it = Ladder("champion", note, Library(len(Level)), seed=0)
    it.library.remember("mate")
    it.propose(300)
    assert with_mate == {Level.BAR, Level.BRANCH, Level.CELL, Level.BLOCK}


def test_a_challenger_whose_children_are_no_better_is_culled_in_the_end() -> None:
    it = ladder()
    it.remeasure([Merit(0, 1.0)])
    it.pending = [Candidate("bar", Level.BAR)]
    it.accept([Merit(0, 2.0)])
    children = 0
    while len(it.rungs) > 1:
        it.propose(1)
        children += 1
        it.accept([Merit(0, 3.0)])
        assert children <= 2**5
    assert children == 2**5


def test_what_is_no_answer_is_worse_than_any_answer_and_undefined_costs_are_the_worst() -> None:
    it = ladder()
    it.remeasure([Merit(0, 1e9)])
    it.pending = [Candidate("silent", Level.POINT), Candidate("undefined", Level.POINT)]
    it.accept([Merit(1, 0.0), Merit(0, nan)])
    assert it.champion.genome not in ("silent", "undefined")
    assert Merit(0, nan).total == inf


def test_of_equally_good_programs_the_shorter_one_is_better() -> None:
    it = ladder()
    it.remeasure([Merit(0, 1.0, effort=50)])
    it.pending = [Candidate("shorter", Level.TRIM), Candidate("longer", Level.TRIM)]
    it.accept([Merit(0, 1.0, effort=49), Merit(0, 1.0, effort=51)])
    assert it.champion.genome == "shorter"


def test_when_the_task_changes_a_challenger_may_be_the_better_one() -> None:
    it = ladder()
    it.rungs = [Candidate("old", CHAMPION, merit=Merit(0, 1.0)), Candidate("new", Level.CELL, merit=Merit(0, 2.0))]
    it.remeasure([Merit(0, 5.0), Merit(0, 4.0)])
    assert [one.genome for one in it.rungs] == ["new"]


def test_children_of_a_challenger_that_rose_are_judged_beside_it() -> None:
    it = ladder()
    it.rungs = [Candidate("old", CHAMPION, merit=Merit(0, 1.0)), Candidate("new", Level.CELL, merit=Merit(0, 2.0))]
    it.pending = [Candidate("child", Level.POINT, rung=1), Candidate("other", Level.BAR, rung=1)]
    it.remeasure([Merit(0, 5.0), Merit(0, 4.0)])
    it.accept([Merit(0, 3.0), Merit(0, 9.0)])
    assert it.champion.genome == "child" and it.champion.level == CHAMPION


@pytest.mark.parametrize("stop", [1, 7, 50])
def test_it_goes_on_from_its_state_as_if_nothing_had_happened(stop: int) -> None:
    it = ladder(3)
    climb(it, stop)
    it.propose(8)  # in the middle, children wait to be judged
    saved = json.loads(json.dumps([it.state(str), it.library.state(str)]))
    twin = ladder(99)
    twin.restore(saved[0], str)
    twin.library.restore(saved[1], str)
    for one in (it, twin):
        one.accept([cost(child.genome) for child in one.pending])
        climb(one, 50)
    assert [it.state(str), it.library.state(str)] == [twin.state(str), twin.library.state(str)]


def test_a_bank_is_bounded_and_new_code_is_among_the_first() -> None:
    library, draws = Library[int](1), Draws(0)
    for number in range(3000):
        library.cull(number, 0, draws)
    bank = library.banks[0]
    assert len(bank) == BANK
    assert sum(bank[:8]) > sum(bank[-8:])


def test_a_library_without_room_remembers_nobody() -> None:
    library = Library[str](1, champions=0)
    library.remember("champion")
    assert library.champion(Draws(0)) is None and library.culled(Draws(0)) is None
