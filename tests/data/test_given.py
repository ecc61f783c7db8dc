"""What works are made from: halves of files, folders of partners, other domains, and what pictures contain already."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, Dataset, digits, load_dataset
from coevo.data.fingerprint import Fingerprint
from coevo.data.moves import moved
from coevo.data.splits import splits
from coevo.errors import DataError
from coevo.images.given import GREY, RGB, colours

CPU = torch.device("cpu")


def png(pixels: np.ndarray, mode: str | None = None) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(buffer, "png")
    return buffer.getvalue()


def grey(value: int, width: int = 8, height: int = 8) -> bytes:
    return png(np.full((height, width), value, np.uint8))


def pair(left: int, right: int) -> bytes:
    return png(np.repeat(np.array([[left, right]], np.uint8), 8, axis=1).repeat(8, axis=0))


def written(root: Path, files: Mapping[str, bytes], packed: bool = False) -> Path:
    """A folder with these files, or a zip."""
    if packed:
        path = root / "data.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name, content in files.items():
                file.writestr(name, content)
        return path
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def read(path: Path | str, side: str, **options: object) -> Dataset:
    wanted = DataOptions(name=str(path), given=side, **{"size": 8, **options})  # type: ignore[arg-type]
    return load_dataset(wanted, {"digits": digits})


# files of two halves


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(("side", "values"), [("left", [10, 200]), ("right", [200, 10])])
def test_a_file_is_two_pictures_side_by_side(tmp_path: Path, packed: bool, side: str, values: list[int]) -> None:
    dataset = read(written(tmp_path, {"1.png": pair(10, 200)}, packed), side)
    assert dataset.given is not None and dataset.paired and dataset.planes == GREY
    assert [int(part.unique()) for part in (dataset.given, dataset.images)] == values


def test_halves_are_cropped_alike_whatever_their_form(tmp_path: Path) -> None:
    """A picture that is wider than high, its own partner: grey, 16 bits, or with an alpha channel."""
    half = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
    whole = np.concatenate([half, half], 1)
    files = {"8.png": png(whole), "16.png": png(whole.astype(np.uint16) * 257), "alpha.png": png(whole, "RGBA")}
    dataset = read(written(tmp_path, files), "left", channels=3, size=16)
    assert dataset.planes == RGB and torch.equal(dataset.given, dataset.images)


def test_pairs_that_are_too_many_for_the_memory_are_kept_in_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, {f"{n}.png": pair(n, 100 + n) for n in range(3)})
    held, mapped = (read(path, "left", memory_mb=mb) for mb in (99, 0))
    assert torch.equal(held.images, mapped.images) and torch.equal(held.given, mapped.given)
    assert int(read(path, "right", memory_mb=0).images[0].unique()) == 0, "the other half is another file"


def test_an_odd_width_is_no_pair(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1\.png is 7 px wide, and two pictures side by side have an even width"):
        read(written(tmp_path, {"1.png": grey(0, 7)}), "left")


# folders of partners


PARTNERS = {"A/train/1.png": grey(1), "B/train/1.jpg": grey(11), "A/train/2.png": grey(2), "B/train/2.png": grey(22)}
TESTS = {"A/test/9.png": grey(9), "B/test/9.png": grey(99)}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_files_of_equal_names_are_partners(tmp_path: Path, packed: bool) -> None:
    path = written(tmp_path, PARTNERS | TESTS, packed)
    dataset, test = splits(DataOptions(name=str(path), given="A", size=8), {})
    assert [int(part.float().mean()) for part in (*dataset.given, *dataset.images)] == [1, 2, 11, 22]
    assert test is not None and int(test.images.unique()) == 99 and dataset.labels is None
    assert int(read(path, "B", split="test").images.unique()) == 9


def test_folders_without_parts_are_whole(tmp_path: Path) -> None:
    path = written(tmp_path, {"A/1.png": grey(1), "B/1.png": grey(11), "A/2.png": grey(2), "B/2.png": grey(22)})
    dataset, test = splits(DataOptions(name=str(path), given="A", size=8), {})
    assert len(dataset) == 2 and test is None


def test_a_partner_that_is_missing_or_of_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"A/train/3\.png .* has no partner of the same name"):
        read(written(tmp_path / "1", PARTNERS | {"A/train/3.png": grey(3)}), "A")
    with pytest.raises(DataError, match=r"B/train/3\.png has 9 × 8 px, and A/train/3\.png, .* 8 × 8"):
        read(written(tmp_path / "2", PARTNERS | {"A/train/3.png": grey(3), "B/train/3.png": grey(3, 9)}), "A")


def turned(pixels: np.ndarray, orientation: int) -> bytes:
    """A file whose EXIF data says how to hold it."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(buffer, "png", exif=exif)
    return buffer.getvalue()


