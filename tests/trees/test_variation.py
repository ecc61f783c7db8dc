"""Variation of programs: within types and bounds, and in machine code as in Python."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.native import Draws, native
from coevo.shader.functions import ARITHMETIC, SIMS, select_functions
from coevo.trees import machine
from coevo.trees.grammar import Grammar
from coevo.trees.language import Language
from coevo.trees.tree import SCALAR, VECTOR, Tree
from coevo.trees.variation import (
    MAX_DEPTH,
    MUTATIONS,
    Bounds,
    Program,
    grafted,
    merged,
    offspring,
    random_tree,
    scalar_jittered,
    unwrapped,
    wrapped,
)

LANGUAGE = Language(SIMS)
LANGUAGES = [LANGUAGE, Language(SIMS, False), Language(ARITHMETIC), Language(ARITHMETIC, False)]
LANGUAGES.append(Language(select_functions("x,y")))  # no function but the conversions
WIDE = Bounds(60, 3000)
needs_machine_code = pytest.mark.skipif(native() is None, reason="coevo was installed without a compiler")


def program(text: str) -> Program:
    return Program(LANGUAGE.grammar, LANGUAGE.parse(text).nodes())


def text(nodes: Any) -> str:
    return LANGUAGE.text(Tree.of(nodes))


def random_programs(language: Language, seed: int, n: int, bounds: Bounds = WIDE) -> list[Tree]:
    return machine.grow(language.grammar, range(seed, seed + n), language.root, 1, 4, bounds)


def assert_within(grammar: Grammar, root: int, tree: Tree, bounds: Bounds) -> None:
    """Every argument has the type that its function takes, nothing is left over, and no bound is passed."""
    codes = tree.codes.tolist()
    assert grammar.rules[codes[0]].gives == root
    grammar.ends(codes)
    assert len(tree.numbers) == sum(len(numbers) for _, numbers in tree.nodes())
    assert len(tree) <= bounds.nodes and grammar.price(codes) <= bounds.price and grammar.height(codes) <= MAX_DEPTH


@needs_machine_code
@settings(deadline=None, max_examples=150)
@given(
    some.sampled_from(LANGUAGES),
    some.integers(0, 2**64 - 1),
    some.floats(0, 6),
    some.integers(1, 200),
    some.integers(1, 4000),
    some.booleans(),
)
def test_machine_code_gives_the_same_offspring(
    language: Language, seed: int, mutation: float, nodes: int, price: int, mates: bool
) -> None:
    grammar, bounds = language.grammar, Bounds(nodes, price, mutation)
    mother, father = (random_tree(grammar, seed ^ i, language.root, 0, 5, Bounds(300, 10**6)) for i in (1, 2))
    made = machine.grow(grammar, [seed], language.root, 0, 4, bounds)
    assert made == [random_tree(grammar, seed, language.root, 0, 4, bounds)]
    pair = (mother, father if mates else None)
    assert machine.vary(grammar, [pair], [seed], bounds) == [offspring(grammar, seed, *pair, bounds)]


@needs_machine_code
def test_a_hundred_thousand_variations_stay_typed_and_within_bounds() -> None:
    draws = Draws(1)
    for language in LANGUAGES[:4]:
        grammar, population = language.grammar, random_programs(language, 0, 1000)
        for _ in range(25):
            pairs = [(draws.choice(population), draws.choice([None, draws.choice(population)])) for _ in range(1000)]
            population = machine.vary(grammar, pairs, [draws.bits() for _ in pairs], WIDE)
            for tree in population:
                assert_within(grammar, language.root, tree, WIDE)
        assert len(set(population)) > 500


def test_offspring_do_not_depend_on_what_is_bred_beside_them() -> None:
    trees = random_programs(LANGUAGE, 0, 30)
    pairs = [(one, other) for one, other in zip(trees, [*trees[1:], None], strict=True)]
    seeds = list(range(30))
    assert (
        machine.vary(LANGUAGE.grammar, pairs[7:9], seeds[7:9], WIDE)
        == (machine.vary(LANGUAGE.grammar, pairs, seeds, WIDE)[7:9])
    )


@needs_machine_code
@pytest.mark.parametrize(
    "tree",
    [
        Tree.of([]),
        Tree.of([(2, ())]),  # lacks an argument
        Tree.of([(0, (1.0,))] * 2),  # two programs
        Tree.of([(60_000, ())]),  # no code of the grammar
        Tree.of([(2, ()), (1, (0.1, 0.2, 0.3))]),  # of another type
        Tree(Tree.of([(1, (0.0,) * 3)]).code_bytes, b""),  # lacks numbers
    ],
)
def test_what_is_no_program_is_refused(tree: Tree) -> None:
    good = random_programs(LANGUAGE, 0, 1)[0]
    for pair in ((tree, None), (good, tree)):
        with pytest.raises(ValueError, match="not a program of this grammar"):
            machine.vary(LANGUAGE.grammar, [pair], [1], WIDE)
    with pytest.raises(ValueError, match="not a program of this grammar"):
        machine.write(LANGUAGE.grammar, [tree])


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_changes_some_program(mutation: Any) -> None:
    draws = Draws(2)
    changed = 0
    for tree in random_programs(LANGUAGE, 0, 200):
        parent = Program(LANGUAGE.grammar, tree.nodes())
        node = draws.below(len(parent))
        new = mutation(parent, node, draws)
        if new is not None:
            assert Program(LANGUAGE.grammar, new).type(0) == parent.type(node)
            changed += new != parent.subtree(node)
    assert changed > 5


def test_mutations_are_those_that_sims_names() -> None:
    parent, draws = program("(sin (color (* 0.5 x)))"), Draws(3)
    at = [LANGUAGE.grammar.rules[code].symbol for code, _ in parent.nodes].index("*")
    jittered = scalar_jittered(parent, at + 1, draws)
    assert jittered is not None
    assert 0 < abs(jittered[0][1][0] - 0.5) < 3
    assert scalar_jittered(parent, at, draws) is None
    around = wrapped(parent, at, draws)
    assert around is not None and text(parent.subtree(at)) in text(around)
    assert text(unwrapped(parent, at, draws)) in ("0.5", "x")


def test_mating_takes_from_both() -> None:
    draws = Draws(4)
    mother, father = program("(+ (sin (color x)) #(1 1 1))"), program("(* (cos (color y)) #(2 2 2))")
    children = {text(merged(mother, father, draws)) for _ in range(100)}
    assert "(* (sin (color y)) #(1.0 1.0 1.0))" in children
    assert len(children) == 16  # + or *, sin or cos, x or y, 1 or 2
    grafts = [text(grafted(mother, father, draws)) for _ in range(20)]
    assert any("2.0" in graft or "y" in graft for graft in grafts)


def test_random_programs_are_half_full_and_of_every_depth() -> None:
    random.seed(1)
    heights = [
        LANGUAGE.grammar.height(LANGUAGE.random_program(SCALAR, 2, 4).codes.tolist()) for _ in range(300)
    ]  # a constant vector that becomes a coordinate is one deeper
    assert {2, 3, 4} <= set(heights) <= {2, 3, 4, 5}
    assert LANGUAGE.root == VECTOR
