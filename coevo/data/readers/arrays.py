"""Pictures and labels as arrays: checked, kept in a file that a run can be resumed with, and read again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from coevo.data.readers.decode import BROKEN
from coevo.errors import DataError
from coevo.storage.atomic import write_whole, writing

FOLDER = ".arrays"  # beside the runs


def keep_arrays(data: Any, runs: Path) -> Path:
    """Write pictures, with labels if there are any, to a file beside the runs; the same arrays are kept once.

    Args:
        data: pictures as an array or tensor, or a pair (pictures, labels). Pictures are [N, H, W], [N, H, W, C] or
            [N, C, H, W] with C 1 or 3: uint8, bool, or float in [0, 1] or [-1, 1]. Labels are [N] numbers or texts.
        runs: the folder of all runs.

    Returns:
        The file (.npz), a dataset's path.

    Raises:
        DataError: the arrays have another shape, type or range.
    """
    pictures, labels = data if isinstance(data, tuple) else (data, None)
    images = to_pixels(pictures)
    arrays: dict[str, Any] = {"images": images}
    if labels is not None:
        arrays["labels"] = to_labels(labels, len(images))
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


def read_arrays(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """The array `images` of an .npz file as uint8 [N, H, W, C], and `labels` [N] if it has them.

    Raises:
        DataError: it cannot be read, or the arrays are not such as `keep_arrays` takes.
    """
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
            names = [name for name in ("images", "labels") if name in found.files]
            arrays = {name: found[name] for name in names}
    except (*BROKEN, MemoryError, AttributeError) as error:  # the last of a single array (.npy)
        raise DataError(f"{path} cannot be read as a file of arrays (.npz); it may be damaged.") from error
    if "images" not in arrays:
        raise DataError(f"{path} has no array named 'images', which should hold the pictures.")
    images = to_pixels(arrays["images"])
    return images, to_labels(arrays["labels"], len(images)) if "labels" in arrays else None


def to_pixels(pictures: Any) -> np.ndarray:
    """Pictures as uint8 [N, H, W, C]. Raises DataError where they are not pictures."""
    first = isinstance(pictures, Tensor)  # torch has the channels first, NumPy last
    array = pictures.detach().cpu().numpy() if isinstance(pictures, Tensor) else np.asarray(pictures)
    shape = list(array.shape)
    channels = [axis for axis in ((1, 3) if first else (3, 1)) if array.ndim == 4 and shape[axis] in (1, 3)]
    if array.ndim == 3:
        array = array[..., None]
    elif not channels:
        raise DataError(
            f"Pictures as an array should have the shape [N, H, W], [N, H, W, C] or [N, C, H, W], with C 1 or 3; these "
            f"have {shape}."
        )
    elif channels[0] == 1:
        array = np.moveaxis(array, 1, 3)
    if array.size == 0:
        raise DataError(f"There is no picture in an array of shape {shape}.")
    return np.ascontiguousarray(to_uint8(array))


def to_uint8(array: np.ndarray) -> np.ndarray:
    """Values as 0 to 255. Raises DataError where their type or range is not one that pictures have."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "fiu":
        raise DataError(f"Pictures as an array should be uint8 or float, not {array.dtype}.")
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype(np.uint8)
    if array.dtype.kind == "f" and low >= -1 and high <= 1:
        scaled = array * 255 if low >= 0 else (array + 1) * 127.5
        return scaled.round().astype(np.uint8)
    raise DataError(
        "Pictures as an array should be uint8, or float in [0, 1] or [-1, 1]; these are "
        + (f"{array.dtype} from {low:.4g} to {high:.4g}." if np.isfinite([low, high]).all() else "not all finite.")
    )


def to_labels(labels: Tensor | np.ndarray | Sequence[Any], n: int) -> np.ndarray:
    """Labels [N], as whole numbers or texts. Raises DataError where they are not, or not as many as pictures."""
    array = labels.detach().cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    if array.shape != (n,):
        raise DataError(
            f"Labels should be an array of shape [{n}], one for each picture; these have {list(array.shape)}."
        )
    if array.dtype.kind not in "iuUb":
        raise DataError(f"Labels should be whole numbers or texts, not {array.dtype}.")
    return array
