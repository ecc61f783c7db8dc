"""Commands that play: run and resume, in front of a display or of a person."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coevo.cli.common import FACE, JSON, RUN, RUNS_DIR, open_store
from coevo.errors import ConfigError
from coevo.plugin.registry import registry

if TYPE_CHECKING:
    from coevo.contract.players import Critic
    from coevo.interactive.ui import Face
    from coevo.runs.run import Run


@click.command()
@click.argument("recipe", required=False)
@click.option("--artist", help="Who makes the works.")
@click.option("--critic", help="Who judges them.")
@click.option("--data", help="Real works: a dataset's name, a folder or a zip of images.  [default: digits]")
@click.option("--data-dir", help="Where the dataset's files are.")
@click.option("--rounds", type=int, help="Stop after so many rounds.")
@click.option("--minutes", type=float, help="Stop after so many minutes.")
@click.option("--size", type=int, help="Pixels of a picture's side.  [default: 32]")
@click.option("--channels", type=int, help="1 is grey, 3 is colour.  [default: 1]")
@click.option("--batch", type=int, help="Works in a step, or on a sheet.  [default: 64; for a person 15]")
@click.option("--agents", type=int, help="A society of so many pairs.  [default: 1]")
@click.option("--seed", type=int, help="Everything random follows from it.  [default: 0]")
@click.option("--device", help="auto, cpu, cuda or mps.  [default: auto]")
@click.option("--precision", help="auto, fp32 or bf16.  [default: auto]")
@click.option("--compile", is_flag=True, default=None, help="Compile networks with torch.compile.")
@click.option("--from", "start", metavar="RUN|PNG", help="Begin where a run stands, or with a picture.")
@click.option("--name", help="The run's name.")
@RUNS_DIR
@click.option("--config", "file", type=click.Path(path_type=Path), help="A TOML file of options.")
@click.option("-o", "options", multiple=True, metavar="SECTION.OPTION=VALUE", help="Any option, as artist.latent=64.")
@FACE
@JSON
def run(
    recipe: str | None,
    artist: str | None,
    critic: str | None,
    data: str | None,
    data_dir: str | None,
    start: str | None,
    name: str | None,
    runs_dir: Path,
    file: Path | None,
    options: tuple[str, ...],
    plain: bool,
    face: str | None,
    picks: Path | None,
    as_json: bool,
    size: int | None,
    channels: int | None,
    **run_options: Any,
) -> None:
    """Start a run: a RECIPE (see `coevo recipes`), or an artist and a critic of your own choice.

    Without --rounds or --minutes it plays until Ctrl-C. What -o says counts most, then the other options,
    then --config, then the recipe; `coevo info` lists a player's options.
    """
    from coevo.api import named
    from coevo.runs.config import assignments, merge, read_recipe, read_toml, resolve
    from coevo.runs.run import Run

    known = registry()
    if not (recipe or artist or critic or file):
        raise ConfigError("Say what to run: a recipe (`coevo run dcgan`), or --artist A --critic C.")
    given = {
        "run": {"start": start, **run_options},
        "data": {"dir": data_dir, "size": size, "channels": channels},
    }
    flags = {section: {k: v for k, v in some.items() if v is not None} for section, some in given.items()}
    tree = merge(
        read_recipe(recipe, known) if recipe else {},
        read_toml(file) if file else {},
        named(artist=artist, critic=critic, data=data),
        flags,
        assignments(options),
    )
    config = resolve(tree, known)
    asked = face_for(config.critic_class, plain, face, picks)  # before anything is made
    play(Run.create(config, runs_dir, name, recipe), as_json, plain, asked)


@click.command()
@RUN
@click.option("--rounds", type=int, help="Go on until so many rounds in all.")
@click.option("--minutes", type=float, help="Go on until so many minutes in all.")
@RUNS_DIR
@FACE
@JSON
def resume(
    run: str,
    rounds: int | None,
    minutes: float | None,
    runs_dir: Path,
    plain: bool,
    face: str | None,
    picks: Path | None,
    as_json: bool,
) -> None:
    """Go on with a RUN, bit for bit, from its newest whole checkpoint; with a session, at its last sheet."""
    from coevo.runs.run import Run, read_config

    changes: dict[str, Any] = {}
    if rounds is not None or minutes is not None:
        changes = {"rounds": rounds, "minutes": minutes}
    if any(value is not None and value <= 0 for value in changes.values()):
        raise ConfigError("--rounds and --minutes should be more than 0.")
    store = open_store(run, runs_dir)
    asked = face_for(read_config(store).critic_class, plain, face, picks)
    it = Run.resume(store, **changes)
    for flaw in it.flaws:
        click.echo(f"coevo: {flaw} Going on from round {it.round}.", err=True)
    if it.finished:
        it.close()
        done = f"round {it.round}, after {it.seconds_before / 60:.1f} minutes"
        raise ConfigError(f"Run {it.store.name!r} is finished ({done}); say --rounds or --minutes to go on.")
    play(it, as_json, plain, asked)


def play(run: Run, as_json: bool, plain: bool, face: Face | None) -> None:
    """Play a run in front of a person: Ctrl-C saves and says how to go on."""
    if face:
        breed(run, face)
        return
    from coevo.cli.display import display_for

    name = run.store.name
    with stoppable(run) as stopped, display_for(run, as_json, sys.stdout.isatty() and not plain) as display:
        try:
            for turn in run.turns():
                display.see(turn)
        finally:
            run.close()
    display.end(stopped())
    if stopped():
        click.echo(f"Saved at round {run.round}. Go on with: coevo resume {name}", err=as_json)
        sys.exit(130)


def breed(run: Run, face: Face) -> None:
    """Play a run whose critic is a person: the face keeps the terminal, every sheet is kept."""
    run.critic.face = face
    interrupted = False

    def play() -> None:
        deque(run.turns(), maxlen=0)

    try:
        face.host(play)
    except KeyboardInterrupt:  # between two questions; whatever was picked is in the history
        interrupted = True
        click.echo()
    finally:
        run.close()
    name = run.store.name
    click.echo(f"Kept everything, at generation {run.round}. Go on with: coevo resume {name}")
    click.echo(f"Who came from whom: coevo lineage {name}")
    if interrupted:
        sys.exit(130)


def face_for(critic: type[Critic], plain: bool, name: str | None, picks: Path | None) -> Face | None:
    """The face that asks a person, if the critic is one. Raises CoevoError where there is no terminal for it."""
    if not critic.asks:
        if picks or name:
            raise ConfigError(f"Critic {critic.name!r} asks nobody; --picks and --face are for a person.")
        return None
    if picks:
        from coevo.interactive.ui import Script

        return Script.read(picks)
    face: Face = registry().load("face", name or ("plain" if plain else "terminal"))()
    return face


@contextmanager
def stoppable(run: Run) -> Iterator[Callable[[], bool]]:
    """Ctrl-C and a plain kill end the run at its next safe turn; a second one ends it at once."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: Any) -> None:
        if run.stopping:
            raise KeyboardInterrupt
        run.stopping = True

    old = {number: signal.signal(number, stop) for number in signals}
    try:
        yield lambda: run.stopping
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
