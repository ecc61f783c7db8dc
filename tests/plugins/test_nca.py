"""Neural cellular automata: steps as the paper writes them, seeds, pools, growth that is filmed, and healing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image
from torch import Tensor
from torch.nn.functional import conv2d, linear, max_pool2d, relu

import coevo
from coevo import ConfigError, DataError, Studio
from coevo.testing import conform
from coevo.tools.growth import erased
from coevo_ca.neural.artist import NCA
from coevo_ca.neural.automaton import Automaton
from coevo_ca.neural.pictures import EMBLEMS, emblem, freed, over, read_picture
from coevo_ca.neural.pool import Pool, damage

SMALL = {"channels": 6, "hidden": 8, "min_steps": 3, "max_steps": 5, "padding": 1}


def nca(image: tuple[int, int, int] = (3, 16, 16), batch: int = 8, seed: int = 0, **options: Any) -> NCA:
    studio = Studio(image, seed=seed, batch=batch)
    studio.reseed()
    artist = NCA(NCA.Options(**{**SMALL, **options}), studio)
    artist.check()
    artist.build()
    return artist


def lively(automaton: Automaton) -> Automaton:
    """With a rule that changes something, as after some learning."""
    torch.nn.init.normal_(automaton.change.weight, 0, 0.2, generator=torch.Generator().manual_seed(1))
    return automaton


def turn(artist: NCA, n: int = 8) -> dict[str, Any]:
    return dict(artist.learn(artist.make(n, None), torch.zeros(n)))


# the conformance kit


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "persistent", "pool": 64, "overflow": 0.0, "normalise": False},
        {"target": "flower", "mode": "regenerating", "pool": 64},
        {"target": "fish,butterfly", "background": "white"},
    ],
)
def test_the_artist_conforms(options: dict[str, Any]) -> None:
    conform("artist", NCA, {**SMALL, **options})


# one step, as the paper has it


def naive(automaton: Automaton, cells: Tensor, fires: Tensor) -> Tensor:
    """The paper's update, on the whole grid: Sobel filters, two 1 × 1 convolutions, and the mask of living cells."""
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    x, channels = cells.permute(0, 3, 1, 2), cells.shape[-1]

    def slope(kernel: Tensor) -> Tensor:
        return conv2d(x, kernel.expand(channels, 1, 3, 3), padding=1, groups=channels)

    def lives(x: Tensor) -> Tensor:
        if not automaton.mortal:
            return torch.ones(1, dtype=torch.bool)
        return max_pool2d(x[:, automaton.alpha, None], 3, 1, 1) > 0.1

    for fire in fires:
        before = lives(x)
        seen = torch.cat([x, slope(sobel), slope(sobel.T)], 1).permute(0, 2, 3, 1)
        hidden = relu(linear(seen, automaton.perceive.weight, automaton.perceive.bias))
        change = linear(hidden, automaton.change.weight, automaton.change.bias).permute(0, 3, 1, 2)
        x = x + change * fire[:, None]
        if not automaton.mortal:
            x = x.clamp(-2, 2).detach() + (x - x.detach())  # cut off, and the gradient passes
        x = x * (before & lives(x))
    return x.permute(0, 2, 3, 1)


@settings(max_examples=15, deadline=None)
@given(some.integers(0, 10**6), some.integers(3, 9), some.integers(1, 6), some.sampled_from([1, 3]), some.booleans())
def test_cells_and_gradients_are_those_of_the_whole_grid(
    seed: int, side: int, steps: int, colours: int, mortal: bool
) -> None:
    """Though only cells that live and fire are computed, and the gradients are written by hand."""
    torch.manual_seed(seed)
    automaton = lively(Automaton(2, colours, colours + 4, 8, side, mortal))
    fires, codes, weights = torch.rand(steps, 3, side, side) < 0.5, torch.randn(3, 2), torch.randn(3, side, side, 1)
    found = []
    for grow in (automaton, lambda cells, fires: naive(automaton, cells, fires)):
        automaton.zero_grad()
        cells = grow(automaton.seeds(codes), fires)
        (cells.square() * weights).sum().backward()
        found.append([cells.detach(), *[parameter.grad for parameter in automaton.parameters()]])
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_the_rule_of_the_paper_has_8336_parameters() -> None:
    automaton = Automaton(1, 3, 16, 128, 72)
    rule = [*automaton.perceive.parameters(), *automaton.change.parameters()]
    assert sum(parameter.numel() for parameter in rule) == 8336


