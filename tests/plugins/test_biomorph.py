"""Biomorphs: drawings computed by hand, mutations within their steps, sheets with the parent in the middle."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo import ConfigError, DataError, Genome, PairError, Studio, Works
from coevo.images.files import read_origin
from coevo.images.strokes import draw_drawings
from coevo.testing.kit import conform
from coevo_biomorph.artist import Biomorph
from coevo_biomorph.development import develop
from coevo_biomorph.drawing import draw, draw_strips, drawing
from coevo_biomorph.genotype import CHESS, INSECT, LATER, TREE, Genotype, mutate, parse

EVERYTHING = dict.fromkeys(LATER, True)


def lines(genotype: Genotype) -> set[tuple[int, ...]]:
    """x0, y0, x1, y1 of every line."""
    return {tuple(line) for line in develop([genotype])[0][:, :4].tolist()}


# computed by hand; every number is length · gene / 10, truncated


def test_a_fork() -> None:
    genotype = Genotype((10, 0, 0, -30, -20, 0, 0, 0, 2))
    assert lines(genotype) == {
        (0, 0, 0, -6),  # length 2, up: 2 · g4 = -60
        (0, -6, -1, -8),  # length 1, dir 1: -g1, g5
        (0, -6, 1, -8),  # length 1, dir 3: g1, g5
    }


def test_a_tree_whose_branches_turn_all_the_way_round() -> None:
    genotype = Genotype((10, 10, 10, -10, -10, 0, 10, 10, 4))
    left = {
        (0, -4, -3, -7),  # length 3, dir 1: 3 · (-g1, g5)
        (-3, -7, -5, -7),  # length 2, dir 0: 2 · (-g2, g6)
        (-3, -7, -3, -9),  # length 2, dir 2: 2 · (0, g4)
        (-5, -7, -6, -6),  # length 1, dir 0 - 1 = 7: (-g3, g7)
        (-5, -7, -6, -8),  # length 1, dir 0 + 1: (-g1, g5)
        (-3, -9, -4, -10),  # length 1, dir 1
        (-3, -9, -2, -10),  # length 1, dir 3
    }
    right = {(-x0, y0, -x1, y1) for x0, y0, x1, y1 in left}
    assert lines(genotype) == {(0, 0, 0, -4)} | left | right


def test_tenths_are_truncated_towards_zero() -> None:
    genotype = Genotype((15, -5, 0, -7, -15, 3, 0, 0, 3))
    assert lines(genotype) == {
        (0, 0, 0, -2),  # 3 · -7 = -21: -2, where flooring gives -3
        (0, -2, -3, -5),  # 2 · (-15, -15) = (-30, -30)
        (0, -2, 3, -5),
        (-3, -5, -3, -5),  # dir 0: (5, 3) and dir 2: (0, -7) are less than one unit
        (3, -5, 3, -5),  # flooring would have moved these to the left and up
    }


def test_the_second_of_two_segments_is_larger_by_a_gradient() -> None:
    genotype = Genotype((10, 0, 0, -20, -10, 0, 0, 0, 2), segments=2, distance=30, gradients=(0, 0, 0, -1, *[0] * 6))
    assert lines(genotype) == {
        *[(0, 0, 0, -4), (0, -4, -1, -5), (0, -4, 1, -5)],
        (0, 0, 0, 3),  # the backbone, 30 tenths
        *[(0, 3, 0, -3), (0, -3, -1, -4), (0, -3, 1, -4)],  # g4 is now -30
    }


def test_the_distance_of_segments_has_a_gradient_too() -> None:
    genotype = Genotype((0, 0, 0, 0, 0, 0, 0, 0, 1), segments=3, distance=30, gradients=(*[0] * 9, 1))
    assert {(0, 0, 0, 3), (0, 3, 0, 7)} <= lines(genotype)


def test_one_sided_segments_alternate() -> None:
    genotype = Genotype((10, 0, 0, -20, -10, 0, 0, 0, 2), segments=2, distance=30, bilateral=False)
    assert lines(genotype) == {(0, 0, 0, -4), (0, -4, 1, -5), (0, 0, 0, 3), (0, 3, 0, -1), (0, -1, -1, -2)}


def test_spokes_mirror_upside_down_and_four_times_around() -> None:
    genes = (10, 0, 0, -30, -20, 0, 0, 0, 2)
    north = lines(Genotype(genes))
    south = {(x0, -y0, x1, -y1) for x0, y0, x1, y1 in north}
    both = lines(Genotype(genes, spokes="north-south"))
    assert both == north | south
    assert lines(Genotype(genes, spokes="radial")) == both | {(y0, x0, y1, x1) for x0, y0, x1, y1 in both}


def test_twigs_taper() -> None:
    def thickness(taper: int) -> list[int]:
        genotype = Genotype((10, 0, 0, -30, -20, 0, 0, 0, 3), gradients=(*[0] * 8, taper, 0))
        return sorted({line[4] for line in develop([genotype])[0].tolist() if line[2] >= 0})

    trunk = develop([Genotype((10, 0, 0, -30, -20, 0, 0, 0, 3), gradients=(*[0] * 8, -1, 0))])[0]
    assert next(line[4] for line in trunk.tolist() if line[:2] == [0, 0]) == 3
    assert thickness(0) == [1] and thickness(-1) == [1, 2, 3] == thickness(1)


genes = some.tuples(*[some.integers(-99, 99)] * 8, some.integers(1, 8))
gradients = some.tuples(*[some.sampled_from([-1, 0, 1])] * 10)
genotypes = some.builds(
    Genotype,
    genes,
    some.integers(1, 8),
    some.integers(-300, 300),
    gradients,
    some.booleans(),
    some.sampled_from(["north", "north-south", "radial"]),
    some.integers(1, 20),
)


@given(genes)
def test_the_basic_form_is_its_own_mirror_image(genes: tuple[int, ...]) -> None:
    drawn = lines(Genotype(genes))
    assert drawn == {(-x0, y0, -x1, y1) for x0, y0, x1, y1 in drawn}


def naive(genes: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Dawkins' recursion as it is written, twig by twig."""
    g1, g2, g3, g4, g5, g6, g7, g8, depth = genes
    dx, dy = [-g2, -g1, 0, g1, g2, g3, 0, -g3], [g6, g5, g4, g5, g6, g7, g8, g7]
    drawn: set[tuple[int, ...]] = set()

    def tree(x: int, y: int, length: int, way: int) -> None:
        x1, y1 = x + int(length * dx[way] / 10), y + int(length * dy[way] / 10)
        drawn.add((x, y, x1, y1))
        if length > 1:
            tree(x1, y1, length - 1, (way - 1) % 8)
            tree(x1, y1, length - 1, (way + 1) % 8)

    tree(0, 0, depth, 2)
    return drawn


