"""How well pictures compress: by JPEG, which finds what is smooth, and by a fractal coder, which finds what repeats.

Machine code does it if it was built (`coevo/native/jpeg.c`, `fractal.c`); else Pillow and NumPy.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
import torch
from PIL import Image

from coevo.native import address, native
from coevo.native.threads import in_threads, parts

BITS = 32  # of a block: the place of its domain, one of eight orientations, contrast and brightness
SHORTEST = 1e-4  # of a domain, as a vector: what is shorter is flat


def jpeg(pictures: np.ndarray, quality: int = 75) -> tuple[np.ndarray, np.ndarray]:
    """What JPEG makes of grey pictures.

    Args:
        pictures: uint8 [N, H, W].
        quality: from 1 to 100.

    Returns:
        Root mean squared errors in [0, 1], and bytes of files relative to those of plain pixels: [N] float32 each.

    Raises:
        ValueError: it is another array, or there is no such quality.

    Example:
        >>> errors, sizes = jpeg(np.zeros((1, 64, 64), np.uint8))
        >>> errors, sizes < 0.1
        (array([0.], dtype=float32), array([ True]))
    """
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or 0 in pictures.shape[1:]:
        raise ValueError(f"jpeg() takes uint8 [N, H, W], not {pictures.dtype} {list(pictures.shape)}")
    if not 1 <= quality <= 100:
        raise ValueError(f"the quality of JPEG is from 1 to 100, not {quality}")
    pictures = np.ascontiguousarray(pictures)
    squares, sizes = (np.zeros(len(pictures), np.int64) for _ in range(2))

    def code(some: slice) -> None:
        if library := native():
            of = pictures[some]
            library.coevo_jpeg(*of.shape, quality, address(of), address(squares[some]), address(sizes[some]))
            return
        for n in range(some.start, some.stop):
            squares[n], sizes[n] = _jpeg_by_pillow(pictures[n], quality)

    _in_threads(code, len(pictures))
    pixels = pictures[0].size if len(pictures) else 1
    return np.sqrt(squares / pixels, dtype=np.float32) / np.float32(255), (sizes / pixels).astype(np.float32)


def _jpeg_by_pillow(picture: np.ndarray, quality: int) -> tuple[int, int]:
    """The sum of squared errors, and bytes."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "jpeg", quality=quality)
    size = file.tell()
    with Image.open(file) as again:
        error = np.asarray(again, np.int64) - picture
    return int(np.square(error).sum()), size


def fractal(images: np.ndarray, sides: Sequence[int], tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Code grey pictures by their self-similarity: partitioned iterated function systems.

    Every block of a quadtree is approximated by a block of the same picture, twice as large, in one of eight
    orientations, with a contrast of at most 1 and a brightness.

    Args:
        images: [N, S, S] in [0, 1].
        sides: px of blocks, from large to small; a block that is not matched well enough is split. They are multiples
            of 4 and divide S, and four of the largest fit along a side.
        tolerance: root mean squared error of a block that is not split.

    Returns:
        Squared error, and bits relative to those of plain pixels, at every pixel: [N, S, S] float32 each.

    Raises:
        ValueError: pictures are not square, or blocks do not fit.
        MemoryError: there is not enough memory.

    Reference: Jacquin, Image coding based on a fractal theory of iterated contractive image transformations, 1992;
    Fisher, Fractal Image Compression, 1995.

    Example:
        >>> ramp = np.linspace(0, 1, 64, dtype=np.float32)[None, None].repeat(64, 1)  # repeats itself at half its size
        >>> error, bits = fractal(ramp, (16, 8, 4), 0.03)
        >>> bool(error.max() < 1e-6), bool((bits == 32 / (8 * 16 * 16)).all())
        (True, True)
    """
    size = images.shape[-1]
    if images.ndim != 3 or images.shape[1] != size:
        raise ValueError(f"fractal() takes square pictures [N, S, S], not {list(images.shape)}")
    if not sides or any(side < 4 or side % 4 or size % side for side in sides) or 4 * sides[0] > size:
        raise ValueError(f"blocks of {', '.join(map(str, sides))} px do not divide pictures of {size} px")
    if sorted(set(sides), reverse=True) != list(sides):
        raise ValueError(f"sides of blocks fall from large to small, and these are {', '.join(map(str, sides))}")
    images = np.ascontiguousarray(images, np.float32)
    errors, bits = np.empty_like(images), np.empty_like(images)

    def code(some: slice) -> None:
        if library := native():
            array = np.array(sides, np.int64)
            coder = _Coder(size, len(sides), array.ctypes.data, tolerance**2, BITS)
            of = images[some]
            if not library.coevo_fractal(
                ctypes.byref(coder), len(of), address(of), address(errors[some]), address(bits[some])
            ):
                raise MemoryError("the fractal coder found no memory")
            return
        for n in range(some.start, some.stop):
            errors[n], bits[n] = _fractal_by_numpy(images[n], sides, tolerance)

    _in_threads(code, len(images))
    return errors, bits


class _Coder(ctypes.Structure):
    """As in fractal.c."""

    _fields_ = [
        ("size", ctypes.c_int64),
        ("levels", ctypes.c_int64),
        ("sides", ctypes.c_void_p),
        ("tolerance", ctypes.c_float),
        ("bits", ctypes.c_float),
    ]


def _fractal_by_numpy(image: np.ndarray, sides: Sequence[int], tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    errors, bits = np.full_like(image, -1), np.empty_like(image)
    for side in sides:
        found = _block_errors(image, side).repeat(side, 0).repeat(side, 1)
        chosen = (errors < 0) & ((found <= tolerance**2) | (side == sides[-1]))
        errors[chosen] = found[chosen]
        bits[chosen] = BITS / (8 * side * side)
    return errors, bits


def _block_errors(image: np.ndarray, side: int) -> np.ndarray:
    """The least mean squared error of every block, [S / side, S / side], approximated by a larger block."""
    size = len(image)
    half = image.reshape(size // 2, 2, size // 2, 2).mean((1, 3))
    ranges = _blocks(image, side, side)
    domains = _blocks(half, side, side // 2)[:, _orientations(side)].reshape(-1, side**2)  # [8 · domains, side²]
    ranges, domains = (blocks - blocks.mean(1, keepdims=True) for blocks in (ranges, domains))
    lengths = np.sqrt(np.square(domains).sum(1)).clip(SHORTEST)
    products = np.abs(ranges @ (domains / lengths[:, None]).T)  # ‖r‖ |cos|
    which = products.argmax(1)
    best, length = products[np.arange(len(ranges)), which], lengths[which]
    contrast = (best / length).clip(max=1)
    squared = np.square(ranges).sum(1) - 2 * contrast * length * best + np.square(contrast * length)
    found: np.ndarray = (squared.clip(0) / side**2).reshape(size // side, size // side)
    return found


def _blocks(image: np.ndarray, side: int, step: int) -> np.ndarray:
    """Blocks of a picture, each a row: [blocks, side²]."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))[::step, ::step]
    return windows.reshape(-1, side**2)


@cache
def _orientations(side: int) -> np.ndarray:
    """Indices of a block's pixels in its eight rotations and reflections, [8, side²]."""
    square = np.arange(side * side).reshape(side, side)
    turned = [np.rot90(square, quarter) for quarter in range(4)]
    return np.stack([block.flatten() for one in turned for block in (one, one[::-1])])


def _in_threads(work: Callable[[slice], None], count: int) -> None:
    """Do work for parts of `count` pictures, in as many threads as PyTorch has."""
    threads = torch.get_num_threads()
    in_threads((partial(work, part) for part in parts(count, threads)), threads)
