"""Commands that play: run and resume, with a display or with a person as the critic."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coevo.cli.common import FILE, JSON, RUN, RUNS_DIR, TRACK, UI, open_store
from coevo.cli.completion import names_of, runs
from coevo.cli.completion import options as option_names
from coevo.cli.messages import is_quiet, loading, say, saying
from coevo.errors import ConfigError
from coevo.plugin.registry import registry

if TYPE_CHECKING:
    from coevo.interactive.ui import UI as UserInterface
    from coevo.runs.config import Config
    from coevo.runs.run import Run


PROCESSES = click.option(
    "--processes",
    metavar="N",
    type=click.IntRange(1, 1024),
    help="Divide every batch among this many processes; torchrun does so on several machines.",
)


CLUSTER = click.option(
    "--cluster",
    metavar="local|HOST:PORT",
    help="Let workers of Ray draw and measure the population, here or on a cluster.",
)
WORKERS = click.option(
    "--workers", metavar="N", type=click.IntRange(1, 100_000), help="Number of workers.  [default: one a processor]"
)


@click.command()
@click.argument("recipe", required=False, shell_complete=names_of("recipe"))
@click.option(
    "--artist",
    metavar="NAME|FILE.py:CLASS",
    help="The artist, which makes works: an installed one, or a class of your own.",
    shell_complete=names_of("artist"),
)
@click.option(
    "--critic",
    metavar="NAME|FILE.py:CLASS",
    help="The critic, which judges them.",
    shell_complete=names_of("critic"),
)
@click.option(
    "--data",
    metavar="DATA",
    help="Real works: a dataset's name, a folder or zip of images, or arrays (.npz).  [default: digits]",
    shell_complete=names_of("dataset"),
)
@click.option("--data-dir", metavar="FOLDER", help="The folder of the dataset's files.")
@click.option("--rounds", metavar="N", type=int, help="Stop after this many rounds.")
@click.option("--minutes", metavar="N", type=float, help="Stop after this many minutes.")
@click.option("--size", metavar="PX", type=int, help="Width and height of pictures in pixels.  [default: 32]")
@click.option("--channels", metavar="N", type=int, help="1 for grey, 3 for colour.  [default: 1]")
@click.option("--batch", metavar="N", type=int, help="Works in a step, or on a sheet.  [default: 64; for a person 15]")
@click.option("--agents", metavar="N", type=int, help="Number of pairs in a society.  [default: 1]")
@click.option("--seed", metavar="N", type=int, help="Seed of everything random.  [default: 0]")
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda or mps.  [default: auto]")
@click.option("--precision", metavar="NAME", help="auto, fp32 or bf16.  [default: auto]")
@click.option(
    "--threads",
    metavar="N",
    type=int,
    help="Threads for networks and programs; say 1 for runs beside each other.  [default: one a core]",
)
@PROCESSES
@CLUSTER
@WORKERS
@click.option("--compile", is_flag=True, default=None, help="Compile networks with torch.compile.")
@click.option(
    "--from",
    "start",
    metavar="RUN|PNG",
    help="Start with the players of another run, or with a picture that carries its genome.",
    shell_complete=runs,
)
@click.option(
    "--critic-from",
    "critic_from",
    metavar="RUN",
    help="Let the critic of another run judge, as it is: it learns no more.",
    shell_complete=runs,
)
@click.option("--name", metavar="NAME", help="The run's name.  [default: the recipe or the players, and a number]")
@RUNS_DIR
@click.option("--config", "file", metavar="FILE", type=FILE, help="A TOML file of options.")
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="SECTION.OPTION=VALUE",
    help="Set any option: artist.latent=64.",
    shell_complete=option_names,
)
@TRACK
@UI
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
    ui: str | None,
    picks: Path | None,
    as_json: bool,
    size: int | None,
    channels: int | None,
    trackers: tuple[str, ...],
    processes: int | None,
    cluster: str | None,
    workers: int | None,
    **run_options: Any,
) -> None:
    """Start a run: of a RECIPE (see coevo recipes), or of an artist and a critic of your choice.

    Without --rounds or --minutes it plays until you press Ctrl-C. Options of -o count most, then all other options,
    then those of the file --config, then the recipe's. `coevo info artist NAME` lists the options of a player.
    """
    if not (recipe or artist or critic or file):
        raise ConfigError("Say what to run: a recipe (coevo run dcgan), or --artist A --critic C.")
    meet(processes)
    with loading("torch"):
        from coevo.api import named
        from coevo.runs.config import assignments, merge, read_toml
        from coevo.runs.run import Run
        from coevo.runs.several import shared
        from coevo.runs.starting import new_config

        flags = {
            "run": {"start": start, "trackers": trackers or None, **run_options},
            "data": {"dir": data_dir, "size": size, "channels": channels},
        }
        asked = merge(
            named(artist=artist, critic=critic, data=data),
            {section: {k: v for k, v in some.items() if v is not None} for section, some in flags.items()},
            assignments(options),
        )
        config, taken = new_config(recipe, asked, runs_dir, read_toml(file) if file else None)
    divide(processes, config)
    interface = ui_for(config, plain, ui, picks)  # before anything is made
    say(taken)
    with saying("Reading the data …"):
        created = shared(lambda: begun_before(name, runs_dir) or Run.create(config, runs_dir, name, recipe))
    say(*created.notes)
    with workers_of(created, cluster, workers):
        play(created, as_json, plain, interface)


@click.command()
@RUN
@click.option("--rounds", metavar="N", type=int, help="Stop after this many rounds in all.")
@click.option("--minutes", metavar="N", type=float, help="Stop after this many minutes in all.")
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="run.OPTION=VALUE",
    help="Set an option of the run that may change: run.log_every=1.",
)
@PROCESSES
@CLUSTER
@WORKERS
@click.option("--data", metavar="PATH", help="Where its folder or zip of images is now, if it was moved.")
@click.option("--data-dir", metavar="FOLDER", help="Where the files of its dataset are now, if they were moved.")
@click.option("--changed-data", is_flag=True, help="Go on although the dataset is not what it was.")
@click.option(
    "--artist",
    metavar="FILE.py:CLASS|PLUGIN:NAME",
    help="Where its artist is now, if it was moved or changed: a class of your own, or of another plugin.",
)
@click.option("--critic", metavar="FILE.py:CLASS|PLUGIN:NAME", help="Where its critic is now, likewise.")
@RUNS_DIR
@TRACK
@UI
@JSON
def resume(
    run: str,
    rounds: int | None,
    minutes: float | None,
    options: tuple[str, ...],
    data: str | None,
    data_dir: str | None,
    changed_data: bool,
    artist: str | None,
    critic: str | None,
    runs_dir: Path,
    trackers: tuple[str, ...],
    processes: int | None,
    cluster: str | None,
    workers: int | None,
    plain: bool,
    ui: str | None,
    picks: Path | None,
    as_json: bool,
) -> None:
    """Go on with a RUN, bit for bit, from its newest whole checkpoint.

    A session with a person goes on at its last sheet. Without RUN it is the newest one.
    """
    meet(processes)
    with loading("torch"):
        from coevo.runs.config import assignments, leaves
        from coevo.runs.opening import read_config
        from coevo.runs.players import own_players
        from coevo.runs.run import Run, check_changes
        from coevo.runs.several import shared

    asked = assignments(options)
    changes: dict[str, Any] = asked.pop("run", {})
    if rounds is not None or minutes is not None:
        changes |= {"rounds": rounds, "minutes": minutes}
    if trackers:
        changes["trackers"] = trackers
    if any(value is not None and value <= 0 for value in (rounds, minutes)):
        raise ConfigError("--rounds and --minutes should be more than 0.")
    store = open_store(run, runs_dir)
    own = own_players(artist, critic, registry())
    config = read_config(store, own)
    check_changes(leaves(asked), config, store)
    divide(processes, config)
    interface = ui_for(config, plain, ui, picks)
    moved: dict[str, Any] = {"data": data, "data_dir": data_dir, "changed_data": changed_data, "own": own, **changes}
    resumed = shared(lambda: Run.resume(store, **moved), **moved)
    for problem in resumed.problems:
        say(f"{problem} Going on from round {resumed.round}.")
    if resumed.finished:
        resumed.close()
        done = f"round {resumed.round}, after {resumed.seconds / 60:.1f} minutes"
        raise ConfigError(
            f"Run {store.name!r} is finished ({done}); to go on, say more --rounds or --minutes: they count from its "
            "start."
        )
    try:
        with saying("Reading the data …"):
            say(*resumed.read())
    except BaseException:
        resumed.close()
        raise
    with workers_of(resumed, cluster, workers):
        play(resumed, as_json, plain, interface)


def started() -> int:
    """The number of processes that this one was started among, by `divide` or by torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def meet(processes: int | None) -> None:
    """Meet the other processes, if this is one of several.

    Raises:
        ConfigError: torchrun has started another number of them than is asked for.
    """
    if (size := started()) == 1:
        return
    if processes not in (None, size):
        raise ConfigError(f"torchrun has started {size} processes; leave out --processes {processes}.")
    with loading("torch"):
        from coevo.runs.several import end_with_parent
        from coevo.studio.processes import join
    end_with_parent()
    join()


