"""Real works from arrays, as they are at hand in a notebook."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as some_arrays

import coevo
from coevo.data.datasets import DataOptions, arrays, load_dataset
from coevo.data.readers import keep_arrays, read_arrays
from coevo.tools.output import npy

PIXELS = np.arange(20 * 8 * 8, dtype=np.uint8).reshape(20, 8, 8)
SMALL = {"data": {"size": 16}, "artist": {"width": 4, "latent": 4}, "critic": {"width": 4}}


def kept(data: Any, folder: Path) -> np.ndarray:
    return read_arrays(keep_arrays(data, folder))[0]


@pytest.mark.parametrize(
    "same",
    [
        lambda a: a[..., None],
        lambda a: a[:, None],
        lambda a: torch.from_numpy(a),
        lambda a: torch.from_numpy(a)[:, None],
        lambda a: a.astype(np.int64),
        lambda a: a / 255,
        lambda a: (a / 127.5 - 1).astype(np.float32),
        lambda a: torch.from_numpy(a) / 255,
        lambda a: list(a),
        lambda a: list(torch.from_numpy(a)[:, None]),
        lambda a: [a, np.arange(len(a))],
    ],
    ids=["NHWC", "NCHW", "tensor", "tensor NCHW", "int64", "0 to 1", "-1 to 1", "float tensor", "list", "tensors",
         "pair"],
)  # fmt: skip
def test_pictures_are_the_same_in_every_form(same: Callable[[np.ndarray], Any], tmp_path: Path) -> None:
    assert np.array_equal(kept(same(PIXELS), tmp_path), PIXELS[..., None])


def test_few_bits_are_enough_for_black_and_white(tmp_path: Path) -> None:
    white = PIXELS % 2 == 1
    for same in (white, torch.from_numpy(white), torch.from_numpy(white).bfloat16(), white.astype(np.float16)):
        assert np.array_equal(kept(same, tmp_path)[..., 0], np.where(white, 255, 0))
    assert len(kept([PIXELS[0], PIXELS[1]], tmp_path)) == 2  # two pictures, not pictures and labels


def test_colours_come_last_in_numpy_and_first_in_torch(tmp_path: Path) -> None:
    odd = np.full((5, 3, 8, 3), 9, np.uint8)
    assert kept(odd, tmp_path).shape == (5, 3, 8, 3)
    assert kept(torch.from_numpy(odd), tmp_path).shape == (5, 8, 3, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.zeros((8, 8)), r"should have the shape \[N, H, W\].*these have \[8, 8\]\.$"),
        (np.zeros((5, 8, 8, 4)), r"with C 1 or 3; these have \[5, 8, 8, 4\]\.$"),
        (np.zeros((0, 8, 8)), r"There is no picture in an array of shape \[0, 8, 8\]\.$"),
        (PIXELS.astype(float), r"should be uint8, or float in \[0, 1\] or \[-1, 1\]; these are float64 from 0 to 255"),
        (np.full((5, 8, 8), np.nan), r"these are not all finite\.$"),
        (np.full((5, 8, 8), "a"), r"should be uint8 or float, not <U1\.$"),
        ((PIXELS, np.zeros(3, int)), r"of shape \[20\], one for each picture; these have \[3\]\.$"),
        ((PIXELS, np.zeros(20)), r"Labels should be whole numbers or texts, not float64\.$"),
        ((PIXELS, np.full(20, 0x110000, np.uint32).view("U1")), r"should be Unicode; some of these are damaged\.$"),
        ((PIXELS, ["\ud800"] * 20), r"should be Unicode"),
        (PIXELS % 2, r"these are uint8 from 0 to 1, which is nearly black. If 1 is white, give them as bool or"),
        (PIXELS.astype(int) % 2, r"these are int64 from 0 to 1"),
        ([np.zeros((8, 8)), np.zeros((9, 8))], r"Pictures should be one array or tensor, or a list of those of one"),
        ([torch.zeros(8, 8), torch.zeros(9, 8)], r"resize them to one, or write pictures of several sizes to a folder"),
        ((PIXELS, [[1], [1, 2]]), r"Labels should be one array or tensor"),
        ((PIXELS, PIXELS, PIXELS), r"these have \[3, 20, 8, 8\]"),
    ],
)  # fmt: skip
def test_other_arrays_are_refused_in_a_sentence(data: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(coevo.DataError, match=said):
        coevo.run("dcgan", data=data, runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_arrays_of_a_run_that_is_refused_do_not_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for folder in ("runs", "mine"):
        with pytest.raises(coevo.CoevoError, match="labels"):
            coevo.run("cgan", data=PIXELS, runs_dir=tmp_path / folder)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"] and not list((tmp_path / "mine").iterdir())
    kept = keep_arrays(PIXELS, tmp_path / "runs")  # of another run
    with pytest.raises(coevo.CoevoError):
        coevo.run("cgan", data=PIXELS, runs_dir=tmp_path / "runs")
    assert list(kept.parent.iterdir()) == [kept]


def test_a_run_of_arrays_knows_its_classes_and_goes_on(tmp_path: Path) -> None:
    labels = ["even", "odd"] * 10
    run = coevo.run("cgan", data=(PIXELS, labels), name="it", runs_dir=tmp_path, rounds=1, batch=8, options=SMALL)
    assert run.studio.classes == ("even", "odd") and len(run.dataset) == 20
    assert coevo.resume("it", runs_dir=tmp_path, rounds=2).round == 2


def test_the_same_arrays_are_kept_once(tmp_path: Path) -> None:
    first, again = keep_arrays(PIXELS, tmp_path), keep_arrays(torch.from_numpy(PIXELS), tmp_path)
    assert first == again and keep_arrays((PIXELS, list(range(20))), tmp_path) != first
    assert len(list(first.parent.iterdir())) == 2


@given(
    some_arrays(np.uint8, st.tuples(*[st.integers(1, 12)] * 3, st.sampled_from([1, 3])), elements=st.integers(2, 255)),
    st.sampled_from([1, 3]),
)
def test_pictures_become_squares_of_the_size_and_channels_of_a_run(pixels: np.ndarray, channels: int) -> None:
    with TemporaryDirectory() as folder:
        path = keep_arrays(pixels, Path(folder))
        images = arrays(path, DataOptions(size=8, channels=channels)).images
    assert images.shape == (len(pixels), channels, 8, 8) and images.dtype == torch.uint8


def test_a_file_of_arrays_is_a_dataset(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", images=PIXELS, labels=np.arange(20) % 2)
    dataset = load_dataset(DataOptions(name=str(tmp_path / "mine.npz"), size=8), {})
    assert torch.equal(dataset.images[:, 0], torch.from_numpy(PIXELS)) and dataset.classes == ("0", "1")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nothing", b"\x93NUMPY", npy(PIXELS)])
def test_a_broken_file_of_arrays_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(coevo.DataError, match=r"cannot be read as a file of arrays"):
        load_dataset(DataOptions(name=str(tmp_path / "x.npz")), {})


def npz(path: Path, content: bytes) -> str:
    """A file of arrays whose array is these bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", content)
    return str(path)


