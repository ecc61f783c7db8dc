"""Genetic programming: parsing and writing programs, variation within types and bounds, evolution."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

import coevo
from coevo import ConfigError, DataError, Genome, Studio, Works
from coevo.shader import Canvas
from coevo.shader.functions import SIMS, select_functions
from coevo.testing.kit import conform
from coevo.trees.language import Language, Tree, Vector
from coevo_gp.artist import GP
from coevo_gp.variation import MUTATIONS, grafted, mate, merged, mutate, scalar_jittered, unwrapped, wrapped

LANGUAGE = Language(SIMS)


def tree(text: str) -> Tree:
    return LANGUAGE.parse(text)


def random_program(seed: int, low: int = 1, high: int = 4) -> Tree:
    random.seed(seed)
    return LANGUAGE.random_program(Vector, low, high)


def assert_typed(program: Tree) -> None:
    """Every argument has the type that its function takes, and nothing is left over."""

    def check(at: int) -> int:
        node, at = program[at], at + 1
        for type in getattr(node, "args", ()):
            assert program[at].ret is type
            at = check(at)
        return at

    assert program[0].ret is Vector
    assert check(0) == len(program)


@pytest.mark.parametrize(
    "options",
    [
        {"functions": "arithmetic"},
        {"functions": "sims", "population": 6, "novelty": 0.5},
        {"functions": "x,y,+,*,sin", "refine": 0.05, "population": 6},
        {"functions": "arithmetic", "population": 5, "tournament": 2, "elites": 2, "crossover": 1.0},
        {"functions": "arithmetic", "population": 7, "islands": 2, "migration": 0.5},
    ],
)
def test_genetic_programming_conforms(options: dict[str, Any]) -> None:
    conform("artist", GP, options)


# the language


@settings(deadline=None, max_examples=200)
@given(some.integers(0, 2**32))
def test_a_program_is_parsed_as_it_is_written(seed: int) -> None:
    program = random_program(seed)
    again = tree(str(program))
    assert again == program
    assert str(again) == str(program)


def test_conversions_are_inserted_where_types_differ() -> None:
    assert str(tree("(+ x #(1 0 0))")) == "(+ (color x) #(1.0 0.0 0.0))"
    assert str(tree("(bw-noise #(1 2 3) 2)")) == "(color (bw-noise (grey #(1.0 2.0 3.0)) 2.0))"
    assert str(tree("x")) == "(color x)"
    assert str(Language(SIMS, colour=False).parse("#(1 2 3)")) == "(grey #(1.0 2.0 3.0))"


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


# variation


def test_ten_thousand_variations_keep_types_and_bounds() -> None:
    random.seed(1)
    programs = [LANGUAGE.random_program(Vector, 1, 4) for _ in range(50)]
    programs = [program for program in programs if len(program) <= 60]
    for _ in range(5000):
        mutant = mutate(LANGUAGE, random.choice(programs), 1.0, max_nodes=60)
        child = mate(mutant, random.choice(programs), max_nodes=60)
        for one in (mutant, child):
            assert_typed(one)
            assert len(one) <= 60
        programs[random.randrange(len(programs))] = child


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_changes_some_program(mutation: Any) -> None:
    random.seed(2)
    changed = 0
    for seed in range(200):
        program = random_program(seed, 2, 3)
        node = random.randrange(len(program))
        new = mutation(LANGUAGE, program, node)
        if new is not None:
            assert new[0].ret is program[node].ret
            changed += new != list(program[program.searchSubtree(node)])
    assert changed > 5


def test_mutations_are_those_that_sims_names() -> None:
    random.seed(3)
    program = tree("(sin (color (* 0.5 x)))")
    at = [node.name for node in program].index("*")
    constant = at + 1
    jittered = scalar_jittered(LANGUAGE, program, constant)
    assert jittered is not None
    assert 0 < abs(jittered[0].value - 0.5) < 3
    assert scalar_jittered(LANGUAGE, program, at) is None
    around = wrapped(LANGUAGE, program, at)
    assert around is not None
    assert str(Tree(program[program.searchSubtree(at)])) in str(Tree(around))
    assert str(Tree(unwrapped(LANGUAGE, program, at) or [])) in ("0.5", "x")


def test_mating_takes_from_both() -> None:
    random.seed(4)
    mother, father = tree("(+ (sin (color x)) #(1 1 1))"), tree("(* (cos (color y)) #(2 2 2))")
    children = {str(merged(mother, father)) for _ in range(100)}
    assert "(* (sin (color y)) #(1.0 1.0 1.0))" in children
    assert len(children) == 16  # + or *, sin or cos, x or y, 1 or 2
    assert any("2.0" in str(grafted(mother, father)) or "y" in str(grafted(mother, father)) for _ in range(20))


# the artist


def artist(size: int = 16, channels: int = 1, batch: int = 8, **options: Any) -> GP:
    studio = Studio((channels, size, size), batch=batch)
    studio.reseed()
    it = GP(GP.Options(**options), studio)
    it.check()
    it.build()
    return it


def test_first_pictures_show_something() -> None:
    images = artist(batch=20).make(20, None).pixels
    assert images.flatten(1).std(1).min() > 0.05


def test_pictures_are_grey_or_in_colours() -> None:
    work = Works(genomes=(Genome("a", (), "(* #(1 0.5 0.25) (color x))"),))
    rgb = artist(channels=3).render(work, 9)[0]
    torch.testing.assert_close(rgb[1], rgb[0] / 2)
    hsv = artist(channels=3, colour="hsv").render(work, 9)[0]
    assert not torch.allclose(hsv[1], hsv[0] / 2)
    grey = artist().render(work, 9)[0]
    torch.testing.assert_close(grey[0], torch.linspace(-1, 1, 9).expand(9, 9) * 1.75 / 3)


def test_a_program_that_is_too_slow_is_neither_bred_nor_parsed() -> None:
    it = artist(max_instructions=200)
    assert all(it.is_quick(it.deserialize(one.text)) for one in it.population)
    slow = "(blur (blur (blur (bw-noise x y))))"
    with pytest.raises(DataError, match="too slow a program: it takes more than 200 instructions"):
        it.deserialize(slow)


def test_constants_are_learned_by_gradient() -> None:
    it = artist(refine=0.02, functions="arithmetic", elites=1, batch=4, population=4)
    it.seed_population(Works(genomes=(Genome("a", (), "(* 0.2 x)"),) * 4))
    target = torch.linspace(-1, 1, 16).expand(16, 16) * 0.45
    errors = []
    for _ in range(60):
        works = it.make(4, None)
        rewards = -(works.pixels[:, 0] - target).square().mean((1, 2)) - 1
        errors.append(-rewards.max().item() - 1)
        if len(errors) == 1:  # a constant of 0.2 that should be 0.45
            (slope,) = torch.autograd.grad(rewards.sum(), works.ctx.values, retain_graph=True)
            assert slope[0] > 0
        it.learn(works, rewards)
    assert errors[-1] < errors[0] / 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"functions": "foo"}, "no function named 'foo'"),
        ({"functions": "+"}, "plain colours only"),
        ({"elites": 8}, "no room for offspring"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    small = {"population": 8, "elites": 1}
    with pytest.raises(ConfigError, match=message):
        coevo.run("gp-dcnn", rounds=1, runs_dir=tmp_path, batch=8, options={"artist": small | options})


@pytest.mark.parametrize("recipe", ["gp-dcnn", "cppn-dcnn"])
def test_evolution_resumes_exactly(recipe: str, tmp_path: Path) -> None:
    small = {"artist": {"population": 8, "elites": 1}, "critic": {"width": 4}, "data": {"size": 16}}
    options = {"batch": 8, "runs_dir": tmp_path, "options": small}
    straight = coevo.run(recipe, rounds=4, name="straight", **options)  # type: ignore[arg-type]
    coevo.run(recipe, rounds=2, name="halves", **options)  # type: ignore[arg-type]
    halves = coevo.resume("halves", runs_dir=tmp_path, rounds=4)
    assert halves.artist.population == straight.artist.population  # type: ignore[attr-defined]
    assert torch.equal(halves.artist.make(8, None).images, straight.artist.make(8, None).images)  # type: ignore[arg-type]


def test_the_cost_of_a_program_is_estimated_without_compiling_it() -> None:
    for seed in range(60):
        program = random_program(seed, 1, 3)
        if (cost := LANGUAGE.cost(program)) < 20_000:
            canvas = Canvas()
            LANGUAGE.value(program, canvas)
            assert len(canvas) - len(canvas.constants) <= 1.05 * cost + 7  # x, y, and what r and theta are made of
    assert LANGUAGE.cost(tree("(blur (blur x))")) > 9 * LANGUAGE.cost(tree("(blur x)")) / 2
