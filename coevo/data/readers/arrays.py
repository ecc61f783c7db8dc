"""Pictures and labels as arrays: checked, kept in a file that a run can be resumed with, and read again."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from coevo.data.readers.decode import BROKEN
from coevo.data.readers.sources import refuse_bomb
from coevo.errors import DataError
from coevo.storage.atomic import write_whole, writing

FOLDER = ".arrays"  # beside the runs
NAMES = ("images", "labels", "given")
RATIO_LIMIT = 200  # a larger file of arrays may be at most this many times larger than packed; dSprites is 112 times


class Arrays(NamedTuple):
    """Pictures uint8 [N, H, W, C], labels [N], and what each picture was made from, [N, H, W, …], as it was given."""

    images: np.ndarray
    labels: np.ndarray | None = None
    given: np.ndarray | None = None

    @classmethod
    def of(cls, data: Any, given: Any = None) -> Arrays:
        """Arrays, tensors or lists of them. Raises DataError where they are not such as `keep_arrays` takes."""
        pictures, labels = data if is_pair(data) else (data, None)
        images = to_pixels(pictures)
        return cls(
            images,
            None if labels is None else to_labels(labels, len(images)),
            None if given is None else to_given(given, images),
        )


@contextmanager
def kept_arrays(data: Any, runs: Path, given: Any = None) -> Iterator[Path]:
    """Keep arrays as `keep_arrays` does while a run of them is made; if it is refused, nothing new stays."""
    folder = runs.absolute() / FOLDER
    before = {runs.absolute(), *folder.glob("*")} if runs.is_dir() else set()
    path = keep_arrays(data, runs, given)
    try:
        yield path
    except BaseException:
        if path not in before:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # others are in it
                folder.rmdir()
                if runs.absolute() not in before:
                    runs.rmdir()
        raise


def keep_arrays(data: Any, runs: Path, given: Any = None) -> Path:
    """Write pictures, with labels if there are any, to a file beside the runs; the same arrays are kept once.

    Args:
        data: pictures as an array or tensor, or a pair (pictures, labels). Pictures are [N, H, W], [N, H, W, C] or
            [N, C, H, W] with C 1 or 3: uint8, bool, or float in [0, 1] or [-1, 1]. Labels are [N] numbers or texts.
        runs: the folder of all runs.
        given: what each picture was made from, if anything: pictures in the same forms and of the same size, or label
            maps [N, H, W] of whole numbers.

    Returns:
        The file (.npz), a dataset's path.

    Raises:
        DataError: the arrays have another shape, type or range.
    """
    its = Arrays.of(data, given)._asdict()
    arrays: dict[str, Any] = {name: array for name, array in its.items() if array is not None}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(repr((array.shape, array.dtype.str)).encode() + array.tobytes())
    path = runs.absolute() / FOLDER / f"array-{digest.hexdigest()[:12]}.npz"
    if not path.is_file():
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, buffer.getvalue())
    return path


def read_arrays(path: Path) -> Arrays:
    """The array `images` of an .npz file as uint8 [N, H, W, C], and `labels` [N] and `given` if it has them.

    Raises:
        DataError: it cannot be read, or the arrays are not such as `keep_arrays` takes.
    """
    try:
        with zipfile.ZipFile(path) as file:
            members = {member.filename: member for member in file.infolist()}
            found = {name: members[f"{name}.npy"] for name in NAMES if f"{name}.npy" in members}
            refuse_bomb(path, list(found.values()), RATIO_LIMIT)
            arrays = {name: _read(file, member) for name, member in found.items()}
    except (*BROKEN, TokenError, TypeError, RuntimeError, MemoryError) as error:  # RuntimeError: it is encrypted
        raise DataError(f"{path} cannot be read as a file of arrays (.npz); it may be damaged.") from error
    if "images" not in arrays:
        there = ", ".join(name.removesuffix(".npy") for name in list(members)[:12]) or "none"
        raise DataError(
            f"{path} has no array named 'images', which should hold the pictures ('labels' may be beside it); it has: "
            f"{there}."
        )
    labels = arrays.get("labels")
    return Arrays.of(arrays["images"] if labels is None else (arrays["images"], labels), arrays.get("given"))


def _read(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """The array of a member. Raises ValueError where it says that it is larger than the member: it would get that
    much memory."""
    with file.open(member) as content:
        shape, _, dtype = _header(content)
        if content.tell() + prod(shape) * dtype.itemsize != member.file_size:
            raise ValueError(f"an array of {shape} has another size than {member.filename}")
    with file.open(member) as content:
        return npy.read_array(content, allow_pickle=False)


def _header(content: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(content)
    return npy.read_array_header_1_0(content) if version == (1, 0) else npy.read_array_header_2_0(content)


def is_pair(data: Any) -> bool:
    """Whether data is (pictures, labels). A list of two is a pair too, unless both are pictures."""
    if isinstance(data, list) and len(data) == 2:
        return np.ndim(_array(data[0], "Pictures")) != np.ndim(_array(data[1], "Labels"))
    return isinstance(data, tuple) and len(data) == 2


def _array(values: Any, what: str) -> np.ndarray:
    """Arrays, tensors, or lists of them as one array. Raises DataError where their sizes differ."""
    try:
        if isinstance(values, list | tuple) and values and all(isinstance(one, Tensor) for one in values):
            values = torch.stack(list(values))
        if isinstance(values, Tensor):
            values = values.detach().cpu()
            return (values.float() if values.is_floating_point() else values).numpy()  # NumPy has no bfloat16
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(
            f"{what} should be one array or tensor, or a list of those of one size; resize them to one, or write "
            "pictures of several sizes to a folder and give that."
        ) from error


def _channels_last(array: np.ndarray, source: Any) -> np.ndarray | None:
    """Pictures [N, H, W, C] or [N, C, H, W] as [N, H, W, C]; None if no axis has 1 or 3 channels."""
    some = source[0] if isinstance(source, list | tuple) and source else source
    first = isinstance(some, Tensor)  # torch has the channels first, NumPy last
    channels = [axis for axis in ((1, 3) if first else (3, 1)) if array.ndim == 4 and array.shape[axis] in (1, 3)]
    return np.moveaxis(array, channels[0], 3) if channels else None


def to_pixels(pictures: Any) -> np.ndarray:
    """Pictures as uint8 [N, H, W, C]. Raises DataError where they are not pictures."""
    array = _array(pictures, "Pictures")
    shape = list(array.shape)
    if array.ndim == 3:
        array = array[..., None]
    elif (last := _channels_last(array, pictures)) is not None:
        array = last
    else:
        raise DataError(
            f"Pictures as an array should have the shape [N, H, W], [N, H, W, C] or [N, C, H, W], with C 1 or 3; these "
            f"have {shape}."
        )
    if array.size == 0:
        raise DataError(f"There is no picture in an array of shape {shape}.")
    return np.ascontiguousarray(to_uint8(array))


def to_given(given: Any, pictures: np.ndarray) -> np.ndarray:
    """What pictures uint8 [N, H, W, C] were made from, as an array [N, H, W, C'] or label maps [N, H, W], in which
    values stay as they are. Raises DataError where it is not as many, or of another size."""
    array = _array(given, "What is given")
    last = array if array.ndim == 3 else _channels_last(array, given)
    if last is None or last.shape[:3] != pictures.shape[:3] or array.dtype.kind not in "fiub":
        n, height, width = pictures.shape[:3]
        raise DataError(
            f"What is given should be {n} pictures or label maps of {height} × {width} px, one for each picture; this "
            f"is an array of {array.dtype} of shape {list(array.shape)}."
        )
    return np.ascontiguousarray(last)


def to_uint8(array: np.ndarray) -> np.ndarray:
    """Values as 0 to 255. Raises DataError where their type or range is not one that pictures have."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "fiu":
        raise DataError(f"Pictures as an array should be uint8 or float, not {array.dtype}.")
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind in "iu" and low >= 0 and high <= 1:
        raise DataError(
            f"Pictures of whole numbers should go from 0 to 255; these are {array.dtype} from {low:.0f} to {high:.0f}, "
            "which is nearly black. If 1 is white, give them as bool or float."
        )
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype(np.uint8, copy=False)
    if array.dtype.kind == "f" and low >= -1 and high <= 1:
        scaled = array * 255 if low >= 0 else (array + 1) * 127.5
        return scaled.round().astype(np.uint8)
    raise DataError(
        "Pictures as an array should be uint8, or float in [0, 1] or [-1, 1]; these are "
        + (f"{array.dtype} from {low:.4g} to {high:.4g}." if np.isfinite([low, high]).all() else "not all finite.")
    )


def to_labels(labels: Tensor | np.ndarray | Sequence[Any], n: int) -> np.ndarray:
    """Labels [N], as whole numbers or texts. Raises DataError where they are not, or not as many as pictures."""
    array = _array(labels, "Labels")
    if array.shape != (n,):
        raise DataError(
            f"Labels should be an array of shape [{n}], one for each picture; these have {list(array.shape)}."
        )
    if array.dtype.kind not in "iuUb":
        raise DataError(f"Labels should be whole numbers or texts, not {array.dtype}.")
    if array.dtype.kind == "U":
        try:
            "".join(array.tolist()).encode()
        except (SystemError, ValueError) as error:  # NumPy's texts may hold numbers that are no characters
            raise DataError("Labels that are texts should be Unicode; some of these are damaged.") from error
    return array
