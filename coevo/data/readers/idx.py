"""IDX files, as MNIST has them."""

from __future__ import annotations

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np

from coevo.errors import DataError

DEFLATE = 1032  # deflate packs at most so tightly, so a small file cannot ask for much memory


def read_idx(folder: Path, stem: str, dimensions: int) -> np.ndarray:
    """A uint8 array out of an IDX file (LeCun's format): STEM-idxN-ubyte or STEM.idxN-ubyte, gzipped or not.

    Raises DataError where it is missing, no IDX file, or shorter or longer than it says.
    """
    names = [f"{stem}{dot}idx{dimensions}-ubyte{end}" for end in ("", ".gz") for dot in ("-", ".")]
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise DataError(f"{folder} has no {names[0]} (nor {names[2]}).")
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            header = file.read(4 + 4 * dimensions)
            if len(header) < 4 + 4 * dimensions or header[:4] != bytes([0, 0, 8, dimensions]):
                raise DataError(f"{path} is no IDX file of {dimensions} dimensions.")
            shape = struct.unpack(f">{dimensions}I", header[4:])
            expected = prod(shape)
            if expected == 0:
                raise DataError(f"{path} is empty: it holds no items.")
            if expected > path.stat().st_size * (DEFLATE if packed else 1):
                raise DataError(f"{path} should hold {expected:,} bytes of items, and is too small for them.")
            content = bytearray(file.read(expected + 1))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be unpacked; it is cut short or no gzip file: {error}") from error
    if len(content) != expected:
        holds = f"{len(content):,}" if len(content) < expected else "more"
        raise DataError(f"{path} should hold {expected:,} bytes of items, but it holds {holds}.")
    return np.frombuffer(content, np.uint8).reshape(shape)