def divide(processes: int | None, config: Config) -> None:
    """Start the processes that are asked for, and end with them. None is started for a batch without parts for all."""
    if not processes or processes == 1 or started() > 1:
        return
    from coevo.loop.pairs import check_parts
    from coevo.runs.several import start

    check_parts(config.run.batch, processes)
    sys.exit(start(processes, typed()))


def typed() -> list[str]:
    """The words of the command that is running, as they were typed after coevo."""
    from coevo.cli.group import Group

    group = click.get_current_context().find_root().command
    assert isinstance(group, Group)
    return group.typed


@contextmanager
def workers_of(run: Run, cluster: str | None, count: int | None) -> Iterator[None]:
    """Within the block a cluster's workers draw and measure for a run, if one is named. Nothing stays of a new run if
    they cannot."""
    if cluster is None:
        if count is not None:
            raise ConfigError("--workers counts those of --cluster; say --cluster local too.")
        yield
        return
    with loading("Ray"):
        from coevo.cluster.fits import check_evolves
        from coevo.cluster.ray_workers import connected
        from coevo.native.threads import processors
    try:
        check_evolves(run.artist, installed=run.config.sources["artist"].plugin is not None)
        with connected(cluster, count or processors()) as run.studio.workers:
            yield
    except BaseException:
        run.close()
        if run.is_new:
            run.store.discard()
        raise