def test_a_seed_is_one_cell_and_a_rule_that_learnt_nothing_keeps_it() -> None:
    automaton = Automaton(1, 3, 16, 8, 9)
    automaton.carry_signs()
    seed = automaton.seeds(torch.ones(1, 1))
    assert seed[0, 4, 4].tolist() == [0.0] * 3 + [1.0] * 13 and seed.sum() == 13
    assert torch.equal(automaton(seed, torch.ones(5, 1, 9, 9, dtype=torch.bool)), seed)


def test_immortal_cells_all_begin_with_the_code() -> None:
    automaton = Automaton(2, 1, 6, 8, 5, mortal=False)
    code = torch.randn(1, 2)
    cells = automaton.seeds(code)
    assert (cells[0, :, :, 2:] == automaton.carry(code)).all()
    assert cells[..., 1].sum() == 1 == cells[0, 2, 2, 1]  # by which cells can tell where they are


def test_cells_far_from_living_ones_stay_dead() -> None:
    automaton = lively(Automaton(2, 1, 6, 8, 15))
    cells = automaton(automaton.seeds(torch.randn(4, 2)), torch.rand(3, 1, 15, 15) < 0.9)
    alive = cells.detach().abs().sum((0, 3)) > 0
    reach = torch.zeros(15, 15, dtype=torch.bool)
    reach[4:11, 4:11] = True  # a cell a step
    assert alive.any() and not (alive & ~reach).any()


@pytest.mark.parametrize(("alive", "share"), [(slice(None), 1.0), (slice(0, 1), 4 / 25)])
def test_living_cells_are_counted_within_the_grid(alive: slice, share: float) -> None:
    automaton = Automaton(2, 1, 6, 8, 5)
    cells = torch.zeros(3, 5, 5, 6)
    cells[:, alive, alive, automaton.alpha] = 1
    assert automaton.living(cells).item() == pytest.approx(share)


def test_a_cell_that_does_not_fire_does_not_change() -> None:
    automaton = lively(Automaton(2, 1, 6, 8, 7))
    seeds = automaton.seeds(torch.randn(1, 2))
    assert torch.equal(automaton(seeds, torch.zeros(4, 1, 7, 7, dtype=torch.bool)), seeds)


# pictures


@pytest.mark.parametrize("name", EMBLEMS)
def test_an_emblem_is_premultiplied_and_fills_its_picture(name: str) -> None:
    for colours in (1, 3):
        picture = emblem(name, 40, colours)
        assert picture.shape == (colours + 1, 40, 40) and picture.min() >= 0
        assert (picture[:-1] <= picture[-1:] + 1e-6).all() and 0.2 < picture[-1].mean() < 0.7


@pytest.mark.parametrize("paper", [0.0, 1.0])
def test_a_picture_freed_of_its_background_looks_the_same_over_it(paper: float) -> None:
    images = torch.rand(2, 3, 5, 5) * 2 - 1
    images[:, :, 0] = paper * 2 - 1
    free = freed(images, paper)
    assert (free[:, 3, 0] == 0).all() and free.min() >= -1e-6 and free.max() <= 1
    assert torch.allclose(over(free.permute(0, 2, 3, 1), 3, paper), images, atol=1e-6)


def test_a_file_becomes_the_target_and_is_read_once(tmp_path: Path) -> None:
    leaf = Image.new("RGBA", (32, 32))
    leaf.paste((0, 255, 0, 255), (8, 8, 24, 24))
    leaf.save(tmp_path / "leaf.png")
    artist = nca(target=f"fish,{tmp_path / 'leaf.png'}")
    artist.make(2, None)
    (tmp_path / "leaf.png").unlink()
    artist.make(2, None)
    assert artist.targets.shape == (2, 4, 16, 16)
    assert artist.targets[1, :, 8, 8].tolist() == [0, 1, 0, 1] and artist.targets[1].sum() == 2 * 64


