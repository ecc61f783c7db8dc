"""coevo from Python: `run(...)` plays a run to its end, `resume(...)` goes on with one, `load(...)` opens one."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from coevo.contract.capabilities import Interactive
from coevo.contract.players import Artist, Critic
from coevo.data.data import Data
from coevo.data.readers import kept_arrays
from coevo.data.readers.torch_dataset import is_torch_dataset, read_torch_dataset
from coevo.errors import CoevoError, ConfigError
from coevo.interactive.ui import UI
from coevo.loop import check_pair
from coevo.loop import coevolve as coevolve
from coevo.plugin.blame import blame
from coevo.plugin.own import refuse_while_importing
from coevo.plugin.registry import registry
from coevo.runs.build import one_pair
from coevo.runs.config import Config, merge, resolve
from coevo.runs.players import asked_players, given_player, own_players
from coevo.runs.run import Run
from coevo.runs.starting import is_interactive, new_config
from coevo.runs.stopping import stoppable
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio

Array = np.ndarray | Tensor
Arrays = Array | Sequence[Array] | tuple[Array, Array | Sequence[int] | Sequence[str]]


def run(
    recipe: str | None = None,
    *,
    artist: str | type[Artist] | Artist | None = None,
    critic: str | type[Critic] | Critic | None = None,
    data: str | Path | Arrays | Data | TorchDataset[Any] | None = None,
    name: str | None = None,
    runs_dir: str | Path = "runs",
    options: Mapping[str, Any] | None = None,
    ui: UI | None = None,
    **run_options: Any,
) -> Run:
    """Play a run to its end.

    Args:
        recipe: a recipe's name; `coevo recipes` lists them.
        artist, critic: names of players, or classes of your own; or "./siren.py:Siren", a class of a file. `resume`
            finds a class again in the file that it stands in; one of a notebook is given to `resume` and `load` too.
        data: the name of a dataset; the path of a folder or zip of images; the pictures as a NumPy array or torch
            tensor, or with their labels as (pictures, labels); a torch dataset, or a `coevo.Data`, whose size, channels
            and batch the run has, too, unless others are given. Arrays are kept beside the runs, so that the run can be
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
    refuse_while_importing()
    artist, its = (None, {}) if artist is None else given_player("artist", artist, registry())
    critic, theirs = (None, {}) if critic is None else given_player("critic", critic, registry())
    of_data = options_of(data) if isinstance(data, Data) else {}
    given_to = data.given if isinstance(data, Data) and not isinstance(data.given, str) else None
    data = data.source if isinstance(data, Data) else read_torch_dataset(data) if is_torch_dataset(data) else data
    named_data = data is None or isinstance(data, str | Path)
    with nullcontext(data) if named_data else kept_arrays(data, Path(runs_dir), given_to) as place:
        where = None if place is None else str(place)
        given = {"run": run_options, "artist": its, "critic": theirs}
        asked = merge(of_data, named(artist=artist, critic=critic, data=where), given, options or {})
        config, taken = new_config(recipe, asked, Path(runs_dir))
        check_ui(config, ui)
        new = Run.create(config, Path(runs_dir), name, recipe)
    new.notes[:0] = filter(None, [taken])
    return _played(new, ui)


def pair(
    artist: str | type[Artist] | Artist,
    critic: str | type[Critic] | Critic,
    data: Data | None = None,
    *,
    seed: int = 0,
    size: int = 32,
    channels: int = 1,
    device: str | torch.device = "cpu",
    options: Mapping[str, Any] | None = None,
) -> tuple[Artist, Critic]:
    """Two players that fit each other and the data, built: for a loop of your own with `coevo.coevolve`.

    Args:
        artist, critic: as of `run`.
        data: the real works, which say how large pictures are, and on which device the players are; None for players
            that use none.
        seed: everything random follows from it.
        size, channels, device: of pictures and players, where there is no data.
        options: of the players, such as {"artist": {"latent": 32}}.

    Returns:
        The artist and the critic. `with artist.studio.playing():` around the loop gives it random streams of its own,
        so that the same seed gives the same works whatever else is drawn.

    Raises:
        CoevoError: something does not fit; the message says what to do.

    Example:
        >>> data = Data("digits", size=16, batch=8)
        >>> artist, critic = pair("mlp", "mlp", data, seed=1)
        >>> turn = next(coevolve(artist, critic, data))
        >>> turn.role, turn.works
        ('critic', <Works: images [8, 1, 16, 16], codes [8, 100]>)
    """
    artist, its = given_player("artist", artist, registry())
    critic, theirs = given_player("critic", critic, registry())
    said = {"artist": its, "critic": theirs, "run": {"seed": seed}}
    asked = asked_players(merge(named(artist=artist, critic=critic), said, options or {}), registry())
    config = resolve(asked, registry())
    if data is None:
        studio = Studio((channels, size, size), device=torch.device(device), seed=seed, batch=config.run.batch)
    else:
        studio = Studio(data.image, data.classes, data.device, seed=seed, batch=data.size)
    players = one_pair(config, studio)
    if data is not None and any(player.spec().given != "unused" for player in players):
        studio.planes, studio.examples = data.planes, data.examples
    given: Any = "none" if data is None or data.dataset.given is None else "pairs" if data.dataset.paired else "domains"
    check_pair(*players, reals=data is not None, labels="all" if studio.classes else "none", given=given)
    with studio.playing():
        studio.reseed()
        players[0].build()
        players[1].build(players[0])
    return players


