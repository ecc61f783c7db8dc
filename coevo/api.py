"""coevo from Python: `run(...)` plays a run to its end, `resume(...)` goes on with one, `load(...)` opens one."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from coevo.contract.capabilities import Interactive
from coevo.data.readers import kept_arrays
from coevo.errors import ConfigError
from coevo.interactive.ui import UI
from coevo.runs.config import Config, merge
from coevo.runs.run import Run
from coevo.runs.starting import is_interactive, new_config
from coevo.runs.stopping import stoppable
from coevo.storage.run_folder import RunFolder

Array = np.ndarray | Tensor
Arrays = Array | Sequence[Array] | tuple[Array, Array | Sequence[int] | Sequence[str]]


def run(
    recipe: str | None = None,
    *,
    artist: str | None = None,
    critic: str | None = None,
    data: str | Path | Arrays | None = None,
    name: str | None = None,
    runs_dir: str | Path = "runs",
    options: Mapping[str, Any] | None = None,
    ui: UI | None = None,
    **run_options: Any,
) -> Run:
    """Play a run to its end.

    Args:
        recipe: a recipe's name; `coevo recipes` lists them.
        artist, critic: names of players.
        data: the name of a dataset; the path of a folder or zip of images; or the pictures as a NumPy array or torch
            tensor, or with their labels as (pictures, labels). Arrays are kept beside the runs, so that the run can be
            resumed.
        name: the run's name; by default one with a number.
        runs_dir: the folder of all runs.
        options: sections as in config.toml, such as {"artist": {"latent": 32}}.
        ui: how a person is asked, if the critic is one.
        run_options: options of [run], such as rounds=100, seed=1, batch=64.

    Returns:
        The run; `run.artist.exhibit(16, seed=1)` makes works, and a notebook shows it as a table with its sheet. Its
        `notes` say what it took over from another run and what was read of the real works.

    Raises:
        CoevoError: something does not fit; the message says what to do.
        KeyboardInterrupt: it was stopped by Ctrl-C or a notebook's stop button; it is saved, and `resume` goes on.
    """
    named_data = data is None or isinstance(data, str | Path)
    with nullcontext(data) if named_data else kept_arrays(data, Path(runs_dir)) as place:
        where = None if place is None else str(place)
        asked = merge(named(artist=artist, critic=critic, data=where), {"run": run_options}, options or {})
        config, taken = new_config(recipe, asked, Path(runs_dir))
        check_ui(config, ui)
        new = Run.create(config, Path(runs_dir), name, recipe)
    new.notes[:0] = filter(None, [taken])
    return _played(new, ui)


def resume(
    run: str | Path,
    *,
    runs_dir: str | Path = "runs",
    ui: UI | None = None,
    data: str | Path | None = None,
    data_dir: str | None = None,
    changed_data: bool = False,
    **changes: Any,
) -> Run:
    """Go on with a run, bit for bit, from its newest whole checkpoint, to its end.

    Args:
        run: its name or folder, or "latest".
        runs_dir: the folder of all runs.
        ui: how a person is asked, if the critic is one.
        data, data_dir: where its dataset is now, if that was moved.
        changed_data: go on although the dataset is not what it was.
        changes: options of [run] that differ from now on, such as minutes=15, in all.

    Returns:
        The run; its `problems` say what of it is damaged, and its `notes` which rounds were lost. One that is finished
        is only opened.
    """
    if data is not None and not isinstance(data, str | Path):
        raise ConfigError("Arrays are kept beside the runs and found again, so leave out data; or give a path.")
    store = RunFolder.open(run, Path(runs_dir))
    return _played(
        Run.resume(
            store, data=None if data is None else str(data), data_dir=data_dir, changed_data=changed_data, **changes
        ),
        ui,
    )


def load(run: str | Path, runs_dir: str | Path = "runs") -> Run:
    """A run as its newest whole checkpoint left it, to look at.

    Args:
        run: its name or folder, or "latest".
        runs_dir: the folder of all runs.

    Returns:
        The run, not locked: `load("x").artist.exhibit(16, seed=1)`. Its dataset is not read.

    Raises:
        StoreError: there is no such run, or none of its checkpoints is whole.
    """
    return Run.resume(RunFolder.open(run, Path(runs_dir)), lock=False)


def named(**sections: str | None) -> dict[str, Any]:
    """Sections with nothing but a name."""
    return {section: {"name": name} for section, name in sections.items() if name is not None}


def _played(run: Run, ui: UI | None) -> Run:
    with run, stoppable(run, [signal.SIGINT]) as stopped:
        give_ui(run, ui)
        if not run.finished:
            deque(run.turns(), maxlen=0)
    if stopped():
        raise KeyboardInterrupt(f"Saved at round {run.round}; go on with coevo.resume({run.store.name!r}).")
    return run


def check_ui(config: Config, ui: UI | None) -> None:
    """Raise ConfigError if a critic that asks a person has no user interface, or another critic has one."""
    name, interactive = config.critic_class.name, is_interactive(config)
    if interactive and ui is None:
        raise ConfigError(
            f"Critic {name!r} asks a person; give a ui, such as coevo.interactive.script.Script('1 2\\nq')."
        )
    if ui is not None and not interactive:
        raise ConfigError(f"Critic {name!r} is not interactive; leave out ui.")


def give_ui(run: Run, ui: UI | None) -> None:
    """Let a run's critic ask a person through this user interface. Raises ConfigError if it is not interactive."""
    if ui is None:
        return
    check_ui(run.config, ui)
    assert isinstance(run.critic, Interactive)
    run.critic.ui = ui
