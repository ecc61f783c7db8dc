"""Swarms: Langton's ant, scents that attract and repel, pens that obey them, lines at any size, and the artist."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.nn.functional import avg_pool2d

import coevo
from coevo import ConfigError, DataError, Genome, Studio, Works
from coevo.images.files import read_origin
from coevo.images.origin import describe, signature
from coevo.images.png import png_bytes
from coevo.images.sheets import to_bytes, to_picture
from coevo.native import Draws
from coevo.testing import conform
from coevo_swarm import machine, painting, walking
from coevo_swarm.artist import Swarm
from coevo_swarm.breeding import crossed, mutated, offspring
from coevo_swarm.genes import CASTE, MAX_CASTES, MAX_STROKES, Caste, Colony, Scent, parse
from coevo_swarm.random_colonies import random_colony

BLACK = {"colour": "#000000", "end_colour": "#000000", "opacity": 1.0}
ODOURLESS = (0.0, 0.0, 0.0)


def colony(*castes: Caste, **genes: object) -> Colony:
    return Colony(castes, **{"extent": 0.0, "layout": "centre", **genes})  # type: ignore[arg-type]


def lonely(**genes: object) -> Caste:
    """One ant that walks straight on, and paints a black line."""
    return Caste(**{"ants": 1, "jitter": 0.0, **BLACK, **genes})  # type: ignore[arg-type]


def picture(its: Colony, side: int = 128, channels: int = 1, threads: int = 1) -> np.ndarray:
    drawn: np.ndarray = machine.draw([its], channels, side, threads)[0]
    return drawn


def random_colonies(seed: int, n: int) -> list[Colony]:
    random.seed(seed)
    return [random_colony(4, 0.2) for _ in range(n)]


# Langton's ant


def langton(steps: int, moves: int) -> Colony:
    return colony(lonely(rule="RL", moves=moves), steps=steps, facing="out")  # to the right


def black_cells(steps: int, moves: int) -> int:
    return int((picture(langton(steps, moves)) < 0).sum())


def on_paper(moves: int) -> set[tuple[int, int]]:
    """Langton (1986): at a white square turn right, at a black one left; flip the square; move on."""
    black, x, y, dx, dy = set[tuple[int, int]](), 0, 0, 1, 0
    for _ in range(moves):
        dx, dy = (dy, -dx) if (x, y) in black else (-dy, dx)  # y points down
        black ^= {(x, y)}
        x, y = x + dx, y + dy
    return black


def test_a_single_ant_reproduces_langtons_path() -> None:
    y, x = (picture(langton(500, 22))[0] < 0).nonzero()
    black = on_paper(11_000)
    assert {*zip((x - 64).tolist(), (y - 64).tolist(), strict=True)} == black and len(black) == 834


def test_after_ten_thousand_moves_it_builds_its_highway() -> None:
    """It adds 12 black cells every 104 moves, so that there are 115,384,615,384,614,952 after 10¹⁸ moves (Project
    Euler, problem 349)."""
    counts = [black_cells(689 + 13 * periods, 16) for periods in range(3)]  # 11,024 moves, then 208 each
    assert np.diff(counts).tolist() == [24, 24]
    moves = 11_024 + (10**18 - 11_024) % 104
    steps = next(factor for factor in range(64, 0, -1) if moves % factor == 0)
    there = black_cells(moves // steps, steps)
    assert there + (10**18 - moves) // 104 * 12 == 115_384_615_384_614_952


def test_a_turmite_with_more_states_counts_through_its_colours() -> None:
    """States 1, 2 and 3 go from the first colour to the last, and state 0 is bare canvas again."""
    its = colony(lonely(rule="LLRR", moves=64, end_colour="#ffffff"), steps=200, background="#0000ff")
    colours = np.unique(picture(its, 128, 3).reshape(3, -1).round(1), axis=1).T.tolist()
    assert sorted(colours) == [[-1, -1, -1], [-1, -1, 1], [0, 0, 0], [1, 1, 1]]


# ants


def test_an_ant_that_smells_nothing_walks_straight_on() -> None:
    strokes = machine.trail(colony(lonely(speed=1.0), steps=40))
    assert len(strokes) == 40 and len({(one["dx"], one["dy"]) for one in strokes}) == 1
    length = np.hypot(*(strokes[axis].astype(float).sum() for axis in ("dx", "dy"))) / 2**25
    assert length == pytest.approx(40, abs=0.01)  # cells


def test_curl_bends_its_way_to_a_circle() -> None:
    strokes = machine.trail(colony(lonely(curl=9.0), steps=40))  # 40 · 9° = 360°
    assert abs(strokes["dx"].astype(int).sum()) < 2**25 / 4 and abs(strokes["dy"].astype(int).sum()) < 2**25 / 4


def followers(liking: float) -> tuple[float, float]:
    """Ants in the way of a broad wall of scent: how many of their steps are on it, beside ants that do not care."""
    layer = Caste(ants=100, end=0.4, jitter=60.0, speed=0.2, lays=(1.0, 0.0, 0.0), opacity=0.02)
    shares = []
    for weight in (liking, 0.0):
        walker = Caste(ants=60, begin=0.4, likes=(weight, 0.0, 0.0, 0.0), turn=30.0, reach=3.0)
        its = Colony((layer, walker), (Scent(0.002, 0.2),) * 3, steps=300, layout="line", extent=1.0, seed=3)
        strokes = machine.trail(its)
        y = strokes["y"][strokes["caste"] == 1] / 2**32
        shares.append(float((abs(y - 0.5) < 0.05).mean()))
    return shares[0], shares[1]


def test_what_they_like_attracts_and_what_they_dislike_repels() -> None:
    drawn, idle = followers(1.0)
    assert drawn > 1.5 * idle
    driven, idle = followers(-1.0)
    assert driven < idle


def test_a_pen_obeys_the_ink_that_is_there() -> None:
    """The second time round an ant paints nothing, if its pen is down on bare canvas only."""
    free = lonely(curl=9.0, speed=1.0)
    shy = replace(free, pen="ink", pen_high=0.0)
    assert len(machine.trail(colony(free, steps=120))) == 120
    assert len(machine.trail(colony(shy, steps=120))) < 60


def test_castes_take_turns() -> None:
    """A ground is painted first, and what follows is painted over it (Greenfield 2006)."""
    ground, figure = Caste(ants=5, end=0.25), Caste(ants=5, begin=0.25)
    strokes = machine.trail(Colony((ground, figure), steps=100))
    assert strokes["caste"].tolist() == [0] * 125 + [1] * 375


def test_scent_fades_and_spreads_and_the_canvas_wraps_around() -> None:
    swarm = walking.Swarm(
        np.zeros(0, walking.ANT), np.zeros(0, walking.CASTE), *[np.zeros(0, np.int64)] * 4,
        np.array([[[0.5, 0.4]] * 3], np.float32),
    )  # fmt: skip
    swarm.fields[0, 0, 0, 0] = 8
    swarm.step(0)
    there = swarm.fields[0, 0]
    assert there[0, 0] == pytest.approx(0.5 * 8 * 0.6)
    assert [there[0, 1], there[1, 0], there[0, -1], there[-1, 0]] == pytest.approx([0.5 * 8 * 0.1] * 4)
    assert there.sum() == pytest.approx(4)


def test_draws_are_those_of_the_colonys_stream() -> None:
    draws = Draws(5)
    expected = [draws.bits() for _ in range(4)]
    assert walking.bits_of(np.uint64(5), np.arange(4, dtype=np.uint64)).tolist() == expected


# pictures


def test_a_line_leaves_at_one_edge_and_comes_back_at_the_other() -> None:
    its = colony(lonely(speed=2.0, width=0.03), steps=200)
    drawn = picture(its)[0] < 0
    assert drawn[0].any() or drawn[:, 0].any()


def test_translucent_lines_have_no_knots() -> None:
    its = colony(replace(lonely(speed=1.0, width=0.08), opacity=0.5), steps=60)
    drawn = picture(its, 256)[0]
    inside = drawn < 0.5
    assert drawn.min() > -0.01 and (drawn[inside] < 0.01).mean() > 0.9  # half of black on white, and nowhere more


@pytest.mark.parametrize("side", [64, 128])
def test_a_larger_picture_shows_the_same_trails_finer(side: int) -> None:
    for its in random_colonies(1, 4):
        fine = torch.from_numpy(picture(its, 4 * side, 3))
        error = (avg_pool2d(fine[None], 4)[0] - torch.from_numpy(picture(its, side, 3))).abs().mean()
        assert error < 0.06


def test_a_colour_changes_from_first_to_last_step_and_grey_is_its_brightness() -> None:
    its = colony(lonely(speed=0.5, width=0.05, colour="#ff0000", end_colour="#0000ff"), steps=100, background="#000000")
    red, _, blue = picture(its, 64, 3) > 0
    assert red.any() and blue.any() and not (red & blue).all()
    np.testing.assert_allclose(
        picture(its, 64, 1)[0] + 1, np.tensordot([0.299, 0.587, 0.114], picture(its, 64, 3) + 1, 1), atol=1e-5
    )


# machine code and NumPy, threads


@pytest.mark.skipif(machine.machine_code() is None, reason="there is no machine code")
def test_numpy_walks_and_paints_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    colonies = [replace(its, steps=its.steps // 6) for its in random_colonies(2, 5)]
    walks = [machine.trail(its) for its in colonies]
    pictures = [machine.draw(colonies, 3, 50, 1), machine.draw(colonies[:2], 1, 300, 1)]
    machine.trail.cache_clear()
    monkeypatch.setattr(machine, "machine_code", lambda: None)
    for mine, other in zip(walks, walking.walk(colonies), strict=True):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(machine.draw(colonies, 3, 50, 1), pictures[0])
    np.testing.assert_array_equal(machine.draw(colonies[:2], 1, 300, 1), pictures[1])


def test_the_same_bytes_at_any_number_of_threads_and_beside_any_others() -> None:
    colonies = random_colonies(3, 5)
    drawn = machine.draw(colonies, 3, 64, 1)
    np.testing.assert_array_equal(drawn, machine.draw(colonies, 3, 64, 3))
    np.testing.assert_array_equal(drawn[3:4], machine.draw(colonies[3:4], 3, 64, 2))
    np.testing.assert_array_equal(*(machine.draw(colonies[:1], 1, 600, threads) for threads in (1, 4)))


def test_a_picture_in_bands_is_the_picture_at_once() -> None:
    (its,) = random_colonies(4, 1)
    whole = painting.blank(its, 1, 600, 600)
    painting.paint(machine.trail(its), painting.brush_table(its, 1), whole)
    np.testing.assert_allclose(picture(its, 600), whole * 2 - 1, atol=1e-6)


# genomes as text


@settings(max_examples=25, deadline=None)
@given(some.integers(0, 10**6))
def test_a_colony_is_parsed_as_it_is_written(seed: int) -> None:
    (its,) = random_colonies(seed, 1)
    assert parse(its.text()) == its


def with_gene(path: str, value: object) -> str:
    """The text of a colony in which one gene has another value; of None it is left out."""
    read = json.loads(colony(lonely()).text())
    *way, last = path.split(".")
    inner = read
    for part in way:
        inner = inner[int(part) if isinstance(inner, list) else part]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(read)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a colony's genome"),
        ("{}", "the genome should have exactly castes, scents"),
        ("[1, 2]", "the genome should have exactly"),
        ("[" * 5000, "is not a colony's genome"),
        ('"' + "x" * 30_000 + '"', "longer than 20,000 characters"),
        (with_gene("steps", 10**9), "steps of the canvas should be a whole number from 20 to 2000"),
        (with_gene("steps", 100.0), "steps of the canvas should be a whole number"),
        (with_gene("steps", 10**400), "steps of the canvas should be a whole number from 20 to 2000"),
        (with_gene("extent", 10**400), "extent of the canvas should be a number from 0 to 1"),
        (with_gene("extent", float("inf")), "extent of the canvas should be a number from 0 to 1"),
        (with_gene("extent", True), "extent of the canvas should be a number from 0 to 1"),
        (with_gene("wings", 2), "should have exactly"),
        (with_gene("castes", []), "it has 0 castes, not 1 to 6"),
        (with_gene("castes", {}), "castes should be a list"),
        (with_gene("castes.0.speed", float("nan")), "speed of caste 1 should be a number from 0.1 to 2"),
        (with_gene("castes.0.ants", None), "caste 1 should have exactly"),
        (with_gene("castes.0.rule", "RX"), "the rule of caste 1 should be 2 to 12 of the letters"),
        (with_gene("castes.0.rule", ["R"]), "the rule of caste 1"),
        (with_gene("castes.0.colour", "red"), "colour of caste 1 should be a colour such as #ff8800"),
        (with_gene("castes.0.pen", "up"), "pen of caste 1 should be one of always, a, b, c, ink"),
        (with_gene("castes.0.likes", [1, 2, 3]), "likes of caste 1 should be a list of 4"),
        (with_gene("layout", "heap"), "layout should be one of scattered"),
        (with_gene("scents", []), "scents should be a list of 3"),
        (with_gene("seed", 2**64), "seed of the canvas"),
    ],
)
def test_text_that_is_not_a_colony_is_refused_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(DataError, match="is not a colony's genome") as refused:
        parse(text)
    assert why in str(refused.value)


def test_a_colony_that_paints_too_much_is_refused() -> None:
    busy = colony(Caste(ants=150, rule="RL", moves=64), steps=2000)
    with pytest.raises(DataError, match="paints 19,200,000 strokes, more than 400,000"):
        parse(busy.text())


@given(some.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with pytest.raises(DataError):
        parse(text)


# variation


def test_mutants_and_children_are_well_formed_and_differ() -> None:
    some = random_colonies(5, 20)
    for number in range(1500):
        mother, father = random.sample(some, 2)
        child = crossed(mother, father) if number % 3 == 0 else mutated(mother, 4, 0.1)
        assert parse(child.text()) == child and child.strokes <= MAX_STROKES
        assert number % 3 == 0 or child != mother
        some[number % len(some)] = child
    assert len({one.text() for one in some}) > 15


@pytest.mark.slow
def test_a_hundred_thousand_mutations_keep_colonies_well_formed() -> None:
    (its,) = random_colonies(6, 1)
    for number in range(100_000):
        its = mutated(its, MAX_CASTES, 0.1)
        assert its.viable and all(
            gene.low <= getattr(one, name) <= gene.high for one in its.castes for name, gene in CASTE.items()
        )
        assert number % 100 or parse(its.text()) == its


def test_without_mutation_a_child_has_its_parents_genes() -> None:
    mother, father = random_colonies(7, 2)
    child = offspring(mother, father, 0.0, 4, 0.0)
    assert {*child.castes} <= {*mother.castes, *father.castes}
    assert child.scents in (mother.scents, father.scents) and child.seed in (mother.seed, father.seed)
    assert offspring(mother, None, 0.0, 4, 0.0) == mother


# the artist


def artist(seed: int = 0, batch: int = 15, size: int = 32, picks: bool = True, **options: object) -> Swarm:
    studio = Studio((3, size, size), seed=seed, batch=batch, picks=picks, threads=1)
    studio.reseed()
    it = Swarm(Swarm.Options(**options), studio)
    it.check()
    it.build()
    return it


def test_it_conforms() -> None:
    conform("artist", Swarm, {"population": 8})


def test_the_first_sheet_has_no_empty_works() -> None:
    for seed in range(2):
        images = artist(seed, size=64).make(15, None).pixels
        assert images.std((2, 3)).amax(1).min() > 0.1


def test_the_picked_survive_and_are_parents() -> None:
    it = artist()
    chosen = [it.make(15, None).individuals[i] for i in (3, 8)]
    it.breed(it.make(15, None), [3, 8])
    genomes = it.make(15, None).individuals
    assert list(genomes[:2]) == chosen
    assert all(set(one.parents) <= {chosen[0].id, chosen[1].id} and one.parents for one in genomes[2:])


def test_scores_choose_brighter_works() -> None:
    it = artist(batch=16, picks=False, crossover=0.3)
    means = []
    for _ in range(8):
        works = it.make(16, None)
        brightness = works.pixels.mean((1, 2, 3))
        means.append(brightness.mean().item())
        it.learn(works, brightness)
    assert means[-1] > means[0] + 0.2


def test_the_same_seed_draws_the_same_sheet() -> None:
    ones, again, others = (artist(seed, batch=4).make(0, None).pixels for seed in (3, 3, 4))
    assert torch.equal(ones, again) and not torch.equal(ones, others)


def test_small_pictures_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 16 px, not 8 × 8"):
        Swarm(Swarm.Options(), Studio((1, 8, 8))).check()


def saved(path: Path, it: Swarm, text: str | None = None) -> Path:
    """The first work of a sheet as a picture that carries its genome, or another genome."""
    works = it.make(15, None)[:1]
    if text is not None:
        works = Works(works.pixels, genomes=(Genome("7", (), text),))
    path.write_bytes(png_bytes(to_picture(to_bytes(works.pixels)[0]), signature(it, "elsewhere") | describe(works, 0)))
    return path


def test_a_picture_is_drawn_again_at_any_size_and_bred(coevo_command: CommandLine, tmp_path: Path) -> None:
    png, large, picks = saved(tmp_path / "one.png", artist()), tmp_path / "large.png", tmp_path / "picks"
    assert coevo_command("render", png, "--size", 200, "-o", large).code == 0
    assert read_origin(large).works.genomes == read_origin(png).works.genomes
    picks.write_text("1 2\n\n")
    words = ("--artist", "swarm", "--critic", "human", "--plain", "--picks", picks, "--size", 32, "--batch", 4)
    answer = coevo_command("run", *words, "-o", "data.channels=3", "--from", png, "--name", "bred")
    assert answer.code == 0, answer.err
    assert "elsewhere/" in coevo_command("lineage", "bred", "--json").out


def test_a_hostile_genome_is_one_sentence(coevo_command: CommandLine, tmp_path: Path) -> None:
    hostile = colony(Caste(ants=150, rule="RL", moves=64), steps=2000).text()
    png = saved(tmp_path / "it.png", artist(), hostile)
    assert "more than 400,000" in coevo_command.refuses("render", png, "-o", tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("critic", ["taste", "features", "som", "dcnn", "gallery"])
def test_it_plays_with_every_kind_of_critic(critic: str, tmp_path: Path) -> None:
    options: dict[str, dict[str, object]] = {"data": {"size": 32}}
    if critic in ("features", "gallery", "dcnn"):
        options["data"]["name"] = "digits"
    run = coevo.run(artist="swarm", critic=critic, name="it", rounds=2, batch=6, runs_dir=tmp_path, options=options)
    assert run.round == 2 and run.artist.make(6, None).pixels.shape == (6, 1, 32, 32)