def test_halves_and_partners_are_compared_as_they_are_seen(tmp_path: Path) -> None:
    """A camera that was held sideways: the file has the width of what is seen as the height."""
    seen = np.repeat(np.array([[10, 200]], np.uint8), 8, axis=1).repeat(7, axis=0)
    kept = turned(np.rot90(seen), 6)  # upright again by a quarter turn to the right
    halves = read(written(tmp_path / "1", {"1.png": kept}), "left")
    assert [int(part.unique()) for part in (halves.given, halves.images)] == [10, 200]
    assert halves.originals.smallest == (8, 7)
    pair = {"A/1.png": kept, "B/1.png": png(seen)}
    partners = read(written(tmp_path / "2", pair), "A")
    assert torch.equal(partners.given, partners.images)


def test_two_files_that_would_have_one_partner_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"A/train/1\.jpg and A/train/1\.png .* differ in nothing but the ending"):
        read(written(tmp_path, PARTNERS | {"A/train/1.jpg": grey(5)}), "A")


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither folders A and B, .* nor trainA and trainB"):
        read(written(tmp_path, {"x/1.png": grey(1)}), "A")
    with pytest.raises(DataError, match=r"data\.given=left is of files in a folder or zip, and dataset 'digits'"):
        read("digits", "left")
    with pytest.raises(DataError, match=r"data\.given=lft is neither grey, edges, hole, left"):
        read("digits", "lft")


# label maps


def test_label_maps_are_numbers_and_stay_so_at_any_size(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 5, (20, 30), np.uint8)
    files = {"A/1.png": png(numbers), "A/2.png": png(numbers), "B/1.png": grey(0, 30, 20), "B/2.png": grey(9, 30, 20)}
    dataset = read(written(tmp_path, files), "A", regions=5)
    assert dataset.given.shape == (2, 1, 8, 8) and dataset.given.max() < 5 and dataset.planes == tuple("01234")
    planes = dataset.works(slice(0, 2)).conditions
    assert planes.shape == (2, 5, 8, 8) and torch.equal(planes.sum(1), torch.ones(2, 8, 8))


@pytest.mark.parametrize("mode", ["LA", "P", "I;16", "RGB"])
def test_label_maps_of_any_form_are_read(tmp_path: Path, mode: str) -> None:
    numbers = np.arange(64, dtype=np.uint8).reshape(8, 8) % 5
    forms = {
        "LA": lambda: np.stack([numbers, numbers * 0], 2),  # numbers below what is transparent count too
        "P": lambda: numbers,
        "I;16": lambda: numbers.astype(np.uint16),
        "RGB": lambda: colours(5)[numbers],
    }
    content = png(forms[mode](), "P" if mode == "P" else None)
    dataset = read(written(tmp_path, {"A/1.png": content, "B/1.png": grey(0)}), "A", regions=5)
    assert torch.equal(dataset.given[0, 0], torch.from_numpy(numbers))


def test_a_number_that_stands_for_no_region_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, {"A/1.png": grey(7), "B/1.png": grey(0)})
    with pytest.raises(DataError, match=r"A/1\.png is no label map of 5 regions: it has the number 7"):
        read(path, "A", regions=5)


# two domains


def test_two_domains_need_no_partners(tmp_path: Path) -> None:
    files = {f"trainA/{n}.png": grey(n) for n in range(3)} | {f"trainB/b{n}.png": grey(100 + n) for n in range(5)}
    path = written(tmp_path, files | {"testA/1.png": grey(50), "testB/1.png": grey(150)})
    dataset, test = splits(DataOptions(name=str(path), given="A", size=8), {})
    assert not dataset.paired and (len(dataset), len(dataset.given)) == (5, 3)
    assert test is not None and (int(test.images.unique()), int(test.given.unique())) == (150, 50)
    drawn = DatasetBatches(dataset, 15, 0, (1,), CPU).batch(0, 0, 0)
    domains = [
        sorted(((part.mean((1, 2, 3)) + 1) * 127.5).round().int().tolist()) for part in (drawn.pixels, drawn.given)
    ]
    assert domains == [sorted([*range(100, 105)] * 3), sorted([0, 1, 2] * 5)]


def test_parts_of_a_domain_are_no_classes(tmp_path: Path) -> None:
    files = {f"{part}{side}/{n}.png": grey(n) for part in ("train", "test") for side in "AB" for n in range(3)}
    dataset = read(written(tmp_path, files), "A", split="all")
    assert len(dataset) == 6 and dataset.labels is None and dataset.classes == ()


