"""HERCL's artist and critic: what they learn, how a population stands on its ladders, exact resume, and conformance."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import coevo
from coevo import ConfigError, DataError, Genome, PairError, Studio, Works
from coevo.storage.state_tools import equal_states
from coevo.testing import RandomArtist, TargetCritic
from coevo.testing.kit import conform
from coevo_hercl.artist import Hercl as Drawer
from coevo_hercl.canvas import sketch
from coevo_hercl.critic import Hercl as Judge
from coevo_hercl.critic import answers
from coevo_hercl.ladder import CHAMPION, Level
from coevo_hercl.text import read

SPIRAL = (
    "get 0 push 1 write write output push 25 push 2 write write output inc 0 push 20 greater 0 pop not branch-back 0 |"
)


def drawer(seed: int = 0, batch: int = 32, size: int = 32, channels: int = 1, **options: Any) -> Drawer:
    studio = Studio((channels, size, size), seed=seed, batch=batch, threads=1)
    studio.reseed()
    it = Drawer(Drawer.Options(**options), studio)
    it.check()
    it.build()
    return it


def evolve(it: Drawer, turns: int, target: float = 0.0) -> list[float]:
    """The champions' mean rewards, turn by turn, before a critic that likes pictures of this mean tone."""
    critic = TargetCritic(TargetCritic.Options(target=target), it.studio)
    found = []
    for _ in range(turns):
        works = it.make(0, None)
        found.append(float(it.learn(works, critic.judge(works, None))["champions"]))
    return found


# the artist


def test_champions_get_better_and_never_worse_before_a_critic_that_stays() -> None:
    rewards = evolve(drawer(), 40)
    assert all(after >= before for before, after in pairwise(rewards))
    assert rewards[-1] > rewards[0] + 0.1


def test_the_population_is_champions_challengers_and_children() -> None:
    it = drawer(ladders=4)
    for _ in range(12):
        evolve(it, 1)
        standing = [one.genome for ladder in it.search.ladders for one in ladder.rungs]
        waiting = [child.genome for ladder in it.search.ladders for child in ladder.pending]
        assert len(it.population) == 32 and len({one.id for one in it.population}) == 32
        assert sorted(one.id for one in it.population) == sorted(one.id for one in (*standing, *waiting))
        assert it.population[:4] == [ladder.champion.genome for ladder in it.search.ladders]


def test_children_know_their_parents() -> None:
    it = drawer(ladders=1)
    evolve(it, 3)
    (ladder,) = it.search.ladders
    for child in ladder.pending:
        assert child.genome.parents[0] == ladder.rungs[child.rung].genome.id
        assert child.level > Level.POINT or len(child.genome.parents) == 1  # code of a mate comes by large changes


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    def sheet(seed: int) -> Tensor:
        it = drawer(seed)
        evolve(it, 5)
        return it.make(0, None).pixels

    assert torch.equal(sheet(3), sheet(3)) and not torch.equal(sheet(3), sheet(4))


@pytest.mark.parametrize("turns", [0, 1, 9])
def test_it_goes_on_in_the_middle_of_its_ladders(turns: int) -> None:
    it = drawer(5)
    evolve(it, turns)
    state, studio = json.loads(json.dumps(it.state())), it.studio.state()
    onward = evolve(it, 6), it.make(0, None).pixels
    twin = drawer(6)
    twin.restore(state)
    twin.studio.restore(studio)
    assert evolve(twin, 6) == onward[0] and torch.equal(twin.make(0, None).pixels, onward[1])


def test_picks_are_bred_at_all_scales_and_leave_the_ladders() -> None:
    it = drawer()
    evolve(it, 2)
    picked = it.population[3]
    it.breed(it.make(0, None), [3])
    assert picked in it.population and it.search.ladders == []
    others = [one for one in it.population if one is not picked]
    assert all(one.parents == (picked.id,) for one in others) and len({one.text for one in others}) > 20


