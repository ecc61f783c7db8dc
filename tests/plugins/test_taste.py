"""The simulated person: each taste, how noise changes its picks, and what is refused."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import SMALL, CommandLine
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from torch import Tensor

import coevo
from coevo import ArtistSpec, ConfigError, DataError, PairError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.interactive.session_db import FILE, SessionDB
from coevo.testing import RandomArtist, conform
from coevo_human import taste
from coevo_human.taste import Taste

SIZE = 32
ANY = (1, 1_000_000)


class Pickable(RandomArtist):
    """An artist that can use a number of picks, the least and the most."""

    def __init__(self, takes: tuple[int, int], studio: Studio):
        super().__init__(self.Options(), studio)
        self.takes = takes

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), picks=self.takes)


def critic(shape: tuple[int, int, int] = (1, SIZE, SIZE), takes: tuple[int, int] = ANY, seed: int = 0, **options):
    """A built Taste for an artist that can use this number of picks."""
    studio = Studio(shape, seed=seed)
    studio.reseed()
    one = Taste(Taste.Options(**options), studio)
    one.check()
    one.build(Pickable(takes, studio))
    return one


def picks(one: Taste, images: Tensor) -> list[int]:
    rewards = one.judge(Works(images=images), None)
    assert rewards.dtype == torch.float32 and set(rewards.tolist()) <= {0, 1}
    assert torch.equal(one.fooled(Works(images=images), None), rewards > 0)
    return rewards.nonzero().flatten().tolist()


def paper(n: int, channels: int = 1) -> Tensor:
    return torch.ones(n, channels, SIZE, SIZE)


def boxes(*extents: tuple[int, int]) -> Tensor:
    """Pictures of dark boxes, so wide and so high, each somewhere on white paper."""
    images = paper(len(extents))
    for number, (width, height) in enumerate(extents):
        images[number, :, 2 + number : 2 + number + height, 3 : 3 + width] = -1
    return images


# each taste


def test_symmetric_pictures_are_liked_and_blank_ones_are_not() -> None:
    symmetric, blank, lopsided, turned = paper(4).unbind()
    symmetric[:, 4:9, 10:22] = -1
    lopsided[:, 4:9, 2:12] = -1
    turned[:, :, : SIZE // 2] = -1
    noise = torch.rand(1, SIZE, SIZE) * 2 - 1
    images = torch.stack([blank, noise, turned, symmetric, lopsided])
    score = taste.symmetry(images)
    assert score[0] == 0
    assert score[1].abs() < 0.2
    assert score[2] == pytest.approx(-1, abs=1e-3)
    assert score[3] == pytest.approx(1, abs=1e-3)
    assert score[4] < 0.2
    assert picks(critic(likes="symmetry", noise=0), images) == [3]


def test_a_sheet_that_is_almost_blank_is_not_symmetric_by_a_grey_level() -> None:
    almost = paper(1) * 0.5
    almost[:, :, 5] += 0.002
    almost[:, :, -6] += 0.002
    assert taste.symmetry(almost).abs() < 0.1


def test_symmetry_is_of_every_channel() -> None:
    images = paper(2, 3)
    images[0, 0, :, :6] = -1  # red on one side, blue on the other
    images[0, 2, :, -6:] = -1
    images[1, :, :, :6] = -1
    images[1, :, :, -6:] = -1
    assert picks(critic((3, SIZE, SIZE), noise=0), images) == [1]


@given(
    some.integers(1, SIZE - 8), some.integers(1, SIZE - 8), some.integers(1, 6), some.integers(1, 6), some.booleans()
)
def test_the_aspect_ratio_is_that_of_the_drawing(width: int, height: int, left: int, top: int, dark: bool) -> None:
    image = torch.full((1, 1, SIZE, SIZE), -1.0 if dark else 1.0)
    image[:, :, top : top + height, left] *= -1  # an L
    image[:, :, top + height - 1, left : left + width] = 1.0 if dark else -1.0
    for ratio in (0.5, 1.0, 3.0):
        wanted = -abs(math.log(width / height / ratio))
        assert taste.aspect_ratio(image, ratio).item() == pytest.approx(wanted, abs=1e-5)


def test_the_wanted_aspect_ratio_is_liked() -> None:
    images = torch.cat([boxes((20, 5), (10, 10), (16, 8), (5, 20)), paper(1)])
    assert picks(critic(likes="aspect-ratio", noise=0), images) == [2]
    assert picks(critic(likes="aspect-ratio", ratio=0.25, noise=0), images) == [3]
    assert picks(critic(likes="aspect-ratio", ratio=4, noise=0), images) == [0]


def test_any_drawing_has_more_of_an_aspect_ratio_than_none() -> None:
    images = torch.cat([paper(1), boxes((1, SIZE - 4)), paper(1) * 0.3])
    score = taste.aspect_ratio(images, 50.0)
    assert score.isfinite().all()
    assert score[1] > score[0] == score[2]


def test_the_wanted_colour_is_liked() -> None:
    images = torch.stack([torch.tensor(rgb)[:, None, None].expand(3, SIZE, SIZE) for rgb in RED_GREEN_PINK])
    assert picks(critic((3, SIZE, SIZE), likes="colour", noise=0), images) == [0]
    assert picks(critic((3, SIZE, SIZE), likes="colour", colour="#00FF00", noise=0), images) == [1]
    assert taste.colour(images, torch.tensor(RED_GREEN_PINK[0])).tolist() == pytest.approx(
        [0, -0.816, -0.289], abs=1e-3
    )
    stripes = images[0].clone()
    stripes[0, ::2] = -1
    assert taste.colour(stripes[None], torch.tensor([0.0, -1, -1])).item() < -0.2  # they do not mix


RED_GREEN_PINK = ([1.0, -1, -1], [-1.0, 1, -1], [1.0, -1, 0])


def test_a_grey_is_a_colour_of_grey_pictures() -> None:
    images = torch.tensor([-1.0, 0, 1])[:, None, None, None].expand(3, 1, SIZE, SIZE)
    assert picks(critic(likes="colour", colour="#808080", noise=0), images) == [1]


def test_what_is_like_the_picture_is_liked(tmp_path: Path) -> None:
    works = digits(DataOptions(size=SIZE)).works(slice(0, 40))
    picture = (works.pixels[17, 0] + 1).mul(127.5).round().byte().numpy()
    Image.fromarray(picture).resize((100, 100)).convert("RGBA").save(tmp_path / "like.png")
    one = critic(likes="likeness", image=str(tmp_path / "like.png"), noise=0)
    assert picks(one, works.pixels) == [17]
    score = one.score(torch.cat([works.pixels[17:18], -works.pixels[17:18], 0.4 * works.pixels[17:18], paper(1)]))
    assert score.tolist() == pytest.approx([1, -1, 1, 0], abs=0.01)


def test_a_line_beside_the_wanted_one_is_nearer_than_one_far_away() -> None:
    images = paper(3)
    for number, column in enumerate((10, 11, 20)):
        images[number, :, 2:-2, column] = -1
    score = taste.likeness(images, images[0])
    assert score[0] > score[1] > score[2] + 0.2


def test_the_wanted_class_is_liked() -> None:
    works = digits(DataOptions(size=16)).works(slice(0, 300))
    assert works.labels is not None
    one = critic((1, 16, 16), likes="class", wants=7, picks=20, noise=0)
    chosen = picks(one, works.pixels)
    assert works.labels[chosen].tolist() == [7] * 20
    score = one.score(works.pixels)
    assert score.min() >= 0 and score.max() <= 1


def test_classes_may_be_a_folders(tmp_path: Path) -> None:
    one = critic((1, 16, 16), likes="class", wants="light", data=two_classes(tmp_path), noise=0)
    assert picks(one, torch.tensor([-0.9, 0.8, -0.8])[:, None, None, None].expand(3, 1, 16, 16)) == [1]


def two_classes(folder: Path) -> str:
    """A folder of dark and light pictures."""
    for name, grey in (("dark", 30), ("light", 220)):
        (folder / "tones" / name).mkdir(parents=True)
        for number in range(8):
            Image.new("L", (8, 8), grey + number).save(folder / "tones" / name / f"{number}.png")
    return str(folder / "tones")


# how faithfully


def faithful(noise: float) -> float:
    """The share of 200 sheets of fifteen on which the best is picked."""
    images = boxes(*((2 + number, 4) for number in range(15)))  # wider and wider, the last 16 : 4
    one = critic(likes="aspect-ratio", ratio=4, noise=noise)
    return sum(picks(one, images) == [14] for _ in range(200)) / 200


def test_without_noise_the_best_is_picked_and_with_more_less_often() -> None:
    shares = [faithful(noise) for noise in (0, 0.2, 1, 100)]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shares[1] > 0.4 and 0.1 < shares[2] < 0.6 and shares[3] < 0.2


def test_who_likes_nothing_picks_anything() -> None:
    one, images = critic(likes="nothing", noise=0), boxes(*((n, n) for n in range(1, 6)))
    counts = torch.tensor([picks(one, images) for _ in range(500)]).flatten().bincount(minlength=5)
    assert counts.min() > 60 and counts.max() < 140


def test_equals_have_equal_chances() -> None:
    one, images = (
        critic(likes="symmetry", noise=0),
        torch.cat([paper(3), torch.linspace(-1, 1, SIZE).expand(1, 1, SIZE, SIZE)]),
    )
    assert {picks(one, images)[0] for _ in range(50)} == {0, 1, 2}


def test_the_same_seed_makes_the_same_picks() -> None:
    images = torch.rand(15, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1
    row = lambda seed: [picks(one, images) for one in [critic(seed=seed, noise=2)] for _ in range(20)]  # noqa: E731
    assert row(1) == row(1) != row(2)
    one, before = critic(noise=2), torch.get_rng_state()
    picks(one, images)
    assert torch.equal(torch.get_rng_state(), before)  # its stream is its own


# how many


def test_it_picks_as_few_as_the_artist_takes_unless_told() -> None:
    images = torch.rand(15, 1, SIZE, SIZE) * 2 - 1
    assert len(picks(critic(), images)) == 1
    assert len(picks(critic(takes=(0, 5)), images)) == 1
    assert len(picks(critic(takes=(2, 5)), images)) == 2
    assert len(picks(critic(picks=4), images)) == 4
    assert len(picks(critic(picks=40), images)) == 15


@pytest.mark.parametrize(("number", "takes", "said"), [(3, (1, 1), "can use 1"), (1, (2, 5), "can use 2 to 5")])
def test_picks_that_the_artist_cannot_use_are_refused(number: int, takes: tuple[int, int], said: str) -> None:
    with pytest.raises(PairError, match=rf"'taste' should pick {number}, but artist 'random' {said}\."):
        critic(picks=number, takes=takes)


# mistakes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"likes": "likeness"}, "critic.image=FILE"),
        ({"likes": "class"}, "critic.wants=NAME"),
        ({"likes": "class", "wants": "seven"}, "no class|has only: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ({"likes": "class", "wants": "1", "data": "digit"}, "did you mean 'digits'"),
        ({"likes": "colour"}, "#ff0000, and these pictures are grey"),
        ({"likes": "likeness", "image": "missing.png"}, r"missing\.png .* cannot be read"),
    ],
)
def test_a_taste_that_cannot_be_is_refused(options: dict, said: str) -> None:
    with pytest.raises((ConfigError, DataError), match=said) as refused:
        critic(**options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("options", [{"likes": "cats"}, {"colour": "red"}, {"noise": -1}, {"ratio": 0}, {"picks": 0}])
def test_an_option_out_of_range_is_refused(options: dict) -> None:
    with pytest.raises(ValueError):
        Taste.Options(**options)


def test_a_picture_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(DataError, match=r"text\.png .* cannot be read"):
        critic(likes="likeness", image=str(tmp_path / "text.png"))
    Image.new("RGB", (9, 9), "#204060").save(tmp_path / "flat.png")
    for channels in (1, 3):
        with pytest.raises(DataError, match=r"flat\.png .* has only one tone"):
            critic((channels, SIZE, SIZE), likes="likeness", image=str(tmp_path / "flat.png"))


def test_classes_need_labels(tmp_path: Path) -> None:
    for number in range(4):
        Image.new("L", (8, 8), number).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match="has no labels"):
        critic(likes="class", wants="1", data=str(tmp_path))


def test_a_class_without_works_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    few = digits(DataOptions(size=SIZE))
    assert few.labels is not None
    some = few.labels < 5
    named = SimpleNamespace(images=few.images[some], labels=few.labels[some], classes=few.classes)
    some_of = type("Some", (SimpleNamespace,), {"__len__": lambda self: len(self.images)})(**vars(named))
    monkeypatch.setattr("coevo.data.datasets.load_dataset", lambda options, loaders: some_of)
    with pytest.raises(DataError, match="'7', of which dataset 'digits' has too few"):
        critic(likes="class", wants="7")


# in the framework


@pytest.mark.parametrize("likes", ["symmetry", "aspect-ratio", "nothing"])
def test_it_conforms(likes: str) -> None:
    conform("critic", Taste, {"likes": likes})


def test_it_conforms_with_what_needs_more(tmp_path: Path) -> None:
    gradient = tmp_path / "gradient.png"
    Image.linear_gradient("L").save(gradient)
    conform("critic", Taste, {"likes": "likeness", "image": str(gradient)})
    conform("critic", Taste, {"likes": "colour", "colour": "#808080", "picks": 3})
    conform("critic", Taste, {"likes": "class", "wants": "dark", "data": two_classes(tmp_path)})


@pytest.mark.slow
def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import coevo_human.taste, sys; print([name for name in ('sklearn', 'PIL.Image') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with a small trained dcgan, named `base`."""
    command = CommandLine(tmp_path_factory.mktemp("trained") / "runs")
    command.play("base", "--rounds", 2)
    return command.runs