def test_another_picture_of_either_domain_changes_the_fingerprint(tmp_path: Path) -> None:
    path = written(tmp_path, {f"train{side}/{n}.png": grey(n) for side in "AB" for n in range(3)})
    before = Fingerprint.of(read(path, "A")).digest
    (path / "trainA" / "1.png").write_bytes(grey(77))
    assert Fingerprint.of(read(path, "A")).digest != before


def test_a_broken_picture_of_the_other_domain_is_named(tmp_path: Path) -> None:
    files = {f"train{side}/{n}.png": grey(n) for side in "AB" for n in range(3)}
    dataset = read(written(tmp_path, files | {"trainA/1.png": b"not a picture"}), "A")
    assert dataset.unreadable == ("trainA/1.png",)


def test_a_domain_of_one_picture_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"trainA/1.png": grey(1), "trainB/1.png": grey(2), "trainB/2.png": grey(3)})
    with pytest.raises(DataError, match="there is one picture; give it more"):
        read(path, "A")


def test_another_dataset_is_another_domain(tmp_path: Path) -> None:
    path = written(tmp_path, {f"{n}.png": grey(n) for n in range(4)})
    dataset = read(path, "digits")
    assert not dataset.paired and len(dataset.given) == 1797
    assert Fingerprint.of(dataset).digest != Fingerprint.of(read(path, "")).digest


# what pictures contain


def test_greys_are_made_from_colours_and_edges_from_slopes() -> None:
    colours = digits(DataOptions(size=16, channels=3))
    assert read("digits", "grey", size=16, channels=3).given.shape == (1797, 1, 16, 16)
    assert torch.equal(read("digits", "grey", size=16, channels=3).given[:, 0], colours.images[:, 0])
    box = np.zeros((16, 16), np.uint8)
    box[4:12, 4:12] = 255
    from coevo.data.derived import edges

    drawn = edges(torch.from_numpy(box)[None, None])[0, 0]
    assert set(drawn.unique().tolist()) == {0, 255}
    assert (drawn[6:10, 6:10] == 255).all() and (drawn[:2] == 255).all()
    assert (drawn[8, 2:6] == 0).sum() == 1, "a line is one pixel wide"


@pytest.mark.parametrize(("channels", "planes"), [(1, GREY), (3, RGB)])
def test_a_hole_hides_the_middle_and_keeps_the_rest(channels: int, planes: tuple[str, ...]) -> None:
    holed = read("digits", "hole", size=16, channels=channels)
    assert holed.given.shape == holed.images.shape and holed.planes == planes and holed.paired
    assert (holed.given[:, :, 4:12, 4:12] == 128).all()
    frame = torch.ones(16, 16, dtype=torch.bool)
    frame[4:12, 4:12] = False
    assert torch.equal(holed.given[..., frame], holed.images[..., frame])


# batches


def test_batches_bring_what_works_are_made_from_streamed_or_held() -> None:
    dataset = read("digits", "edges", size=16)
    held, streamed = (
        DatasetBatches(dataset, 8, 1, (1,), CPU, memory_mb=mb, augmentation="flip,shift") for mb in (99, 0)
    )
    for round in (0, 1, 2, 7):
        a, b = held.batch(round, 0, 0), streamed.batch(round, 0, 0)
        assert torch.equal(a.pixels, b.pixels) and torch.equal(a.conditions, b.conditions)
    streamed.close()
    assert not torch.equal(held.batch(0, 0, 0).pixels, DatasetBatches(dataset, 8, 1, (1,), CPU).batch(0, 0, 0).pixels)


@given(st.integers(0, 2**31), st.sampled_from(["flip", "shift", "flip,shift"]), st.integers(4, 20))
@settings(deadline=None, max_examples=30)
def test_augmentation_moves_a_picture_and_its_partner_alike(seed: int, kinds: str, side: int) -> None:
    pictures = torch.rand(6, 2, side, side, generator=torch.Generator().manual_seed(seed))
    again = (pictures * 2)[:, :1]
    both = moved([pictures, again], kinds, torch.Generator().manual_seed(seed))
    assert torch.equal(both[0][:, :1] * 2, both[1]) and both[0].shape == pictures.shape
    assert set(both[0].unique().tolist()) <= set(pictures.unique().tolist())


def test_a_flip_mirrors_and_a_shift_stays_within_an_eighth() -> None:
    rows = torch.arange(16.0).expand(200, 1, 16, 16)
    flipped = moved([rows], "flip", torch.Generator().manual_seed(0))[0]
    shares = (flipped == rows.flip(3)).all(3).all(2).float().mean()
    assert 0.3 < shares < 0.7
    shifted = moved([rows], "shift", torch.Generator().manual_seed(0))[0]
    assert sorted({int(one[0, 0, 8]) - 8 for one in shifted}) == [-2, -1, 0, 1, 2]
