"""IDX files, as MNIST has them."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from coevo.errors import DataError


def read_idx(folder: Path, stem: str, dimensions: int) -> np.ndarray:
    """A uint8 array out of an IDX file (LeCun's format): STEM-idxN-ubyte or STEM.idxN-ubyte, gzipped or not.

    Raises DataError where it is missing, no IDX file, or shorter or longer than it says.
    """
    names = [f"{stem}{dot}idx{dimensions}-ubyte{end}" for end in ("", ".gz") for dot in ("-", ".")]
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise DataError(f"{folder} has no {names[0]} (nor {names[2]}).")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be unpacked; it is cut short or no gzip file: {error}") from error
    header = 4 + 4 * dimensions
    if len(content) < header or content[:4] != bytes([0, 0, 8, dimensions]):
        raise DataError(f"{path} is no IDX file of {dimensions} dimensions.")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise DataError(f"{path} should hold {expected} bytes, but it holds {len(content)}.")
    if expected == header:
        raise DataError(f"{path} is empty: it holds no items.")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape).copy()  # bytes cannot be written to