def resume(
    run: str | Path,
    *,
    runs_dir: str | Path = "runs",
    ui: UI | None = None,
    data: str | Path | None = None,
    data_dir: str | None = None,
    changed_data: bool = False,
    artist: str | type[Artist] | None = None,
    critic: str | type[Critic] | None = None,
    **changes: Any,
) -> Run:
    """Go on with a run, bit for bit, from its newest whole checkpoint, to its end.

    Args:
        run: its name or folder, or "latest".
        runs_dir: the folder of all runs.
        ui: how a person is asked, if the critic is one.
        data, data_dir: where its dataset is now, if that was moved.
        changed_data: go on although the dataset is not what it was.
        artist, critic: the classes that it plays, if they are not where they were, or have changed: your own, or
            "plugin:name" of one that another plugin offers now.
        changes: options of [run] that differ from now on, such as minutes=15, in all.

    Returns:
        The run; its `problems` say what of it is damaged, and its `notes` which rounds were lost. One that is finished
        is only opened.
    """
    refuse_while_importing()
    if data is not None and not isinstance(data, str | Path):
        raise ConfigError("Arrays are kept beside the runs and found again, so leave out data; or give a path.")
    store = RunFolder.open(run, Path(runs_dir))
    return _played(
        Run.resume(
            store,
            data=None if data is None else str(data),
            data_dir=data_dir,
            changed_data=changed_data,
            own=own_players(artist, critic, registry()),
            **changes,
        ),
        ui,
    )


def load(
    run: str | Path,
    runs_dir: str | Path = "runs",
    *,
    artist: str | type[Artist] | None = None,
    critic: str | type[Critic] | None = None,
) -> Run:
    """A run as its newest whole checkpoint left it, to look at.

    Args:
        run: its name or folder, or "latest".
        runs_dir: the folder of all runs.
        artist, critic: the classes that it plays, if they are not where they were, or of a notebook; as of `resume`.

    Returns:
        The run, not locked: `load("x").artist.exhibit(16, seed=1)`. Its dataset is not read.

    Raises:
        StoreError: there is no such run, or none of its checkpoints is whole.
    """
    refuse_while_importing()
    return Run.resume(RunFolder.open(run, Path(runs_dir)), lock=False, own=own_players(artist, critic, registry()))


def options_of(data: Data) -> dict[str, dict[str, Any]]:
    """The options of a run that `Data` has, by section."""
    channels, side, _ = data.image
    its: dict[str, Any] = {"size": side, "channels": channels}
    its |= {"given": data.given} if isinstance(data.given, str) else {}
    its |= {"regions": data.regions} if data.regions else {}
    return {"data": its, "run": {"batch": data.size}}


def named(**sections: str | None) -> dict[str, Any]:
    """Sections with nothing but a name."""
    return {section: {"name": name} for section, name in sections.items() if name is not None}


def _played(run: Run, ui: UI | None) -> Run:
    with run, stoppable(run, [signal.SIGINT]) as stopped:
        give_ui(run, ui)
        try:
            if not run.finished:
                deque(run.turns(), maxlen=0)
        except Exception as error:
            if whose := "" if isinstance(error, CoevoError) else blame(error):
                error.add_note(whose)
            raise
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
