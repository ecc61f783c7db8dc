"""Cellular automata and agents: known patterns, machine code beside NumPy, pictures, text, variation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

import coevo
from coevo import ConfigError, DataError, Genome, Studio, Works
from coevo.native import native
from coevo.shader import forest, machine, plan
from coevo.shader.forest import checked, plan_trees
from coevo.shader.templates import Templates
from coevo.testing.kit import conform
from coevo.trees.language import Language
from coevo.trees.tree import forest as forest_of
from coevo_ca import growth
from coevo_ca.artist import CA, CACHE
from coevo_ca.cache import PictureCache
from coevo_ca.growth import first_cells, first_state, grown, painted
from coevo_ca.neighbourhood import AUTOMATON, NEIGHBOURHOOD, WITH_AGENTS

SMALL = {"grid": 16, "steps": 6, "population": 6}
LANGUAGE = Language({**WITH_AGENTS, **AUTOMATON})
TEMPLATES = Templates(LANGUAGE.primitives)


@pytest.mark.parametrize(
    "options",
    [
        SMALL,
        SMALL | {"paint": False, "inertia": 0.0, "start": "noise"},
        SMALL | {"agents": 9, "colour": "hsv", "novelty": 0.5},
        SMALL | {"functions": "arithmetic", "crossover": 1.0, "elites": 2, "species": 2},
    ],
)
def test_automata_conform(options: dict[str, Any]) -> None:
    conform("artist", CA, options)


# growth


def plan_of(*expressions: str, height: int, width: int) -> plan.Plan:
    trees = checked(forest_of([LANGUAGE.parse(one) for one in expressions]))
    return plan_trees(TEMPLATES, trees, 3, None, 0, len(expressions), height, width)


LIFE = "(if (= sum #(3 3 3)) #(1 1 1) (if (= sum #(2 2 2)) cell #(0 0 0)))"
"""Conway's: a dead cell with three living neighbours lives, a living one with two or three stays alive."""


def lived(cells: np.ndarray, generations: int, rule: str = LIFE) -> np.ndarray:
    """Cells [H, W] of 0 and 1 after some generations."""
    start = np.repeat(cells[None].astype(np.float32), 3, 0)
    end = grown(plan_of(rule, height=cells.shape[0], width=cells.shape[1]), start, 0.0, generations)
    return end[0].astype(int)


def on_a_field(*rows: str, side: int = 12) -> np.ndarray:
    cells = np.zeros((side, side), int)
    for y, row in enumerate(rows):
        cells[y + 3, 3 : 3 + len(row)] = [cell == "#" for cell in row]
    return cells


def test_conways_block_stays_as_it_is() -> None:
    block = on_a_field("##", "##")
    np.testing.assert_array_equal(lived(block, 5), block)


def test_conways_blinker_blinks() -> None:
    blinker, turned = on_a_field("   ", "###"), on_a_field(" #", " #", " #")
    np.testing.assert_array_equal(lived(blinker, 1), turned)
    np.testing.assert_array_equal(lived(blinker, 2), blinker)


def test_conways_glider_moves_by_a_cell_in_four_generations_and_around_the_torus() -> None:
    glider = on_a_field(" #", "  #", "###")
    np.testing.assert_array_equal(lived(glider, 4), np.roll(glider, (1, 1), (0, 1)))
    np.testing.assert_array_equal(lived(glider, 48), glider)


