"""coevo from Python: `run(...)` plays a run to its end, `resume(...)` goes on with one, `load(...)` opens one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coevo.interactive.ui import Face
from coevo.plugin.registry import registry
from coevo.runs.config import merge, read_recipe, resolve
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder


def run(
    recipe: str | None = None,
    *,
    artist: str | None = None,
    critic: str | None = None,
    data: str | None = None,
    name: str | None = None,
    runs_dir: str | Path = "runs",
    options: Mapping[str, Any] | None = None,
    face: Face | None = None,
    **run_options: Any,
) -> Run:
    """Play a run to its end and return it.

    face: how a person is asked, where the critic is one; options: sections as in config.toml, as
    {"artist": {"latent": 32}}; run_options: those of [run], as rounds=100, seed=1, batch=64.
    Raises CoevoError where something does not fit.
    """
    tree = merge(
        read_recipe(recipe, registry()) if recipe else {},
        named(artist=artist, critic=critic, data=data),
        {"run": run_options},
        options or {},
    )
    it = Run.create(resolve(tree, registry()), Path(runs_dir), name, recipe)
    it.critic.face = face
    try:
        for _ in it.turns():
            pass
    finally:
        it.close()
    return it


def resume(run: str | Path, *, runs_dir: str | Path = "runs", face: Face | None = None, **changes: Any) -> Run:
    """Go on with a run, bit for bit, from its newest whole checkpoint, to its end; and return it.

    changes: options of [run] that may differ now, as minutes=15, in all. A finished run is only opened.
    """
    it = Run.resume(RunFolder.open(run, Path(runs_dir)), **changes)
    it.critic.face = face
    try:
        if not it.finished:
            for _ in it.turns():
                pass
    finally:
        it.close()
    return it


def load(run: str | Path, runs_dir: str | Path = "runs") -> Run:
    """A run as its newest whole checkpoint left it, to look at: `load("x").artist.exhibit(16, seed=1)`."""
    it = Run.resume(RunFolder.open(run, Path(runs_dir)), lock=False)
    it.data.close()
    return it


def named(**sections: str | None) -> dict[str, Any]:
    """Sections with nothing but a name."""
    return {section: {"name": name} for section, name in sections.items() if name is not None}