def test_two_picks_have_children_of_both() -> None:
    it = drawer()
    both = {it.population[i].id for i in (0, 1)}
    it.breed(it.make(0, None), [0, 1])
    parents = {one.parents for one in it.population}
    assert any(set(some) == both for some in parents) and any(len(some) == 1 for some in parents)


def test_an_immigrant_challenges_a_champion() -> None:
    it = drawer()
    evolve(it, 3)
    it.immigrate(Works(genomes=(Genome("other/1", (), SPIRAL),)))
    last = it.population[-1]
    assert last.text == SPIRAL and last.parents == ("other/1",) and len(it.population) == 32
    works = it.make(0, None)
    it.learn(works, torch.linspace(0, 1, 32))  # the immigrant is the best
    assert it.search.ladders[-1].champion.genome == last


def test_a_restart_begins_at_random_with_the_code_of_past_champions() -> None:
    it = drawer(ladders=2)
    evolve(it, 3)
    champions = [ladder.champion.genome for ladder in it.search.ladders]
    it.build()
    assert it.search.ladders == [] and it.search.library.champions == champions
    assert not {one.id for one in it.population} & {one.id for one in champions}
    assert all(one.parents == () for one in it.population)


def test_a_plain_picture_is_never_a_champion_while_others_are_not() -> None:
    it = drawer(ladders=1)
    rewards = torch.zeros(32)
    plain = Genome("plain", (), "|")
    it.population = [plain, *it.population[1:]]
    rewards[0] = 5
    it.learn(it.make(0, None), rewards)
    assert it.search.ladders[0].champion.genome != plain


def test_it_draws_the_same_lines_at_every_size() -> None:
    it = drawer(size=64)
    works = Works(genomes=(Genome("1", (), SPIRAL),))
    small, large = it.render(works, 64), it.render(works, 256)
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    assert (shrunk - small).abs().mean() < 0.1 and (small < 0).any()


def test_a_large_picture_is_painted_in_strips_of_one_sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    sketched = list[int]()

    def counting(programs: Any, **options: Any) -> Any:
        sketched.append(len(programs))
        return sketch(programs, **options)

    it, works = drawer(paper="black"), Works(genomes=(Genome("1", (), SPIRAL),))
    whole = it.render(works, 600)[0]
    monkeypatch.setattr("coevo_hercl.artist.sketch", counting)
    assert torch.equal(torch.cat(list(it.render_strips(works, 600)), 1), whole) and sketched == [1]
    functions = drawer(form="function")
    works = Works(genomes=(Genome("1", (), "get 0 get 1 multiply write output |"),))
    assert torch.equal(torch.cat(list(functions.render_strips(works, 300)), 1), functions.render(works, 300)[0])


def test_black_paper_makes_negatives_as_lines_too() -> None:
    works = Works(genomes=(Genome("1", (), SPIRAL),))
    white, black = drawer(), drawer(paper="black")
    assert torch.equal(white.render(works, 32), -black.render(works, 32))
    (drawing,) = black.vector(works)
    assert drawing.background == "#000000" and {path.colour for path in drawing.paths} == {"#ffffff"}


def test_functions_paint_points_and_have_no_lines() -> None:
    it = drawer(form="function", channels=3)
    works = Works(genomes=(Genome("1", (), "get 0 write get 1 write push 0 write output |"),))
    (picture,) = it.render(works, 16)
    assert torch.all(picture[2] == -1) and picture[0, 3, -1] == 1 and picture[1, 0, 3] == -1
    with pytest.raises(PairError, match="Functions have no lines"):
        it.vector(works)


@pytest.mark.parametrize(("batch", "ladders"), [(2, 1), (15, 1), (16, 2), (31, 3), (64, 4)])
def test_there_are_as_many_ladders_as_have_room(batch: int, ladders: int) -> None:
    it = drawer(batch=batch)
    for _ in range(6):
        evolve(it, 1)
        assert len(it.search.ladders) == ladders and all(ladder.pending for ladder in it.search.ladders)
        assert len(it.population) == batch