@given(seed=some.integers(0, 1000), height=some.integers(3, 40), width=some.integers(3, 40))
@settings(deadline=None, max_examples=25)
def test_life_is_lived_by_its_rule_whatever_the_cells(seed: int, height: int, width: int) -> None:
    cells = np.random.default_rng(seed).integers(0, 2, (height, width))
    around = sum(np.roll(cells, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) - cells
    np.testing.assert_array_equal(lived(cells, 1), (around == 3) | ((around == 2) & (cells == 1)))


def test_life_in_arithmetic_lives_the_same() -> None:
    cells = np.random.default_rng(1).integers(0, 2, (32, 32))
    arithmetic = "(< (abs (- (+ (* 2 sum) cell) 6)) 1.5)"
    np.testing.assert_array_equal(lived(cells, 20, arithmetic), lived(cells, 20))


def test_terminals_are_what_they_are_called() -> None:
    start = first_state("noise", 7, 9)
    shifted = {(x, y): np.roll(start, (-y, -x), (1, 2)) for x in (-1, 0, 1) for y in (-1, 0, 1)}
    all = np.stack(list(shifted.values()))
    mean = (all.sum(0) - start) / 8

    def sobel(x: int, y: int) -> np.ndarray:
        weights = {(a, b): (a * x + b * y) * (2 if 0 in (a, b) else 1) for a, b in shifted}
        return sum(weight * shifted[place] for place, weight in weights.items()) / 8  # type: ignore[no-any-return]

    expected = {
        "cell": start, "north": shifted[0, -1], "east": shifted[1, 0], "south": shifted[0, 1], "west": shifted[-1, 0],
        "(* sum 0.125)": mean, "mean": mean, "laplacian": mean - start, "slope-x": sobel(1, 0), "slope-y": sobel(0, 1),
        "least": all.min(0), "greatest": all.max(0), "tone": start.mean(0, keepdims=True).repeat(3, 0),
        "mean-tone": mean.mean(0, keepdims=True).repeat(3, 0), "time": np.full_like(start, -1),
        "(turn cell)": start[[1, 2, 0]],
    }  # fmt: skip
    assert NEIGHBOURHOOD.keys() - expected.keys() == {"sum"}
    for name, value in expected.items():
        found = grown(plan_of(name, height=7, width=9), start, 0.0, 1)[:3]
        np.testing.assert_allclose(found, value.clip(-1, 1), atol=1e-6, err_msg=name)


def test_inertia_keeps_a_share_of_the_state() -> None:
    start = first_state("scatter", 8, 8)
    its = plan_of("#(1 1 1)", height=8, width=8)
    np.testing.assert_allclose(grown(its, start, 0.75, 2)[:3], 1 + (start - 1) * 0.75**2, atol=1e-6)


INFINITE = "(* (* cell #(9e29 0 0)) (* cell #(9e29 0 0)))"


def test_an_agent_paints_its_way() -> None:
    start = np.full((3, 4, 5), -1, np.float32)
    straight = plan_of("#(1 0 0.5)", "#(1 0 0)", height=4, width=5)
    colours = painted(straight, start, np.array([7]), 3)
    assert colours[0].astype(int).tolist() == [[-1] * 5, [-1, -1, 1, 1, 1], [-1] * 5, [-1] * 5]
    assert colours[2, 1].tolist() == [-1, -1, 0.5, 0.5, 0.5]
    lifted = plan_of("#(1 0 0.5)", "#(1 1 -0.6)", height=4, width=5)
    np.testing.assert_array_equal(painted(lifted, start, np.array([7]), 9), start)


@pytest.mark.parametrize("loops", ["machine code", "NumPy"])
@pytest.mark.parametrize(("far", "way"), [(INFINITE, 1), (f"(- {INFINITE} {INFINITE})", -1)], ids=["infinite", "none"])
def test_an_agent_moves_by_a_cell_at_most(far: str, way: int, loops: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So every move is a whole number, whatever its rule computes."""
    if loops == "NumPy":
        monkeypatch.setattr(growth, "machine_code", lambda: None)
    start = np.full((3, 1, 5), -1, np.float32)
    colours = painted(plan_of("#(1 1 1)", far, height=1, width=5), start, np.array([2]), 2)
    assert np.flatnonzero(colours[0, 0] == 1).tolist() == sorted([2, 2 + way])


def test_of_two_agents_in_one_cell_the_later_paints_last() -> None:
    start = np.full((3, 3, 3), -1, np.float32)
    start[0, 0, 0] = 0.25  # the first agent brings a colour of its own from the left
    meeting = plan_of("cell", "(if (= cell 0.25) #(1 0 0) #(0 0 0))", height=3, width=3)
    colours = painted(meeting, start, np.array([0, 4]), 1)
    assert colours[0, 0, 0] == 0.25 and colours[0, 1, 1] == -1
    both = plan_of("time", "#(0 0 1)", height=3, width=3)
    assert painted(both, start, np.array([4, 4]), 3)[0, 1, 1] == 1


def test_agents_know_their_own_number_and_how_crowded_it_is() -> None:
    start = np.full((3, 3, 4), -1, np.float32)
    cells = np.array([0, 1, 5, 11])  # on a torus, the last one is diagonally next to the first
    own = painted(plan_of("(color self)", "#(0 0 0)", height=3, width=4), start, cells, 1)[0].ravel()[cells]
    assert len(set(own.tolist())) == 4 and (own > 0.5).all() and (own <= 1).all()
    crowds = painted(plan_of("(color crowd)", "#(0 0 0)", height=3, width=4), start, cells, 1)[0].ravel()[cells]
    assert (crowds * 8).tolist() == [3, 2, 2, 1]


RULES = (
    "(+ cell (* laplacian 0.7))", "(if (< mean cell) (turn north) (sin (* sum #(0.3 0.9 -0.4))))",
    "(mod (- greatest west) (+ slope-x (cos time)))", "(dissolve (tanh slope-y) least mean-tone)",
)  # fmt: skip


@pytest.mark.skipif(native() is None, reason="no machine code was built: there is no C compiler here")
@pytest.mark.parametrize("start", growth.STARTS)
def test_machine_code_grows_the_same_bytes_as_numpys_loops(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = first_state(start, 21, 34)

    def all() -> list[np.ndarray]:
        found = [grown(plan_of(rule, height=21, width=34), first, kept, 9) for rule in RULES for kept in (0, 0.5)]
        cells = first_cells(40, 21, 34)
        return [*found, *(painted(plan_of(rule, RULES[1], height=21, width=34), first, cells, 9) for rule in RULES)]

    by_machine = all()
    monkeypatch.setattr(growth, "machine_code", lambda: None)
    for one, other in zip(by_machine, all(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_machine_code_the_same_automata_are_bred_and_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def bred() -> tuple[list[Genome], torch.Tensor]:
        it = artist(batch=6, **SMALL)
        it.learn(it.make(6, None), torch.arange(6.0))
        return it.population, it.make(6, None).pixels

    genomes, pixels = bred()
    for module in (machine, forest):
        monkeypatch.setattr(module, "native", lambda: None)
    monkeypatch.setattr(growth, "machine_code", lambda: None)
    monkeypatch.setattr(plan._kept, "registers", plan.NOTHING, raising=False)
    slow_genomes, slow_pixels = bred()
    assert [one.text for one in slow_genomes] == [one.text for one in genomes]
    assert (pixels - slow_pixels).abs().gt(1e-3).float().mean() < 0.05  # a last bit may decide a cell, and then others


# the artist


def artist(size: int = 32, channels: int = 3, batch: int = 8, picks: bool = False, **options: Any) -> CA:
    studio = Studio((channels, size, size), batch=batch, picks=picks)
    studio.reseed()
    it = CA(CA.Options(**options), studio)
    it.check()
    it.build()
    return it


def works_of(*texts: str) -> Works:
    return Works(genomes=tuple(Genome(str(i), (), text) for i, text in enumerate(texts)))


def test_life_can_be_the_rule_of_a_picture() -> None:
    it = artist(paint=False, inertia=0.0, steps=3, max_instructions=100)
    picture = it.render(works_of(f"noise: {LIFE}"), 32)[0]
    assert set(picture.unique().tolist()) <= {0.0, 1.0}


def test_a_picture_of_any_size_shows_the_cells_of_one_grid() -> None:
    it = artist(size=32, grid=16, **{"steps": 5, "population": 6})
    small, exact, large = (it.render(it.works(), size) for size in (8, 16, 48))
    assert torch.equal(large, exact.repeat_interleave(3, 2).repeat_interleave(3, 3))
    torch.testing.assert_close(small, torch.nn.functional.avg_pool2d(exact, 2), rtol=0, atol=1e-5)
    assert torch.equal(it.make(6, None).pixels, it.render(it.works(), 32))


def test_a_picture_depends_on_its_genome_alone() -> None:
    it = artist(batch=8, **SMALL)
    together = it.works()
    for one in range(6):
        assert torch.equal(artist(batch=8, **SMALL).render(together[one : one + 1], 32)[0], together.pixels[one])


def test_any_number_of_threads_draws_the_same() -> None:
    pictures = []
    for threads in (1, 3):
        it = artist(**SMALL)
        it.studio.threads = threads
        it.cache = PictureCache(CACHE)
        pictures.append(it.draw([it.genome(one) for one in it.population], 32, 32))
    assert torch.equal(*pictures)


@pytest.mark.parametrize("channels", [1, 3])
def test_only_pictures_are_kept_and_not_what_they_were_cut_from(channels: int) -> None:
    it = artist(channels=channels, paint=False, **SMALL)
    genomes = list(map(it.genome, it.population))
    assert all(picture.base is None for picture in it._grown(genomes, 16, 16))


def test_pictures_that_are_used_again_are_kept_longest() -> None:
    cache, grown = PictureCache[str](limit=24), list[str]()

    def grow(keys: list[str]) -> list[np.ndarray]:
        grown.extend(keys)
        return [np.full(2, ord(key), np.float32) for key in keys]  # of 8 bytes

    for keys in ("abc", "a", "dd", "ab", "e"):
        assert [int(picture[0]) for picture in cache(keys, grow)] == list(map(ord, keys))
        assert cache.size <= 24
    assert "".join(grown) == "abcdbe"
    cache("a", grow)
    assert len(grown) == 6


@pytest.mark.parametrize("limits", [{"max_nodes": 6}, {"max_instructions": 10}, {"max_nodes": 1000, "max_depth": 8}])
@pytest.mark.parametrize("agents", [0, 4])
def test_random_rules_are_within_the_limits(limits: dict[str, int], agents: int) -> None:
    it = artist(batch=60, grid=16, steps=2, agents=agents, **limits)
    for genome in map(it.genome, it.population):
        assert max(map(len, genome.trees)) <= it.options.max_nodes
        it.deserialize(it.serialize(genome))


def test_paint_colours_the_last_state() -> None:
    grey = artist(paint=False, **SMALL).render(works_of("blob: mean"), 16)
    red = artist(**SMALL).render(works_of("blob: mean | (* cell #(1 0 0))"), 16)
    torch.testing.assert_close(red[:, 0], grey[:, 0])
    assert not red[:, 1:].any()


def test_grey_pictures_show_the_first_number() -> None:
    colour, grey = artist(**SMALL), artist(channels=1, **SMALL)
    assert torch.equal(grey.render(colour.works(), 32)[:, 0], colour.works().pixels[:, 0])


def test_first_sheets_show_something() -> None:
    it = artist(size=64, batch=12, picks=True, steps=32)
    assert it.shows(it.works().pixels).mean() > 0.8


def test_offspring_grow_from_other_starts_only_where_any_may_be() -> None:
    for start, expected in (("any", 4), ("noise", 1)):
        it = artist(start=start, batch=60, **{"grid": 16, "steps": 2})
        for _ in range(4):
            it.learn(it.works(), torch.arange(60.0))
        assert len({one.text.partition(":")[0] for one in it.population}) == expected


def test_genomes_are_text_without_loss() -> None:
    for options in ({}, {"paint": False}, {"agents": 5}):
        it = artist(batch=30, **{"grid": 16, "steps": 3}, **options)
        for one in it.population:
            assert it.serialize(it.deserialize(one.text)) == one.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "should begin with one of cell, blob, scatter, noise, and a colon"),
        ("cell (sin mean)", "should begin with one of"),
        ("soup: mean | cell", "should begin with one of"),
        ("cell: mean", "its expressions are 1 and should be 2"),
        ("cell: mean | cell | cell", "its expressions are 3"),
        ("cell: mean | (sin", "is not a program"),
        ("cell: mean | (north cell)", "is not a program"),
        ("cell: (blur mean) | cell", "is not a program"),
        ("cell: #(1e40 0 0) | cell", "not a number that a picture can use"),
        (f"cell: {'(sin ' * 200}mean{')' * 200} | cell", "is not a program"),
        (f"cell: {'(* (sin mean) ' * 50}cell{')' * 50} | cell", "takes more than 300 instructions"),
    ],
)
def test_what_is_no_automaton_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        artist(**SMALL).deserialize(text)


def test_wrong_options_are_one_sentence(tmp_path: Path) -> None:
    for options, message in (
        ({"functions": "foo"}, "no function named 'foo'"),
        ({"agents": 4, "inertia": 0.2}, "artist.inertia"),
    ):
        with pytest.raises(ConfigError, match=message):
            coevo.run("evoeco", rounds=1, runs_dir=tmp_path, options={"artist": options, "critic": {"name": "taste"}})
