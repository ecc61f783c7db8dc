"""Output of commands: files that appear whole, in folders that are made for them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from coevo.contract.players import Artist
from coevo.runs.opening import SavedRun
from coevo.storage.atomic import OUTPUT, make_folder, write_whole
from coevo.storage.run_folder import RunFolder


def write_output(path: Path, content: bytes) -> None:
    """Write a file, and the folder that it is in if that is missing.

    Raises:
        StoreError: the folder above is missing too, or the file system refuses.
    """
    make_folder(path)
    write_whole(path, content, OUTPUT)


def npy(array: np.ndarray) -> bytes:
    """An array as the content of an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    """Arrays by name as the content of an .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def of_run(run: SavedRun, **more: object) -> str:
    """The end of a caption: the run, its round, and whatever else made the picture, such as a seed."""
    facts = {"run": run.folder.name, "round": f"{run.round:,}", **more}
    return f"({', '.join(f'{name} {value}' for name, value in facts.items())})"


def about(run: RunFolder, artist: Artist, **more: object) -> dict[str, Any]:
    """The origin of a picture's works, for its text chunk."""
    return {"artist": artist.name, "run": run.name, **more}