BRED = {"artist": {"width": 4, "latent": 8}, "data": {"size": 16}}


def test_it_breeds_a_trained_artist_and_leaves_a_lineage(trained: Path) -> None:
    run = coevo.run(artist="dcgan", critic="taste", name="bred", runs_dir=trained, options=BRED, start="base", rounds=3)
    assert run.artist.make(0, None).images.shape == (15, 1, 16, 16)
    db = SessionDB(trained / "bred" / FILE)
    events = db.events("pick")
    assert [len(event.detail["places"]) for event in events] == [1, 1, 1]
    assert {event.user for event in events} == {"taste"} and all(event.done for event in events)
    chosen = [db.sheet(event.snapshot)[event.detail["places"][0]] for event in events]
    for before, after in pairwise(chosen):
        assert before == after or db.individual(after).parents == (before,)
    db.close()


def test_the_same_seed_breeds_the_same(trained: Path) -> None:
    sheets = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        run = coevo.run(
            artist="dcgan", critic="taste", name=name, runs_dir=trained, options=BRED, start="base", rounds=2, seed=seed
        )
        sheets.append(run.artist.make(0, None).genomes)
    assert sheets[0] == sheets[1] != sheets[2]


@pytest.mark.slow
def test_what_it_likes_becomes_more(trained: Path) -> None:
    """Ten generations by taste, and as many at random, from the same first sheet."""
    ends = {}
    for likes in ("symmetry", "nothing"):
        run = coevo.run(
            artist="dcgan", critic="taste", name=f"bred-{likes}", runs_dir=trained, start="base", rounds=10,
            options={**BRED, "critic": {"likes": likes, "noise": 0}},
        )  # fmt: skip
        ends[likes] = taste.symmetry(run.artist.make(0, None).images).mean().item()
    assert ends["symmetry"] > ends["nothing"]


@pytest.mark.parametrize(("option", "value"), [("image", "x.png"), ("wants", "7")])
def test_what_another_taste_would_like_is_refused(option: str, value: str, coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("run", "--artist", "gp", "--critic", "taste", "-o", f"critic.{option}={value}")
    assert f"critic.{option} would have no effect: it needs critic.likes=" in said


def test_a_mistake_leaves_no_run_behind(trained: Path) -> None:
    said = CommandLine(trained).refuses(
        "run", "--artist", "dcgan", "--critic", "taste", "--from", "base", "--name", "never", *SMALL[:2],
        *SMALL[4:6], *SMALL[8:], "-o", "critic.likes=class", "-o", "critic.wants=12",
    )  # fmt: skip
    assert "has only: 0, 1, 2" in said and not (trained / "never").exists()
