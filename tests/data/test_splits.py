"""The test part of a dataset."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image

from coevo.data.datasets import DataOptions, load_dataset, mnist
from coevo.data.splits import splits
from coevo.errors import DataError, NoTestPartError


def write_idx(folder: Path, part: str, n: int) -> None:
    (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, n, 4, 4) + bytes(16 * n))
    (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, n) + bytes(n))


def test_without_its_test_files_mnist_has_no_test_part_but_a_damaged_one_is_an_error(tmp_path: Path) -> None:
    options = DataOptions(name="mnist", dir=str(tmp_path), size=8)
    write_idx(tmp_path, "train", 3)
    train, test = splits(options, {"mnist": mnist})
    assert len(train) == 3 and test is None
    write_idx(tmp_path, "t10k", 2)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, 2, 4, 4) + bytes(5))
    with pytest.raises(DataError, match="should hold 32 bytes"):
        splits(options, {"mnist": mnist})


def test_a_folder_without_train_and_test_has_no_test_part(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    options = DataOptions(name=str(tmp_path), size=8)
    assert splits(options, {})[1] is None
    with pytest.raises(NoTestPartError, match="the folder test/ beside a folder train/"):
        load_dataset(options.model_copy(update={"split": "test"}), {})
