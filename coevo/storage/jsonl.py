"""Logs of JSON lines that can be cut back to a checkpoint."""

from __future__ import annotations

import json
import math
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from coevo.errors import StoreError, reason
from coevo.storage.atomic import writing


class Log:
    """A file of JSON lines that can be taken back to where a checkpoint found it."""

    def __init__(self, path: Path, length: int | None = None):
        """length: the bytes to keep of what is there; None keeps every whole line."""
        self.path = path
        with writing(path):
            self._file = path.open("a+b")
            self._file.seek(0)
            content = self._file.read()
            whole = content.rfind(b"\n") + 1
            kept = whole if length is None else min(length, whole)
            self._file.truncate(kept)
            self._file.seek(0, os.SEEK_END)
        self.crc = zlib.crc32(content[:kept])
        """CRC-32 of the whole file."""

    def append(self, row: dict[str, Any]) -> None:
        line = json.dumps(row).encode() + b"\n"
        with writing(self.path):
            self._file.write(line)
            self._file.flush()
        self.crc = zlib.crc32(line, self.crc)

    @property
    def length(self) -> int:
        """Bytes that are safely on the disk."""
        with writing(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.tell()

    def close(self) -> int:
        """Close the file, even if the disk is full; the bytes that were written."""
        length = self._file.tell()
        with suppress(OSError):
            self._file.close()
        return length


def log_problem(path: Path, length: int | None, crc: int | None) -> str:
    """A sentence if a log does not begin with what a checkpoint found in it; empty if it does.

    Args:
        path: the log.
        length: bytes that it had; None for all.
        crc: CRC-32 of them; None if it is not known.
    """
    if crc is None or not length:
        return ""
    try:
        with path.open("rb") as file:
            same = zlib.crc32(file.read(length)) == crc
    except OSError as error:
        return f"{path} cannot be read: {reason(error)}; it is written anew."
    return "" if same else f"{path} was changed since the checkpoint: its checksum does not match."


def read_log(path: Path, *numbers: str) -> list[dict[str, Any]]:
    """The whole rows of a log; a last line that a kill cut short is left out, and every one that is damaged.

    Args:
        path: the log; without it there are no rows.
        numbers: what every row has: numbers that are finite and not negative.
    """
    if not path.is_file():
        return []
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {reason(error)}.") from error
    rows = (row for row in map(_row, lines) if isinstance(row, dict))
    return [row for row in rows if all(_is_count(row.get(name)) for name in numbers)]


def _row(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value < math.inf