def test_a_photograph_is_freed_of_its_background(tmp_path: Path) -> None:
    drawing = Image.new("RGB", (32, 32), "white")
    drawing.paste((255, 0, 0), (8, 8, 24, 24))
    drawing.save(tmp_path / "drawing.png")
    picture = read_picture(tmp_path / "drawing.png", 16, 3, 1.0)
    assert picture[:, 0, 0].tolist() == [0, 0, 0, 0] and picture[:, 8, 8].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(("content", "said"), [(None, "no picture"), (b"GIF89a", "cannot be read"), (b"", "cannot be")])
def test_files_that_are_no_pictures_are_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DataError, match=said):
        nca(target=str(tmp_path / "x.png")).make(2, None)


def test_an_empty_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "white").save(tmp_path / "x.png")
    with pytest.raises(DataError, match="nothing to grow"):
        nca(target=str(tmp_path / "x.png"), background="white").make(2, None)


# learning


def test_it_learns_to_grow_a_picture() -> None:
    artist = nca(batch=4, target="flower", channels=8, hidden=16, min_steps=12, max_steps=14, padding=0)
    errors = [float(turn(artist, 4)["error"]) for _ in range(40)]
    assert sum(errors[-5:]) < 0.7 * sum(errors[:5])


def test_it_learns_from_the_gradients_of_a_critic() -> None:
    artist = nca((1, 16, 16), channels=8, hidden=16, min_steps=10, max_steps=12, padding=0)
    found = []
    for _ in range(40):
        works = artist.make(8, None)
        found.append(works.pixels.mean().item())
        artist.learn(works, works.pixels.mean((1, 2, 3)))  # it likes what is bright
    assert sum(found[-5:]) > sum(found[:5]) + 0.5


def test_different_seeds_grow_into_different_pictures() -> None:
    artist = nca(target="flower,fish")
    assert artist.carried == 2
    seeds = artist.automaton.seeds(torch.eye(2))
    assert not torch.equal(seeds[0], seeds[1])


def test_a_pixel_that_is_cut_off_can_come_back() -> None:
    artist = nca((1, 16, 16))
    torch.nn.init.constant_(artist.automaton.change.bias, -5.0)
    works = artist.make(2, None)
    assert (works.pixels == -1).all()
    artist.learn(works, works.pixels.mean((1, 2, 3)))
    assert artist.automaton.change.bias[0] > -5


# the pool


def test_of_a_pool_the_worst_come_first() -> None:
    pool = Pool(torch.zeros(6, 2, 2, 3), torch.zeros(6, 1))
    pool.put(torch.arange(6), torch.zeros(6, 2, 2, 3), torch.zeros(6, 1), torch.tensor([3.0, 1, 5, 0, 2, 4]))
    places = pool.sample(6, torch.Generator())
    assert places.tolist() == [2, 5, 0, 4, 1, 3]


def test_the_worst_of_a_batch_begins_again_and_the_best_are_damaged() -> None:
    artist = nca(batch=8, target="flower", mode="regenerating", pool=8, padding=0)
    cells = torch.ones_like(artist.pool.cells)
    artist.pool.put(torch.arange(8), cells, torch.ones(8, 2), torch.arange(8.0))
    begun, _, places = artist._beginnings(8)
    assert places is not None and places.tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert torch.equal(begun[0], artist.automaton.seeds(torch.ones(1, 1))[0])
    assert (begun[1:5] == 1).all() and all((work == 0).any() and (work == 1).any() for work in begun[5:])
    artist.make(8, None)
    assert (artist.pool.cells == 1).all()  # only what was learnt from changes it


def test_half_of_the_damage_is_discs_as_in_the_paper_and_the_others_half_planes() -> None:
    share = damage(500, 40, torch.Generator().manual_seed(0)).float().mean((1, 2))
    small, large = share[share < 0.3], share[share >= 0.3]
    assert small.max() <= torch.pi * 0.4**2 / 4 * 1.1 and small.min() >= torch.pi * 0.1**2 / 4 * 0.5
    assert large.min() > 0.35 and large.max() < 0.65 and 0.4 < len(large) / 500 < 0.6


# exhibits, and films


TARGETS = pytest.mark.parametrize("target", ["none", "flower", "fish,butterfly"])


@TARGETS
def test_a_work_follows_from_its_code_alone(target: str) -> None:
    artist = nca(target=target)
    lively(artist.ema.average)
    works = artist.exhibit(5, seed=3)
    assert torch.allclose(artist.decode(works.latents[3:4]).pixels, works.pixels[3:4], atol=1e-5)