@given(some.tuples(*[some.integers(-999, 999)] * 8, some.integers(1, 9)))
def test_growing_all_branches_at_once_draws_what_the_recursion_draws(genes: tuple[int, ...]) -> None:
    assert lines(Genotype(genes)) == naive(genes)


@given(some.lists(genotypes.filter(lambda one: one.viable), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_biomorphs_develop_beside_each_other_as_they_do_alone(together: list[Genotype]) -> None:
    developed, first = develop(together)
    alone = [develop([one])[0] for one in together]
    assert [part.tolist() for part in np.split(developed, first[1:-1])] == [one.tolist() for one in alone]


# genomes as text


@given(genotypes)
def test_a_genotype_is_parsed_as_it_is_written(genotype: Genotype) -> None:
    assert parse(genotype.text()) == genotype


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1, 2]",
        '{"genes": [1, 2, 3]}',
        '{"genes": [0, 0, 0, 0, 0, 0, 0, 0, 40]}',
        '{"genes": [0, 0, 0, 0, 0, 0, 0, 0, 0]}',
        '{"genes": [1e9, 0, 0, 0, 0, 0, 0, 0, 2]}',
        '{"genes": [0, 0, 0, 0, 0, 0, 0, 0, 2], "wings": 2}',
        '{"genes": [0, 0, 0, 0, 0, 0, 0, 0, 2], "spokes": "many"}',
        '{"genes": [0, 0, 0, 0, 0, 0, 0, 0, 2], "gradients": [7, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
        '{"genes": [0, 0, 0, 0, 0, 0, 0, 0, 2], "segments": true}',
        "[" * 5000,
    ],
)
def test_text_that_is_not_a_biomorph_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(DataError, match="is not a biomorph"):
        parse(text)