def test_cells_are_limited_by_an_option() -> None:
    it = drawer(cells=3, ladders=1)
    counts = set[int]()
    for _ in range(15):
        evolve(it, 1)
        counts |= {len(read(one.text).cells) for one in it.population}
    assert max(counts) <= 3 and len(counts) > 1
    assert {len(read(one.text).cells) for one in drawer().population} == {1}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs a population of 80 or more, not 32"):
        drawer(ladders=10)
    with pytest.raises(ConfigError, match="squares of 16 to 1024 px, not 8 × 8"):
        drawer(size=8)
    with pytest.raises(DataError, match="is not a program of HERCL"):
        drawer().seed_population(Works(genomes=(Genome("1", (), "draw a cat"),)))
    with pytest.raises(PairError, match="no genomes"):
        drawer().render(Works(codes=torch.zeros(1, 3)), 32)


# the critic


def judge(seed: int = 0, size: int = 32, **options: Any) -> Judge:
    studio = Studio((1, size, size), seed=seed, batch=16, threads=1)
    studio.reseed()
    it = Judge(Judge.Options(**{"critics": 2, "evaluations": 2000, **options}), studio)
    it.check()
    it.build(RandomArtist(RandomArtist.Options(), studio))
    return it


def squares(n: int, seed: int = 0) -> Works:
    """White paper with a black square somewhere."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.ones(n, 1, 32, 32)
    for image in images:
        y, x = torch.randint(20, (2,), generator=generator).tolist()
        image[:, y : y + 10, x : x + 10] = -1
    return Works(images)


def noise(n: int, seed: int = 0) -> Works:
    return Works(torch.rand(n, 1, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1)


def test_it_learns_to_tell_squares_from_noise() -> None:
    it = judge()
    metrics = it.learn(noise(16), squares(16))
    assert float(metrics["cost"]) <= 0.1
    assert it.judge(squares(8, seed=1), None).mean() > 0.8 and it.judge(noise(8, seed=1), None).mean() < 0.2
    assert not it.fooled(noise(8, seed=1), None).any()


def test_a_search_ends_when_its_program_is_good_enough() -> None:
    it = judge(evaluations=100_000, target=0.1)
    it.learn(noise(16), squares(16))
    again = it.learn(noise(16, seed=2), squares(16, seed=2))
    assert float(again["evaluations"]) < 1000


def test_past_critics_keep_half_the_weight_of_the_younger_and_raise_the_bar() -> None:
    it = judge(past_critics=2)
    sums = []
    for round in range(4):
        it.learn(noise(16, seed=round), squares(16, seed=round))
        real = it.judge(squares(8, seed=9), None)
        sums.append(float(real.max()))
    assert [len(it.critics), sum(it.weights())] == [3, 1.75]
    assert sums[0] <= 1 < sums[1] <= 1.5 < sums[2] <= 1.75
    assert it.critics[0] == it._champions()


def test_several_steps_of_one_round_are_one_critic() -> None:
    it = judge()
    for step in range(3):
        it.learn(noise(16, seed=step), squares(16, seed=step))
    assert len(it.critics) == 1


def test_it_remembers_the_works_that_it_likes_best_each_kind_once() -> None:
    it = judge(added=5, evaluations=100)
    works = noise(16)
    twins = Works(torch.cat([works.pixels, works.pixels]))
    it.learn(twins, squares(16))
    assert len(it.negatives) == 5
    scores = it._scores(it.negatives["measures"])
    assert len(torch.unique(it.negatives["measures"], dim=0)) == 5 and scores.isfinite().all()


def test_individuals_that_live_on_are_not_remembered_twice() -> None:
    it = judge(evaluations=100, added=50)
    works = noise(16)
    genomes = tuple(Genome(str(i), (), "") for i in range(16))
    it.learn(Works(works.images, genomes=genomes), squares(16))
    it.learn(Works(works.images, genomes=genomes), squares(16))
    assert len(it.negatives) == 16


def test_answers_are_kept_within_their_range_and_silence_is_a_half() -> None:
    said = torch.tensor([-3.0, 0.25, 7.0, torch.inf, torch.nan], dtype=torch.float64).numpy()
    assert answers(said).tolist() == [0, 0.25, 1, 1, 0.5]


def test_no_works_have_no_judgements() -> None:
    it = judge(evaluations=100)
    works = Works(noise(2).images, genomes=(Genome("1", (), ""), Genome("2", (), "")))
    assert it.judge(works[:0], None).shape == it.fooled(works[:0], None).shape == (0,)
    it.learn(works[:0], squares(16))
    it.learn(works, squares(16))


def test_pictures_that_are_too_small_to_measure_are_refused() -> None:
    with pytest.raises(ConfigError, match="of 8 px or more, not 4 × 4"):
        judge(size=4)


# both


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="drawing"),
        pytest.param({"form": "function", "ladders": 2}, id="function"),
        pytest.param({"cells": 3, "ladders": 1}, id="cells", marks=pytest.mark.slow),
    ],
)
def test_the_artist_conforms(options: dict[str, Any]) -> None:
    conform("artist", Drawer, options)


def test_the_critic_conforms() -> None:
    conform("critic", Judge, {"evaluations": 200, "critics": 2})


def test_a_ladder_counts_the_champion_above_all_levels() -> None:
    it = drawer(ladders=1)
    evolve(it, 1)
    assert it.search.ladders[0].champion.level == CHAMPION


SMALL = {"data": {"size": 32}, "run": {"batch": 16, "ancestral_opponents": False, "threads": 1}}
FEW = {"evaluations": 200, "critics": 1}
PAIRS = {
    ("hercl", "hercl"): {"artist": {"ladders": 2}, "critic": FEW},
    ("hercl", "features"): {"artist": {"ladders": 2}},
    ("hercl", "som"): {"artist": {"ladders": 2}},
    ("hercl", "dcnn"): {"artist": {"ladders": 2, "paper": "black"}, "critic": {"width": 4}},
    ("hercl", "taste"): {"critic": {"likes": "aspect-ratio"}},
    ("gp", "hercl"): {"critic": FEW},
    ("cppn", "hercl"): {"critic": FEW},
    ("biomorph", "hercl"): {"critic": FEW},
}


@pytest.mark.slow
@pytest.mark.parametrize(("artist", "critic"), PAIRS)
def test_it_plays_with_everybody(artist: str, critic: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {**SMALL, **PAIRS[artist, critic]}
    run = coevo.run(artist=artist, critic=critic, name="pair", runs_dir=tmp_path, options=options, rounds=2)
    assert run.artist.exhibit(4, 0).pixels.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["line-drawings", "hercl-cnn"])
def test_a_recipe_goes_on_as_if_it_had_not_ended(recipe: str, tmp_path: Path) -> None:
    few: dict[str, Any] = {
        "run": {"batch": 16, "threads": 1, "save_every": 1},
        "data": {"size": 32},
        "phases": {"artist": {"steps": 4}},
    }
    if recipe == "line-drawings":
        few["critic"] = {"evaluations": 300}
    else:
        few["phases"]["critic"] = {"steps": 2}

    def play(name: str, rounds: int) -> Any:
        return coevo.run(recipe, name=name, runs_dir=tmp_path, options=few, rounds=rounds)

    play("broken", 1)
    whole, broken = play("whole", 3), coevo.resume("broken", runs_dir=tmp_path, rounds=3)
    assert equal_states(whole.artist.state(), broken.artist.state())
    assert equal_states(whole.critic.state(), broken.critic.state())
