"""What a dataset was, and whether it is so still."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coevo.data.datasets import DataOptions, Dataset, digits, load_dataset
from coevo.data.fingerprint import Fingerprint
from coevo.data.readers import READ_MB, Originals, checksums
from coevo.errors import DataError
from coevo.evaluation.kept import identity


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(256, (n, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@given(n=st.integers(2, 40), pixel=st.integers(0, 63), which=st.integers(0, 39))
def test_the_same_pictures_have_the_same_fingerprint_and_others_another(n: int, pixel: int, which: int) -> None:
    images = pictures(n)
    before = Fingerprint.of(Dataset("x", images))
    assert before.change(Fingerprint.of(Dataset("elsewhere", images.clone()))) == ""
    images[which % n].view(-1)[pixel] ^= 1
    assert "some are others now" in before.change(Fingerprint.of(Dataset("x", images)))


def test_what_has_changed_is_said() -> None:
    whole = Fingerprint.of(Dataset("x", pictures(600)))
    some = Fingerprint.of(Dataset("x", pictures(600)[111:]))
    assert whole.change(some) == "it had 600 pictures and has 489 now"
    relabelled = [Fingerprint.of(Dataset("x", pictures(2), torch.tensor(labels))) for labels in ([0, 1], [1, 0])]
    assert "their labels some are others" in relabelled[0].change(relabelled[1])


def test_one_picture_or_many_that_are_alike_are_refused_and_few_are_said() -> None:
    for images, said in ((pictures(1), "one picture"), (pictures(1).repeat(9, 1, 1, 1), "9 pictures that are all")):
        with pytest.raises(DataError, match=said):
            Fingerprint.of(Dataset("x", images)).warning("x")
    assert "only 3 pictures: " in Fingerprint.of(Dataset("x", pictures(3))).warning("x")
    repeated = Fingerprint.of(Dataset("x", pictures(3).repeat(200, 1, 1, 1)))
    assert "only 600 pictures, 3 of them different" in repeated.warning("x")
    assert Fingerprint.of(Dataset("x", pictures(60))).warning("x") == ""


def test_of_a_large_dataset_only_some_pictures_are_read() -> None:
    large = np.broadcast_to(np.zeros(1, np.uint8), (READ_MB + 40, 1, 1024, 1024))  # takes no memory
    assert len(checksums(large)) == READ_MB


# of the originals, on every machine


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures as PNGs in classes, as arrays, and as IDX files."""
    folder = tmp_path_factory.mktemp("datasets")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (12, 20, 20), np.uint8), np.arange(12, dtype=np.uint8) % 3
    (folder / "train-images-idx3-ubyte").write_bytes(idx(images))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    np.savez(folder / "mine.npz", images=images, labels=labels)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / "png" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "png" / str(label) / f"{number}.png")
    return folder


FINGERPRINTS = """
import sys
from pathlib import Path
from coevo.data.datasets import DataOptions, digits, load_dataset, mnist
from coevo.data.fingerprint import Fingerprint

folder = Path(sys.argv[1])
for name in ("digits", "mnist", folder / "png", folder / "mine.npz"):
    for size in (28, 64):
        options = DataOptions(name=str(name), size=size, dir=str(folder))
        dataset = load_dataset(options, {"digits": digits, "mnist": mnist})
        print(Path(name).name, size, Fingerprint.of(dataset))
"""


@pytest.mark.slow
def test_every_processor_finds_the_same_fingerprint(datasets: Path) -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", FINGERPRINTS, datasets],
            env={**os.environ, "ATEN_CPU_CAPABILITY": capability}, capture_output=True, text=True, check=True,
        ).stdout
        for capability in ("default", "avx2")
    ]  # fmt: skip
    assert found[0] == found[1] and len(found[0].splitlines()) == 8


def test_size_colour_and_black_and_white_are_no_other_dataset_but_other_pictures(datasets: Path) -> None:
    options: tuple[dict[str, Any], ...] = (
        {},
        {"size": 16},
        {"channels": 3},
        {"binarise": "threshold"},
        {"binarise": "sample"},
    )
    for name in ("digits", str(datasets / "png"), str(datasets / "mine.npz")):
        seen = [load_dataset(DataOptions(name=name, **some), {"digits": digits}) for some in options]
        assert len({Fingerprint.of(dataset).digest for dataset in seen}) == 1
        assert len({identity(dataset) for dataset in seen}) == len(options)  # evaluators are trained on what is seen


def test_an_original_that_was_exchanged_or_moved_to_another_class_is_noticed(datasets: Path) -> None:
    def found() -> Fingerprint:
        return Fingerprint.of(load_dataset(DataOptions(name=str(datasets / "png"), size=4), {}))

    before, (one, other) = found(), (datasets / "png" / "0" / f"{number}.png" for number in (0, 3))
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    assert "some are others now" in before.change(found())
    one.write_bytes(kept)
    assert before.change(found()) == ""
    labels = [np.arange(12) % classes for classes in (3, 4)]
    for place, some in enumerate(labels):
        np.savez(datasets / f"{place}.npz", images=np.load(datasets / "mine.npz")["images"], labels=some)
    labelled = [Fingerprint.of(load_dataset(DataOptions(name=str(datasets / f"{n}.npz")), {})) for n in range(2)]
    assert "some are others now" in labelled[0].change(labelled[1])


@pytest.mark.parametrize(
    ("originals", "said"),
    [
        (Originals((8, 8), (8, 8)), "8 × 8 px enlarged to 32 × 32"),
        (Originals((32, 32), (32, 32)), "32 × 32 px"),
        (Originals.of([(105, 105), (200, 180)]), "105 × 105 to 200 × 180 px cropped and reduced to 32 × 32"),
        (Originals.of([(16, 16), (64, 64)]), "16 × 16 to 64 × 64 px resized to 32 × 32"),
    ],
)
def test_what_became_of_the_originals(originals: Originals, said: str) -> None:
    assert originals.resized(32) == said