def begun_before(name: str | None, runs_dir: Path) -> Run | None:
    """The run of that name, if torchrun starts its processes again after one of them has ended."""
    if name is None or os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0" or not (runs_dir / name).is_dir():
        return None
    from coevo.runs.run import Run

    return Run.resume(open_store(name, runs_dir))


def follow(run: Run) -> None:
    """Play a run together with the first process, which says and keeps everything."""
    from coevo.runs.several import speaking
    from coevo.runs.stopping import leave_stopping_to_the_first

    leave_stopping_to_the_first()
    with speaking(), closing(run):
        deque(run.turns(), maxlen=0)


def play(run: Run, as_json: bool, plain: bool, ui: UserInterface | None) -> None:
    """Play a run to its end. Ctrl-C saves it and says how to go on."""
    from coevo.loop import checks

    checks.every_step = bool(click.get_current_context().find_root().params.get("debug"))
    if is_quiet():
        follow(run)
        return
    if ui:
        breed(run, ui)
        return
    from coevo.cli.display import display_for
    from coevo.runs.stopping import stoppable

    with stoppable(run) as stopped, display_for(run, as_json, sys.stdout.isatty() and not plain) as display:
        try:
            for turn in run.turns():
                display.see(turn)
        finally:
            run.close()
    display.see_aside()
    display.end(stopped())
    if stopped():
        click.echo(f"Saved at round {run.round}. Go on with: {resuming(run)}", err=as_json)
        sys.exit(130)


def resuming(run: Run) -> str:
    """The command that goes on with a run, as long as it was to play this time."""
    from coevo.runs.opening import read_config
    from coevo.studio import processes

    kept, now = read_config(run.store).run, run.config.run
    changes = {name: getattr(now, name) for name in ("rounds", "minutes") if getattr(now, name) != getattr(kept, name)}
    longer = [f" --{name} {str(value).removesuffix('.0')}" for name, value in changes.items() if value is not None]
    several = [f" --processes {processes.count()}"] if processes.count() > 1 else []
    return run.store.command("coevo resume") + "".join([*longer, *several])


def breed(run: Run, ui: UserInterface) -> None:
    """Play a run whose critic is a person. The user interface has the terminal, and every sheet is kept."""
    from coevo.api import give_ui

    give_ui(run, ui)
    interrupted = False

    def play() -> None:
        deque(run.turns(), maxlen=0)

    try:
        ui.host(play)
    except KeyboardInterrupt:  # between two questions; all picks so far are in the session's database
        interrupted = True
        click.echo()
    finally:
        run.close()
    click.echo(f"Kept everything, at generation {run.round}. Go on with: {resuming(run)}")
    click.echo(f"See the family tree with: {run.store.command('coevo lineage')}")
    if interrupted:
        sys.exit(130)


def ui_for(config: Config, plain: bool, name: str | None, picks: Path | None) -> UserInterface | None:
    """The user interface that asks a person, if the critic is one.

    Raises:
        CoevoError: there is none of that name, or no terminal for it.
    """
    from coevo.runs.starting import is_interactive

    if not is_interactive(config):
        if picks or name:
            raise ConfigError(
                f"--picks and --ui need an interactive critic, and {config.critic_class.name!r} is not one."
            )
        return None
    if picks:
        from coevo.interactive.script import Script

        return Script.read(picks)
    ui: UserInterface = registry().load("ui", name or ("plain" if plain else "terminal"))()
    return ui