@TARGETS
@pytest.mark.parametrize("seed", [3, 4])
def test_a_film_ends_with_the_exhibited_works(target: str, seed: int) -> None:
    artist = nca(target=target)
    lively(artist.ema.average)
    works = artist.exhibit(3, seed)
    *_, last = artist.growth(works, artist.options.max_steps, {})
    assert torch.equal(last, works.pixels)


def test_works_with_one_target_differ_by_how_their_cells_fire() -> None:
    artist = nca(target="flower")
    lively(artist.ema.average)
    pictures = torch.cat([artist.exhibit(3, seed).pixels for seed in (0, 1)])
    assert len(pictures.unique(dim=0)) == 6


def test_cells_fire_as_often_as_they_should() -> None:
    artist = nca(target="flower", fire_rate=0.25)
    codes = artist.exhibit(40, seed=0).latents
    rate = torch.cat([artist._firing(codes, step) for step in range(5)]).float().mean((0, 2, 3))
    assert (rate - 0.25).abs().max() < 0.06 and rate.mean().sub(0.25).abs() < 0.01


def test_damage_is_where_it_was_asked_for() -> None:
    artist = nca()
    lively(artist.ema.average)
    frames = list(artist.growth(artist.exhibit(1, seed=0), 6, {5: erased("left", 16, 16)}))
    left = [(frame[..., :8] > -1).any() for frame in frames]
    assert left[4] and not left[5] and left[6]  # it grows back over the edge
    assert (frames[5][..., 8:] > -1).any()


# what is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "flowr"}, "did you mean 'flower'"),
        ({"target": "flower,none"}, "no emblem named 'none'"),
        ({"min_steps": 9}, "artist.min_steps=9 is more than artist.max_steps=5"),
        ({"channels": 4}, "leaves no hidden channel"),
        ({"mode": "persistent", "pool": 4}, "holds fewer works than a batch, 8"),
        ({"image": (1, 128, 128)}, "16 to 64 px, not 128 × 128"),
        ({"image": (1, 8, 8)}, "16 to 64 px, not 8 × 8"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        nca(**options)


TINY = ("-o", "artist.channels=6", "-o", "artist.hidden=8", "-o", "artist.min_steps=3", "-o", "artist.max_steps=5")


def test_nothing_stays_of_a_run_whose_picture_to_grow_is_missing(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("run", "growing-nca", *TINY, "-o", "artist.target=missing.png")
    assert "There is no picture missing.png to grow towards" in said and not coevo_command.runs.exists()


def test_an_interrupted_run_goes_on_exactly(coevo_command: CommandLine) -> None:
    pooled = ("-o", "artist.pool=8", "--size", 16, "--batch", 4)
    for name, rounds in (("whole", 6), ("parts", 3)):
        answer = coevo_command("run", "growing-nca", "--name", name, *TINY, *pooled, "--rounds", rounds)
        assert answer.code == 0, answer.err
    assert coevo_command("resume", "parts", "--rounds", 6).code == 0
    whole, parts = (coevo.load(name, runs_dir=coevo_command.runs).artist for name in ("whole", "parts"))
    assert torch.equal(whole.pool.cells, parts.pool.cells)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters(), strict=True))


def test_it_plays_against_a_critic_and_its_codes_are_walked(coevo_command: CommandLine, tmp_path: Path) -> None:
    small = ("--batch", 8, "-o", "critic.width=4")
    answer = coevo_command("run", "nca-dcnn", "--name", "digits", *TINY, *small, "--rounds", 3)
    assert answer.code == 0, answer.err
    assert coevo_command("interpolate", "digits", "--rows", 2, "--steps", 3, "-o", tmp_path / "walk.png").code == 0
    assert coevo_command("sample", "digits", "-n", 2, "-o", tmp_path / "saved").code == 0
    assert "learns from a critic alone" in coevo_command.refuses("run", "--artist", "nca", "--critic", "none")


def test_options_without_an_effect_are_refused(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("run", "growing-nca", "-o", "artist.latent=4")
    assert "artist.latent would have no effect: it needs artist.target=none" in said
    said = coevo_command.refuses("run", "nca-dcnn", "-o", "artist.pool=64")
    assert "artist.pool would have no effect" in said