@given(some.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except DataError:
        return
    assert parse(parsed.text()) == parsed


# mutation


@given(genotypes.filter(lambda one: one.viable), some.integers(0, 10**6))
def test_an_offspring_differs_by_single_steps_and_stays_within_bounds(parent: Genotype, seed: int) -> None:
    child = mutate(parent, 0.5, frozenset(LATER), iter(random.Random(seed).random, None))
    assert child.viable
    steps = [abs(a - b) for a, b in zip(child.genes, parent.genes, strict=True)]
    assert set(steps[:8]) <= {0, child.mutation_size} and steps[8] <= 1
    assert abs(child.mutation_size - parent.mutation_size) <= 1
    assert abs(child.segments - parent.segments) <= 1


@given(some.integers(0, 10**6))
def test_without_the_later_genes_only_the_nine_mutate(seed: int) -> None:
    child = mutate(INSECT, 0.5, frozenset(), iter(random.Random(seed).random, None))
    assert Genotype(child.genes) == child


def test_about_one_gene_in_ten_mutates() -> None:
    rolls = iter(random.Random(0).random, None)
    children = [mutate(TREE, 0.1, frozenset(), rolls) for _ in range(2000)]
    changed = np.mean([[a != b for a, b in zip(child.genes, TREE.genes, strict=True)] for child in children], 0)
    assert np.all(abs(changed - 0.1) < 0.03)


# drawings


@pytest.mark.parametrize("genotype", [TREE, INSECT, CHESS], ids=["tree", "insect", "chess"])
@pytest.mark.parametrize("size", [16, 32, 128, 333])
def test_a_drawing_is_ink_on_paper_at_any_size_and_symmetric(genotype: Genotype, size: int) -> None:
    (picture,) = draw([genotype], 3, size)
    assert picture.shape == (3, size, size) and picture.dtype == torch.float32
    assert picture.max() == 1 and picture.min() < -0.3
    if size > 16:  # the margin
        assert torch.all(picture[:, 0] == 1) and torch.all(picture[:, :, -1] == 1)
    assert torch.equal(picture, picture.flip(-1))
    assert 0.01 < (picture < 0.5).float().mean() < 0.6


def test_a_drawing_does_not_depend_on_its_size() -> None:
    small, large = (draw([INSECT], 1, size) for size in (128, 512))
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    assert (shrunk - small).abs().mean() < 0.03


def test_a_large_drawing_is_made_in_strips_that_fit_together() -> None:
    large = torch.cat(list(draw_strips(TREE, 1, 2304)), 1)
    assert torch.equal(large, draw([TREE], 1, 2304)[0])
    middle = draw([TREE], 1, 576)[0]
    assert (torch.nn.functional.avg_pool2d(large, 4) - middle).abs().mean() < 0.03


@given(genotypes.filter(lambda one: one.viable))
@settings(max_examples=20, deadline=None)
def test_a_drawing_of_paths_looks_like_the_picture(genotype: Genotype) -> None:
    drawn = torch.from_numpy(draw_drawings([drawing(genotype)], 128))
    assert (drawn - draw([genotype], 3, 128)).abs().mean() < 0.02


# the artist


def artist(seed: int = 0, batch: int = 15, **options: object) -> Biomorph:
    studio = Studio((1, 32, 32), seed=seed, batch=batch)
    studio.reseed()
    it = Biomorph(Biomorph.Options(**options), studio)
    it.build()
    return it


def pick(it: Biomorph, *which: int) -> None:
    it.breed(it.make(0, None), which)


def sheet(it: Biomorph) -> tuple[Genome, ...]:
    return it.make(0, None).individuals


def test_dawkins_tree_stands_in_the_middle_of_its_mutants() -> None:
    genomes = sheet(artist(start="tree"))
    assert len(genomes) == 15 and parse(genomes[7].text) == TREE
    assert all(one.parents == (genomes[7].id,) for one in genomes if one is not genomes[7])
    assert all(one.text != genomes[7].text for one in genomes if one is not genomes[7])


def test_the_picked_one_is_the_next_parent_in_the_middle() -> None:
    it = artist(start="tree")
    chosen = sheet(it)[3]
    pick(it, 3)
    genomes = sheet(it)
    assert genomes[7] == chosen
    assert {one.parents for one in genomes if one is not genomes[7]} == {(chosen.id,)}


def test_no_pick_rolls_again() -> None:
    it = artist(start="tree")
    before = sheet(it)
    pick(it)
    after = sheet(it)
    assert after[7] == before[7] and {one.id for one in after} & {one.id for one in before} == {before[7].id}
    random_sheet = artist()
    first = sheet(random_sheet)
    pick(random_sheet)
    assert {one.text for one in first}.isdisjoint(one.text for one in sheet(random_sheet))


def test_of_scores_the_best_is_the_next_parent() -> None:
    it = artist()
    best = sheet(it)[14]
    it.learn(it.make(0, None), torch.linspace(-9, -5, 15))
    assert sheet(it)[7] == best


def test_the_same_seed_draws_the_same_sheet() -> None:
    assert torch.equal(artist(3).make(0, None).pixels, artist(3).make(0, None).pixels)
    assert not torch.equal(artist(3).make(0, None).pixels, artist(4).make(0, None).pixels)


def test_it_goes_on_from_one_that_was_saved() -> None:
    it = artist(batch=9)
    it.seed_population(Works(genomes=(Genome("elsewhere/7", ("3",), CHESS.text()),)))
    genomes = sheet(it)
    assert parse(genomes[4].text) == CHESS and genomes[4].parents == ("elsewhere/7",)
    assert all(one.parents == (genomes[4].id,) for one in genomes if one is not genomes[4])


def test_a_state_of_an_older_version_is_upgraded() -> None:
    it, other = artist(start="tree"), artist()
    state = it.state()
    state["parent"] = state.pop("parents")[0][0]
    other.restore(Biomorph.upgrade_state(state))
    assert sheet(other) == sheet(it)
    pick(other)
    assert sheet(other)[7] == sheet(it)[7]


def test_works_without_genomes_are_refused() -> None:
    with pytest.raises(PairError, match="no genomes; they have codes"):
        artist().seed_population(Works(codes=torch.zeros(1, 3)))
    with pytest.raises(PairError, match="no genomes; they have codes"):
        artist().render(Works(codes=torch.zeros(1, 3)), 32)


def test_small_or_oblong_pictures_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 16 px, not 8 × 8"):
        Biomorph(Biomorph.Options(), Studio((1, 8, 8))).check()


def test_it_draws_any_genome_at_any_size() -> None:
    it = artist()
    works = it.make(0, None)
    assert torch.equal(it.render(Works(genomes=works.genomes), 32), works.pixels)
    assert it.render(works[:1], 200).shape == (1, 1, 200, 200)


# files


def test_a_biomorph_is_saved_as_svg_and_bred_from_it(coevo_command: CommandLine, tmp_path: Path) -> None:
    picks, svg, png = tmp_path / "picks", tmp_path / "beetle.svg", tmp_path / "beetle.png"
    picks.write_text(f"3\ns 5 512 {svg}\ns 5 512 {png}\nq")
    words = "run", "blind-watchmaker", "--size", 32, "--batch", 6, "--picks", picks
    assert coevo_command(*words, "--name", "bw").code == 0
    assert read_origin(svg) == read_origin(png)
    assert b'width="512" height="512"' in svg.read_bytes()
    id = read_origin(svg).works.individuals[0].id
    assert id.removeprefix("bw/") in coevo_command("lineage", svg).out
    picks.write_text("4\nq")  # its copy, in the middle
    assert coevo_command(*words, "--name", "on", "--from", svg).code == 0
    assert id in coevo_command("lineage", "on", "--json").out


def test_every_command_that_draws_biomorphs_writes_svg(coevo_command: CommandLine, tmp_path: Path) -> None:
    small = "--artist", "biomorph", "--size", 16, "--batch", 6
    run = "run", *small, "--critic", "taste", "--rounds", 2, "--name"
    assert coevo_command(*run, "alike").code == 0
    out, again = tmp_path / "x.svg", tmp_path / "again.svg"

    def shapes(path: Path) -> int:
        return path.read_text().count("<g ")

    assert coevo_command("sample", "alike", "-n", 5, "-o", out).code == 0 and shapes(out) == 5
    id = json.loads(coevo_command("lineage", "alike", "--json").out)[-1]["id"]
    assert coevo_command("export", "alike", id, "-o", out).code == 0 and shapes(out) > 1
    assert read_origin(out).works.individuals[0].id == f"alike/{id}"
    assert coevo_command("export", "alike", id, "--alone", "-o", out).code == 0 and shapes(out) == 1
    assert coevo_command("render", out, "--size", 64, "-o", again).code == 0
    assert read_origin(again) == read_origin(out)
    assert again.read_text().split("<rect")[1:] == out.read_text().split("<rect")[1:]
    assert coevo_command("render", again, "--size", 64, "-o", tmp_path / "x.png").code == 0
    assert read_origin(tmp_path / "x.png") == read_origin(out)


def test_accepted_works_of_a_society_are_written_as_svg(coevo_command: CommandLine, tmp_path: Path) -> None:
    small = "--artist", "biomorph", "--size", 16, "--batch", 6, "--agents", 2
    assert coevo_command("run", *small, "--critic", "som", "--rounds", 3, "--name", "two").code == 0
    rows = json.loads(coevo_command("accepted", "two", "-o", tmp_path / "all.svg", "--json").out)
    assert (tmp_path / "all.svg").read_text().count("<g ") == len(rows) > 1
    assert coevo_command("accepted", "two", rows[0]["id"], "-o", tmp_path / "one.svg").code == 0
    assert read_origin(tmp_path / "one.svg").works.individuals[0].text == rows[0]["genome"]


def test_what_draws_no_lines_is_not_written_as_svg(coevo_command: CommandLine, tmp_path: Path) -> None:
    picks, out = tmp_path / "picks", tmp_path / "x.svg"
    picks.write_text(f"s 1 {out}\n1\nq")
    said = "Artist 'gp' draws no lines, as an SVG needs them; save its works as .png."
    words = "run", "sims", "--size", 16, "--batch", 6, "--picks", picks, "--name"
    assert said in coevo_command.refuses(*words, "programs")
    picks.write_text("1\nq")
    assert coevo_command(*words, "others").code == 0
    id = json.loads(coevo_command("lineage", "others", "--json").out)[-1]["id"]
    for words in (("sample", "others"), ("export", "others", id), ("export", "others", id, "--alone")):
        assert said in coevo_command.refuses(*words, "-o", out)
    assert not out.exists()
    assert "should end with .png" in coevo_command.refuses("interpolate", "others", "-o", out)


def test_what_is_missing_or_foreign_is_refused(coevo_command: CommandLine, tmp_path: Path) -> None:
    words = "run", "blind-watchmaker", "--plain", "--from"
    assert "There is no picture" in coevo_command.refuses(*words, tmp_path / "x.svg")
    (tmp_path / "x.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    assert "carries no genome" in coevo_command.refuses(*words, tmp_path / "x.svg")
    for command in (("lineage",), ("render", "-o", tmp_path / "y.svg")):
        assert "carries no genome" in coevo_command.refuses(*command, tmp_path / "x.svg")


@settings(max_examples=10, deadline=None)
@given(some.integers(0, 10**6))
@pytest.mark.slow
def test_with_every_later_gene_a_long_lineage_stays_drawable(seed: int) -> None:
    it = artist(seed, batch=4, **EVERYTHING)
    for generation in range(15):
        pick(it, generation % 4)
    images = it.make(0, None).pixels
    assert images.isfinite().all() and (images < 0.9).any()  # a single thin line is averaged to a light grey


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="basic"),
        pytest.param({"start": "insect"}, id="insect", marks=pytest.mark.slow),
        pytest.param(EVERYTHING, id="everything", marks=pytest.mark.slow),
    ],
)
def test_it_conforms(options: dict[str, object]) -> None:
    conform("artist", Biomorph, options)