def header(shape: tuple[int, ...]) -> bytes:
    """The beginning of an array of bytes."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def test_a_bomb_of_arrays_is_refused(tmp_path: Path) -> None:
    zeros = npz(tmp_path / "zeros.npz", npy(np.zeros((80, 1024, 1024), np.uint8)))
    with pytest.raises(coevo.DataError, match=r"is refused: \d+ kB would unpack to 80 MB"):
        load_dataset(DataOptions(name=zeros), {})
    assert read_arrays(Path(npz(tmp_path / "x.npz", header((1, 8, 8)) + bytes(range(64)))))[0].shape == (1, 8, 8, 1)
    lie = npz(tmp_path / "lie.npz", header((2**40, 8, 8)) + bytes(64))
    unclosed = npz(tmp_path / "unclosed.npz", header((1, 8, 8)).replace(b"}", b" ") + bytes(64))
    number = npz(tmp_path / "number.npz", header((1, 8, 8)).replace(b"'shape'", b"1      ") + bytes(64))
    for path in (lie, unclosed, number):
        with pytest.raises(coevo.DataError, match="cannot be read as a file of arrays"):
            load_dataset(DataOptions(name=path), {})


def test_a_file_without_images_is_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", pictures=PIXELS)
    with pytest.raises(coevo.DataError, match=r"has no array named 'images'.*'labels' may be.*it has: pictures\."):
        load_dataset(DataOptions(name=str(tmp_path / "x.npz")), {})
    np.save(tmp_path / "x.npy", PIXELS)
    with pytest.raises(coevo.DataError, match=r"x.npy is one array; .*savez"):
        load_dataset(DataOptions(name=str(tmp_path / "x.npy")), {})
