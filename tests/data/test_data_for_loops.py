"""Real works in one line: arrays, torch datasets, names and paths; and a loop of one's own that plays them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

import coevo
from coevo.data.readers.torch_dataset import read_torch_dataset
from coevo.errors import DataError
from coevo.loop import Phase
from coevo.testing import RandomArtist, TargetCritic

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 12, 12), np.uint8)
LABELS = np.arange(40) % 4
ARRAYS = {"critic": {"width": 4}, "artist": {"width": 4, "latent": 4}}


class Items(Dataset[Any]):
    """Numbered items, each made by a function."""

    def __init__(self, make: Any, length: int = 40):
        self.make, self.length = make, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i: int) -> Any:
        return self.make(i)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter([(torch.from_numpy(one)[None], int(label)) for one, label in zip(PIXELS, LABELS, strict=True)])


@pytest.mark.parametrize(
    "dataset",
    [
        TensorDataset(torch.from_numpy(PIXELS)[:, None], torch.from_numpy(LABELS)),
        Items(lambda i: (torch.from_numpy(PIXELS[i])[None], torch.tensor(LABELS[i]))),
        Items(lambda i: (torch.from_numpy(PIXELS[i])[None].float() / 255, int(LABELS[i]))),
        Items(lambda i: (Image.fromarray(PIXELS[i]), int(LABELS[i]))),
        Items(lambda i: {"image": Image.fromarray(PIXELS[i]), "label": int(LABELS[i])}),
        Stream(),
    ],
    ids=["tensors", "tensor and label", "floats", "Pillow", "dicts", "iterable"],
)
def test_a_torch_dataset_of_any_kind_is_read_as_its_arrays(dataset: Any) -> None:
    data = coevo.Data(dataset, batch=8)
    assert data.image == (1, 12, 12) and data.classes == ("0", "1", "2", "3") and len(data) == 40
    assert torch.equal(data.dataset.images[:, 0], torch.from_numpy(PIXELS))
    assert torch.equal(data.dataset.labels, torch.from_numpy(LABELS))


def test_what_has_numbered_items_is_a_dataset_too() -> None:
    class Rows:
        def __len__(self) -> int:
            return 6

        def __getitem__(self, i: int) -> Any:
            return {"img": PIXELS[i]}

    assert len(coevo.Data(Rows())) == 6


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (Items(lambda i: torch.zeros(1, 8 + i, 8)), r"have several sizes, such as \[1, 8, 8\] and \[1, 47, 8\]; let"),
        (Items(lambda i: 1 / (3 - i)), "Item 3 of the Items cannot be read: ZeroDivisionError"),
        (Items(lambda i: {"text": ""}), "Item 0 of the Items has no 'image'; it has text"),
        (Items(lambda i: 0, 0), "The Items has no items"),
        (Items(lambda i: torch.zeros(1, 8, 8) + i), "should be uint8, or float in"),
    ],
    ids=["sizes", "fails", "no picture", "empty", "range"],
)
def test_a_dataset_that_holds_no_pictures_is_refused_in_a_sentence(dataset: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        coevo.Data(dataset)


def test_pictures_are_resized_and_made_grey_or_coloured_as_asked() -> None:
    assert coevo.Data(PIXELS, size=8, channels=3).image == (3, 8, 8)
    assert coevo.Data("digits").image == (1, 32, 32)
    assert coevo.Data((PIXELS, LABELS)).dataset.labels is not None and not coevo.Data(PIXELS).classes
    with pytest.raises(DataError, match="There is no folder, zip or"):
        coevo.Data("photos/of/mine")


def test_batches_follow_from_seed_and_position_and_a_phase_of_several_steps_sees_each_work_once() -> None:
    data = coevo.Data(PIXELS, batch=10, seed=3, phases=[Phase("critic", 2), Phase("artist")])
    assert data.batch(1, 0, 1).pixels.equal(
        coevo.Data(PIXELS, batch=10, seed=3, phases=[Phase("critic", 2)]).batch(1, 0, 1).pixels
    )
    epoch = torch.cat([data.batch(round, 0, step).pixels for round in (0, 1) for step in (0, 1)])
    assert len(epoch.flatten(1).unique(dim=0)) == 40


def test_a_run_takes_a_torch_dataset_and_data(tmp_path: Path) -> None:
    tensors = TensorDataset(torch.from_numpy(PIXELS)[:, None], torch.from_numpy(LABELS))
    for data in (tensors, coevo.Data(tensors)):
        options = {**ARRAYS, "data": {"size": 16}}
        run = coevo.run("dcgan", data=data, rounds=1, batch=4, runs_dir=tmp_path, options=options)  # type: ignore[arg-type]
        assert run.studio.classes == ("0", "1", "2", "3")
        assert coevo.resume(run.store.name, runs_dir=tmp_path, rounds=2).round == 2
    assert read_torch_dataset(tensors)[0].shape == (40, 1, 12, 12)


def test_a_run_of_data_has_its_size_channels_and_batch(tmp_path: Path) -> None:
    data = coevo.Data(PIXELS, size=16, channels=3, batch=4)
    run = coevo.run("dcgan", data=data, rounds=1, runs_dir=tmp_path, options=ARRAYS)
    assert run.studio.image == (3, 16, 16) and run.config.run.batch == 4


def play(seed: int) -> torch.Tensor:
    data = coevo.Data(PIXELS, size=16, batch=4)
    artist, critic = coevo.pair("dcgan", "dcnn", data, seed=seed, options=ARRAYS)
    with artist.studio.playing():
        for turn in coevo.coevolve(artist, critic, data):
            if turn.next.round == 2:
                break
    return artist.exhibit(2, seed=1).pixels


def test_a_loop_of_ones_own_gives_the_same_works_of_the_same_seed() -> None:
    first = play(1)
    torch.rand(5)
    assert first.equal(play(1)) and not first.equal(play(2))


def test_a_pair_is_of_names_classes_and_options() -> None:
    artist, critic = coevo.pair(
        RandomArtist, TargetCritic, size=16, channels=3, options={"critic": {"judges": "codes"}}
    )
    assert artist.studio.image == (3, 16, 16) and critic.options.judges == "codes"


def test_a_pair_is_on_the_device_of_its_data() -> None:
    data = coevo.Data(PIXELS, size=16, batch=4, device="cpu:0")
    pairs = coevo.pair("dcgan", "dcnn", data, options=ARRAYS), coevo.pair(RandomArtist, TargetCritic, device="cpu:0")
    assert [artist.studio.device for artist, _ in pairs] == [torch.device("cpu:0")] * 2


def test_a_pair_that_does_not_fit_is_refused_before_it_plays() -> None:
    with pytest.raises(coevo.PairError, match="needs real works to compare with"):
        coevo.pair("dcgan", "dcnn")
    with pytest.raises(coevo.PairError, match="Artist 'gp' cannot work with critic 'latent'"):
        coevo.pair("gp", "latent", coevo.Data(PIXELS))
    artist, _ = coevo.pair("gp", TargetCritic, size=16, options={"artist": {"population": 4}})
    _, critic = coevo.pair("aae", "latent", coevo.Data(PIXELS, size=16), options={"artist": {"width": 4}})
    with pytest.raises(coevo.PairError, match="latent judges latent codes and gp makes none"):
        next(coevo.coevolve(artist, critic, coevo.Data(PIXELS, size=16)))


def test_phases_are_those_of_sides_that_learn() -> None:
    artist, critic = coevo.pair(
        "gp", "taste", size=16, options={"artist": {"population": 4}, "critic": {"likes": "symmetry"}}
    )
    assert not critic.spec().learns
    data = coevo.Data(PIXELS, size=16, batch=4)
    assert {turn.role for turn in islice(coevo.coevolve(artist, critic, data), 3)} == {"artist"}


# what works are made from

MAPS = np.random.default_rng(1).integers(0, 3, (40, 12, 12))


@pytest.mark.parametrize(
    "maps", [MAPS, MAPS[..., None], torch.from_numpy(MAPS)[:, None], list(MAPS.astype(np.uint8))], ids=str
)
def test_pictures_are_made_from_label_maps_that_are_arrays(maps: Any) -> None:
    data = coevo.Data(PIXELS, given=maps, regions=3, batch=8)
    assert data.planes == ("0", "1", "2")
    assert torch.equal(data.dataset.given[:, 0], torch.from_numpy(MAPS).byte())
    assert data.batch(0, 0, 0).given.shape == (8, 3, 12, 12)


def test_pictures_and_what_they_are_made_from_are_cropped_and_resized_alike() -> None:
    wide = np.random.default_rng(2).integers(2, 256, (40, 12, 20), np.uint8)
    pairs = coevo.Data(wide, given=wide, size=6)
    assert torch.equal(pairs.dataset.given, pairs.dataset.images)
    maps = coevo.Data(wide, given=wide % 5, regions=5, size=24)
    assert torch.equal(maps.dataset.given[:, 0, ::2, ::2], torch.from_numpy(wide[:, :, 4:16] % 5))
    edges = coevo.Data(PIXELS, given="edges")
    assert set(edges.dataset.given.unique().tolist()) == {0, 255}


def test_a_run_of_pairs_of_arrays_is_resumed(tmp_path: Path) -> None:
    data = coevo.Data(PIXELS, given=MAPS, regions=3, size=16, batch=8)
    small = {"artist": {"width": 4}, "critic": {"width": 4}}
    run = coevo.run("pix2pix", data=data, runs_dir=tmp_path, name="x", rounds=1, options=small)
    again = coevo.resume("x", runs_dir=tmp_path, rounds=2)
    assert run.artist.studio.planes == again.artist.studio.planes == ("0", "1", "2")
    with pytest.raises(DataError, match="has changed since the run started"):
        (other,) = (tmp_path / ".arrays").iterdir()
        np.savez(other, images=PIXELS, given=MAPS[::-1])
        coevo.resume("x", runs_dir=tmp_path, rounds=3)


def test_players_for_a_loop_know_what_they_are_given() -> None:
    data = coevo.Data(PIXELS, given=MAPS, regions=3, size=16, batch=8)
    artist, critic = coevo.pair("pix2pix", "patch", data, options={"artist": {"width": 4}, "critic": {"width": 4}})
    turn = next(coevo.coevolve(artist, critic, data))
    assert turn.works.given.shape == (8, 3, 16, 16)
    with pytest.raises(coevo.PairError, match="this data brings nothing"):
        coevo.pair("pix2pix", "patch", coevo.Data(PIXELS, size=16))


def test_what_is_given_has_a_partner_for_each_picture() -> None:
    with pytest.raises(DataError, match=r"40 pictures or label maps of 12 × 12 px.* int64 of shape \[39, 12, 12\]"):
        coevo.Data(PIXELS, given=MAPS[1:], regions=3)
    with pytest.raises(DataError, match=r"Number 0 of what is given is no label map of 2 regions: it has the number 2"):
        coevo.Data(PIXELS, given=MAPS, regions=2)
    with pytest.raises(DataError, match=r"have whole numbers, .* are float64"):
        coevo.Data(PIXELS, given=MAPS / 3, regions=3)
    with pytest.raises(DataError, match="given to pictures that are arrays too, and 'digits' is a name"):
        coevo.Data("digits", given=MAPS)
