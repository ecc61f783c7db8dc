"""The language of programs: text, DEAP's trees, meaning and price."""

from __future__ import annotations

import random

import pytest
from deap import gp
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo import ConfigError, DataError
from coevo.shader import Canvas
from coevo.shader.functions import SIMS, select_functions
from coevo.trees import machine
from coevo.trees.language import Language, Vector
from coevo.trees.tree import VECTOR, Tree

LANGUAGE = Language(SIMS)


def tree(text: str) -> Tree:
    return LANGUAGE.parse(text)


def random_program(seed: int, low: int = 1, high: int = 4) -> Tree:
    random.seed(seed)
    return LANGUAGE.random_program(VECTOR, low, high)


@settings(deadline=None, max_examples=200)
@given(some.integers(0, 2**32))
def test_a_program_is_parsed_as_it_is_written(seed: int) -> None:
    program = random_program(seed)
    again = tree(LANGUAGE.text(program))
    assert again == program
    assert LANGUAGE.text(again) == LANGUAGE.text(program)


@settings(deadline=None, max_examples=200)
@given(some.integers(0, 2**32))
def test_deaps_trees_convert_both_ways_without_loss(seed: int) -> None:
    program = random_program(seed)
    its = LANGUAGE.to_deap(program)
    assert LANGUAGE.from_deap(its) == program
    assert its.root.ret is Vector and its.searchSubtree(0).stop == len(its) == len(program)
    assert its.height == LANGUAGE.grammar.height(program.codes.tolist())


def test_deaps_operators_work_on_programs() -> None:
    random.seed(1)
    one, other = (LANGUAGE.to_deap(random_program(seed, 3, 4)) for seed in (1, 2))
    for child in map(LANGUAGE.from_deap, gp.cxOnePoint(one, other)):
        assert LANGUAGE.parse(LANGUAGE.text(child)) == child


@settings(deadline=None)
@given(some.lists(some.floats(-1e29, 1e29) | some.integers(-(10**13), 10**13).map(lambda n: n / 1e4), max_size=50))
def test_numbers_are_written_as_python_writes_them(numbers: list[float]) -> None:
    text = "0.5"
    for number in numbers:
        text = f"(+ {number!r} {text})"
    greys = Language(SIMS, colour=False)
    assert greys.text(greys.parse(text)) == text


def test_texts_of_the_same_trees_are_the_same_without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = [random_program(seed) for seed in range(200)]
    written = LANGUAGE.texts(programs)
    monkeypatch.setattr(machine, "native", lambda: None)
    assert LANGUAGE.texts(programs) == written


def test_conversions_are_inserted_where_types_differ() -> None:
    assert LANGUAGE.text(tree("(+ x #(1 0 0))")) == "(+ (color x) #(1.0 0.0 0.0))"
    assert LANGUAGE.text(tree("(bw-noise #(1 2 3) 2)")) == "(color (bw-noise (grey #(1.0 2.0 3.0)) 2.0))"
    assert LANGUAGE.text(tree("x")) == "(color x)"
    greys = Language(SIMS, colour=False)
    assert greys.text(greys.parse("#(1 2 3)")) == "(grey #(1.0 2.0 3.0))"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it ends too early"),
        ("(+ x", "a parenthesis is not closed"),
        ("(+ x y) y", "'y' follows its end"),
        ("(+ x)", r"'\+' takes 2 arguments, not 1"),
        ("(__import__ x)", "calls '__import__', which is not a function"),
        ("(x)", "calls 'x', which is not a function"),
        ("foo", "'foo' is neither a number nor a name"),
        ("(+ nan x)", "nan is not a number that a picture can use"),
        ("#(1 2)", r"'\)' is neither a number"),
        ("#(1 2 3", r"a vector is written #\(0.1 0.2 0.3\)"),
        ("(abs " * 80 + "x" + ")" * 80, "nested more than 60 deep"),
        ("(+ x " * 5000, r"20,000|4,000 words at most"),
    ],
)
def test_text_that_is_not_a_program_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        tree(text)


def test_a_program_means_what_its_functions_mean() -> None:
    canvas = Canvas()
    red, green, blue = LANGUAGE.value(tree("(* #(1 2 3) (color (+ x y)))"), canvas)
    both = canvas.x + canvas.y
    assert [red.node, green.node, blue.node] == [both.node, (both * 2).node, (both * 3).node]


def test_a_language_needs_a_coordinate() -> None:
    with pytest.raises(ConfigError, match="without x, y, r or theta makes plain colours only"):
        Language(select_functions("+,*"))


def test_the_price_of_a_program_is_estimated_without_compiling_it() -> None:
    for seed in range(60):
        program = random_program(seed, 1, 3)
        if (price := LANGUAGE.price(program)) < 20_000:
            canvas = Canvas()
            LANGUAGE.value(program, canvas)
            assert len(canvas) - len(canvas.constants) <= 1.05 * price + 7  # x, y, and what r and theta are made of
    assert LANGUAGE.price(tree("(blur (blur x))")) > 9 * LANGUAGE.price(tree("(blur x)")) / 2
