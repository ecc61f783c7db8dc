"""Datasets, and batches that follow from the seed alone."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorMode

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, Dataset, digits, folder, load_dataset, mnist, zipped
from coevo.errors import DataError

CPU = torch.device("cpu")


def counted(n: int) -> Dataset:
    """n pictures of one pixel; the n-th has the label n."""
    return Dataset("counted", torch.zeros(n, 1, 1, 1, dtype=torch.uint8), torch.arange(n), tuple(map(str, range(n))))


def png(colour: int | tuple[int, int, int] = 128, size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(buffer, "png")
    return buffer.getvalue()


def read(path: Path, **options: object) -> Dataset:
    return load_dataset(DataOptions(name=str(path), **{"size": 8, **options}), {})  # type: ignore[arg-type]


# batches


@given(n=st.integers(1, 40), batch=st.integers(1, 90), seed=st.integers(0, 2**40), epochs=st.integers(1, 4))
@settings(deadline=None, max_examples=50)
def test_every_work_comes_once_an_epoch_whatever_the_batch(n: int, batch: int, seed: int, epochs: int) -> None:
    data = DatasetBatches(counted(n), batch, seed, (1,), CPU)
    drawn = torch.cat([data.batch(number, 0, 0).labels for number in range(-(-n * epochs // batch))])
    for epoch in drawn[: n * epochs].view(epochs, n):
        assert epoch.sort().values.tolist() == list(range(n))


@given(st.integers(0, 500), st.integers(0, 1), st.integers(0, 4))
@settings(deadline=None, max_examples=50)
def test_a_batch_follows_from_its_position_alone(round: int, phase: int, step: int) -> None:
    steps = (5, 5)
    here = DatasetBatches(counted(30), 7, 3, steps, CPU).batch(round, phase, step)
    other = DatasetBatches(counted(30), 7, 3, steps, CPU)
    for elsewhere in (0, 3, 400):
        other.batch(elsewhere, 0, 1)
    assert torch.equal(here.labels, other.batch(round, phase, step).labels)
    assert here.images.dtype == torch.float32


def test_another_seed_phase_or_stream_is_another_order() -> None:
    data = DatasetBatches(counted(100), 50, 1, (1, 1), CPU)
    data.add_stream("few", torch.arange(10))
    first = data.batch(0, 0, 0).labels
    assert not torch.equal(first, data.batch(0, 1, 0).labels)
    assert not torch.equal(first, DatasetBatches(counted(100), 50, 2, (1, 1), CPU).batch(0, 0, 0).labels)
    assert data.batch(0, 0, 0, "few").labels.max() < 10


def test_streamed_from_the_disk_is_the_same_as_held() -> None:
    dataset = digits(DataOptions(size=16))
    held, streamed = DatasetBatches(dataset, 32, 5, (2,), CPU), DatasetBatches(dataset, 32, 5, (2,), CPU, memory_mb=0)
    assert held.held and not streamed.held
    for position in ((0, 0, 0), (0, 0, 1), (1, 0, 0), (9, 0, 1), (4, 0, 0), (4, 0, 1)):
        assert torch.equal(held.batch(*position).images, streamed.batch(*position).images)
    streamed.close()


def test_no_batch_waits_for_the_device() -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        images = torch.zeros(50, 1, 8, 8, dtype=torch.uint8)
        data = DatasetBatches(Dataset("fake", images, torch.zeros(50, dtype=torch.int64)), 16, 0, (1,), CPU)
        for round in range(5):
            assert data.batch(round, 0, 0).images.shape == (16, 1, 8, 8)


# the shipped digits


def test_the_digits_are_there_in_any_size() -> None:
    for size, channels in ((8, 1), (32, 1), (32, 3)):
        dataset = digits(DataOptions(size=size, channels=channels))
        works = dataset.works(slice(0, 10))
        assert dataset.images.shape == (1797, channels, size, size)
        assert works.images.min() >= -1 and works.images.max() <= 1
        assert works.labels.tolist() == list(range(10))


# MNIST


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.fixture
def idx_folder(tmp_path: Path) -> Path:
    images, labels = np.arange(5 * 28 * 28, dtype=np.uint8).reshape(5, 28, 28), np.arange(5, dtype=np.uint8)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels), mtime=0))
    return tmp_path


def test_idx_files_zipped_or_not(idx_folder: Path) -> None:
    dataset = mnist(DataOptions(dir=str(idx_folder), size=28))
    assert dataset.images.shape == (5, 1, 28, 28) and dataset.labels.tolist() == [0, 1, 2, 3, 4]
    assert dataset.images[0, 0, 0, :5].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "train-images-idx3-ubyte",
            idx(np.zeros((5, 28, 28), np.uint8))[:-9],
            "should hold 3,920 bytes of items, but it holds 3,911",
        ),
        ("train-images-idx3-ubyte", b"what is this?", "is no IDX file"),
        ("train-images-idx3-ubyte", b"", "is no IDX file"),
        ("train-labels-idx1-ubyte.gz", gzip.compress(idx(np.zeros(5, np.uint8)), mtime=0)[:-9], "cannot be unpacked"),
        (
            "train-labels-idx1-ubyte.gz",
            gzip.compress(idx(np.zeros(4, np.uint8)), mtime=0),
            "5 train images but 4 labels",
        ),
    ],
)
def test_idx_files_that_are_broken(idx_folder: Path, name: str, content: bytes, said: str) -> None:
    (idx_folder / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        mnist(DataOptions(dir=str(idx_folder)))


def test_idx_files_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no train-images-idx3-ubyte"):
        mnist(DataOptions(dir=str(tmp_path)))


def test_the_real_mnist(real_data: Path) -> None:
    dataset = mnist(DataOptions(dir=str(real_data / "mnist"), size=28, split="all"))
    assert len(dataset) == 70_000
    assert dataset.labels.bincount().tolist()[:2] == [6903, 7877]


# folders and zips


def test_subfolders_are_classes(tmp_path: Path) -> None:
    for name in ("cats/a.png", "cats/deep/b.png", "dogs/c.png", "dogs/.hidden.png", "dogs/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png())
    dataset = read(tmp_path)
    assert dataset.classes == ("cats", "dogs") and dataset.labels.tolist() == [0, 0, 1]


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(png((255, 0, 0), (20, 9)))
    dataset = read(tmp_path, channels=3)
    assert dataset.labels is None
    assert dataset.works(slice(0, 1)).images[0, :, 0, 0].tolist() == [1, -1, -1]


def test_broken_files_are_unreadable_and_named(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"{n}.png").write_bytes(png(n))
    (tmp_path / "2.png").write_bytes(png()[:30])
    dataset = read(tmp_path)
    assert len(dataset) == 3 and dataset.unreadable == ("2.png",)
    for n in (0, 1):
        (tmp_path / f"{n}.png").write_text("no picture")
    with pytest.raises(DataError, match=r"3 of the 4 images in .* cannot be read"):
        read(tmp_path)


def test_folders_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no images"):
        read(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        folder(DataOptions(dir=str(tmp_path / "gone")))
    with pytest.raises(DataError, match=r"There is no folder, zip or .npz file .*gone\."):
        read(tmp_path / "gone")
    with pytest.raises(DataError, match="Nor is it a folder, a zip"):
        read(Path("gone"))


def test_a_link_back_up_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(png())
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert len(read(tmp_path)) == 1


def test_a_decompression_bomb_is_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(png())
    (tmp_path / "bomb.png").write_bytes(png(0, (40, 40)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert read(tmp_path).unreadable == ("bomb.png",)


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_read_like_a_folder(tmp_path: Path) -> None:
    members = {f"set/{part}/{kind}/{n}.png": png(n) for part in ("train", "test") for kind in "ab" for n in range(3)}
    path = make_zip(tmp_path / "x.zip", members | {"set/readme.txt": b"hello"})
    assert len(read(path)) == 6 and read(path).classes == ("a", "b")
    assert len(read(path, split="all")) == 12


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/evil.png", "..\\evil.png"])
def test_a_zip_with_ways_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="points outside of the zip"):
        read(make_zip(tmp_path / "x.zip", {name: png()}))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="would unpack to 80 MB"):
        read(make_zip(tmp_path / "x.zip", {"bomb.png": bytes(80 * 2**20), "a.png": png()}))


def test_a_file_that_is_not_a_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK, or not")
    with pytest.raises(DataError, match="is neither a folder nor a zip of images"):
        zipped(DataOptions(dir=str(tmp_path / "x.zip")))


def test_a_large_set_is_decoded_once_into_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path / "cache"))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(5):
        (pictures / f"{n}.png").write_bytes(png(n * 40))
    (pictures / "3.png").write_bytes(b"broken")
    held, cached = read(pictures), read(pictures, memory_mb=0)
    assert torch.equal(held.images, cached.images) and held.unreadable == cached.unreadable == ("3.png",)
    assert held.originals == cached.originals and held.originals[:3] == ((8, 8), (8, 8), True)
    before = [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "cache").iterdir())]
    assert len(before) == 2 and torch.equal(read(pictures, memory_mb=0).images, held.images)
    assert before == [(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "cache").iterdir())]


@pytest.mark.slow
def test_real_photographs_in_a_zip(real_data: Path) -> None:
    dataset = read(real_data / "cifar10-ship-horse.zip", size=32, channels=3)
    assert len(dataset) == 10_000 and dataset.classes == ("horse", "ship") and not dataset.unreadable


@pytest.mark.slow
def test_real_handwriting_in_a_zip(real_data: Path) -> None:
    dataset = read(real_data / "omniglot-small1.zip", size=28)
    assert len(dataset) == 2_720 and len(dataset.classes) == 5


# few labels, and black and white


def test_few_labels_come_beside_works_whose_labels_are_hidden() -> None:
    dataset = digits(DataOptions(size=16))
    data = DatasetBatches(dataset, 20, 0, [1, 1], torch.device("cpu"), labelled=23)
    batches = [data.batch(round, 0, 0) for round in range(10)]
    assert all((works.labels == -1).all() and len(works) == 20 for works in batches)
    seen = torch.cat([works.labelled.images for works in batches]).flatten(1).unique(dim=0)
    assert len(seen) == 23
    once = torch.cat([works.labelled.labels for works in batches])[:23]
    assert sorted(torch.bincount(once, minlength=10).tolist()) == [2] * 7 + [3] * 3
    assert torch.equal(data.batch(4, 0, 0).labelled.images, batches[4].labelled.images)


@pytest.mark.parametrize("binary", ["threshold", "sample"])
def test_pixels_become_black_or_white_the_same_every_time(binary: str) -> None:
    grey = digits(DataOptions(size=16)).images.float() / 255
    once, again = (load_dataset(DataOptions(size=16, binarise=binary), {"digits": digits}).images for _ in range(2))
    assert set(once.unique().tolist()) == {0, 255} and torch.equal(once, again)
    assert abs((once.float() / 255 - grey).mean()) < 0.02


def test_pixels_that_are_drawn_anew_are_other_pixels_in_every_batch_and_follow_from_the_seed() -> None:
    dataset = load_dataset(DataOptions(size=16, binarise="sample-anew"), {"digits": digits})
    one, again, other = (DatasetBatches(dataset, len(dataset), seed, (1,), torch.device("cpu")) for seed in (0, 0, 1))
    epochs = [one.batch(round, 0, 0) for round in range(20)]
    assert all(set(works.pixels.unique().tolist()) == {-1, 1} for works in epochs)
    assert torch.equal(epochs[7].pixels, again.batch(7, 0, 0).pixels)
    assert not torch.equal(epochs[7].pixels, other.batch(7, 0, 0).pixels)
    white = torch.stack([(works.pixels.sum((1, 2, 3)) + 256).sort().values for works in epochs])
    assert white.unique(dim=0).shape[0] == 20  # every epoch draws other pixels of the same works
    share = torch.stack([works.pixels.mean(0) for works in epochs]).mean(0) / 2 + 0.5
    assert (share - digits(DataOptions(size=16)).images.float().mean(0) / 255).abs().max() < 0.02


def test_works_of_pixels_that_are_drawn_anew_are_drawn_once_where_they_are_judged() -> None:
    anew, once = (
        load_dataset(DataOptions(size=16, binarise=how), {"digits": digits}) for how in ("sample-anew", "sample")
    )
    assert torch.equal(anew.works(slice(None)).pixels, once.works(slice(None)).pixels)
