"""The command line. torch and pydantic are imported inside commands only, so that help is instant."""

from __future__ import annotations

import json
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import coevo
from coevo.errors import CoevoError, ConfigError
from coevo.registry import registry

if TYPE_CHECKING:
    from coevo.faces import Face
    from coevo.roles import Critic
    from coevo.runner import Run
    from coevo.store import Store


class Group(click.Group):
    """Our commands and those of plugins; what a user can mend is said in one sentence, with exit code 2."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *self._offered()})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        own = super().get_command(context, name)
        if own or name not in self._offered():
            return own
        command: click.Command = registry().load("command", name)
        return command

    def _offered(self) -> list[str]:
        try:
            return list(registry().offers("command"))
        except CoevoError:  # said by the command that needs the registry
            return []

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CoevoError as error:
            if context.params.get("debug"):
                raise
            for line in str(error).splitlines():
                click.echo(f"coevo: {line}", err=True)
            context.exit(2)


RUNS_DIR = click.option(
    "--runs-dir",
    default="runs",
    envvar="COEVO_RUNS",
    type=click.Path(path_type=Path),
    help="Where runs are kept.",
)


def FACE(command: Any) -> Any:
    """How a person is asked."""
    for option in (
        click.option("--picks", type=click.Path(path_type=Path), metavar="FILE", help="Picks from a script."),
        click.option("--face", metavar="NAME", help="How a person is asked.  [default: terminal]"),
        click.option("--plain", is_flag=True, help="Plain lines: for pipes and screen readers."),
    ):
        command = option(command)
    return command


SEED = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Same seed, same works.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
RUN = click.argument("run", default="latest")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(coevo.__version__, message="coevo %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Art by an arms race: any Artist against any Critic, in one loop."""


# playing


@main.command()
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
    from coevo.config import assignments, merge, read_recipe, read_toml, resolve
    from coevo.runner import Run

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


@main.command()
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
    from coevo.runner import Run, read_config

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
    from coevo.display import display_for

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
        from coevo.faces import Script

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


# looking


@main.command()
@RUNS_DIR
@JSON
def runs(runs_dir: Path, as_json: bool) -> None:
    """List the runs."""
    from coevo.config import read_toml
    from coevo.store import Store, read_log

    rows = []
    for store in Store.all(runs_dir):
        config = read_toml(store.folder / "config.toml")
        log = read_log(store.folder / "timing.jsonl")
        last = log[-1] if log else {"round": 0, "seconds": 0}
        rows.append(
            {
                "run": store.name,
                "artist": config["artist"]["name"],
                "critic": config["critic"]["name"],
                "data": config["data"]["name"],
                "rounds": last["round"],
                "minutes": round(last["seconds"] / 60, 1),
                "playing": store.held,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo(f"There are no runs in {runs_dir} yet; `coevo run dcgan` makes one.")
    else:
        table(rows)


@main.command()
@JSON
def recipes(as_json: bool) -> None:
    """List the recipes: systems of the history that run with one command."""
    from coevo.config import read_recipe

    rows = []
    for name in registry().offers("recipe"):
        tree = read_recipe(name, registry())
        about = tree.get("recipe", {})
        rows.append(
            {
                "year": about.get("year", ""),
                "recipe": name,
                "title": about.get("title", ""),
                "by": about.get("authors", ""),
                "artist": tree["artist"]["name"],
                "critic": tree["critic"]["name"],
            }
        )
    rows.sort(key=lambda row: str(row["year"]))
    click.echo(json.dumps(rows, indent=2)) if as_json else table(rows)


@main.command()
@RUN
@RUNS_DIR
@click.option("--plain", is_flag=True, help="No pictures and no colours: figures only.")
def show(run: str, runs_dir: Path, plain: bool) -> None:
    """Show a RUN in the terminal: its newest sheet and the curves of its log."""
    from coevo.display import show_run

    show_run(open_store(run, runs_dir), plain)


@main.command()
@RUN
@click.option("-n", "n", type=click.IntRange(1, 1_000_000), default=64, show_default=True, help="How many works.")
@SEED
@click.option("--label", metavar="CLASS", help="Works of this class only, of an artist that is told classes.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="x.png, x.npy or a FOLDER/.")
@RUNS_DIR
def sample(run: str, n: int, seed: int, label: str | None, output: Path, runs_dir: Path) -> None:
    """Make N works of a RUN's artist: a sheet (.png), an array (.npy, uint8 [N, H, W, C]), a folder."""
    from coevo.export import write_samples

    write_samples(open_store(run, runs_dir), n, seed, output, label)
    click.echo(f"{n} works in {output}")


@main.command()
@RUN
@click.option("--rows", type=click.IntRange(1, 100), default=8, show_default=True, help="Pairs of works.")
@click.option("--steps", type=click.IntRange(2, 100), default=10, show_default=True, help="Works in a row.")
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="interpolation.png", show_default=True)
@RUNS_DIR
def interpolate(run: str, rows: int, steps: int, seed: int, output: Path, runs_dir: Path) -> None:
    """Walk from one work of a RUN's artist to another through its latent space: a row each, or a film (.gif)."""
    from coevo.latent import write_interpolation

    write_interpolation(open_store(run, runs_dir), rows, steps, seed, picture(output, ".gif"))
    click.echo(f"{rows} walks of {steps} steps in {output}")


@main.command()
@RUN
@click.option("--code", metavar="NAME", help="Which block of the code.  [default: all but the noise]")
@click.option("--rows", type=click.IntRange(1, 100), default=8, show_default=True, help="Works, or dimensions.")
@click.option("--steps", type=click.IntRange(2, 100), default=10, show_default=True, help="Works in a row.")
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="traversal.png", show_default=True)
@RUNS_DIR
def traverse(run: str, code: str | None, rows: int, steps: int, seed: int, output: Path, runs_dir: Path) -> None:
    """Vary one code of a RUN's artist in every row, and leave the rest of it as it is."""
    from coevo.latent import write_traversal

    write_traversal(open_store(run, runs_dir), code, rows, steps, seed, picture(output))
    click.echo(f"Codes varied one by one in {output}")


@main.command()
@RUN
@click.argument("expression", required=False)
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="arithmetic.png", show_default=True)
@RUNS_DIR
def arithmetic(run: str, expression: str | None, seed: int, output: Path, runs_dir: Path) -> None:
    """Add and subtract works of a RUN's artist, as "3,7,9 - 1,2 + 4": numbers of works, or saved PNGs.

    Works between commas are averaged first. Without an EXPRESSION it draws a numbered sheet to choose from.
    """
    from coevo.latent import write_arithmetic

    write_arithmetic(open_store(run, runs_dir), expression, seed, picture(output))
    click.echo(f"{expression} in {output}" if expression else f"Works by number in {output}")


@main.command()
@click.argument("run", metavar="RUN|FOLDER", default="latest")
@click.option("-n", "n", type=click.IntRange(10, 100_000), default=1000, show_default=True, help="How many works.")
@SEED
@click.option("--data", help="Real works to compare a FOLDER with.  [default: digits; a run's own]")
@click.option("--data-dir", help="Where the dataset's files are.")
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Draw works beside their nearest real one, as x.png."
)
@RUNS_DIR
@JSON
def evaluate(
    run: str,
    n: int,
    seed: int,
    data: str | None,
    data_dir: str | None,
    output: Path | None,
    runs_dir: Path,
    as_json: bool,
) -> None:
    """Judge the works of a RUN, or of any FOLDER of pictures, beside real ones that were held out.

    Distances are taken in the features of a small classifier, trained once on the real works' labels and kept; its
    name, with every figure, says what it compares with. Nearest real neighbours show whether works are copied.
    """
    from coevo.export import evaluate_works

    sheet = picture(output) if output else None
    report = evaluate_works(run, runs_dir, n, seed, data, data_dir, sheet)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        table([{"figure": key, "value": figure(value)} for key, value in report.items()])


# lineages


@main.command()
@RUN
@click.argument("id", required=False)
@click.option("-o", "output", type=click.Path(path_type=Path), help="Draw it too, as x.png.")
@RUNS_DIR
@JSON
def lineage(run: str, id: str | None, output: Path | None, runs_dir: Path, as_json: bool) -> None:
    """Show who came from whom in a RUN: everyone who was picked, or the ancestors of one ID."""
    from rich.console import Console

    from coevo.export import open_history, write_chart
    from coevo.lineage import ancestors, breeders, tree

    store = open_store(run, runs_dir)
    history, flaw = open_history(store)
    if flaw:
        click.echo(f"coevo: {flaw}", err=True)
    family = ancestors(history, id) if id else breeders(history)
    marked = [id] if id else []
    if as_json:
        click.echo(json.dumps([asdict(one) for one in family.values()], indent=2))
    else:
        Console().print(tree(family, marked))
    if output:
        write_chart(store, family, marked, output)
        click.echo(f"{len(family)} individuals in {output}", err=as_json)


@main.command()
@RUN
@click.argument("id", required=False)
@click.option("-o", "output", type=click.Path(path_type=Path), help="x.png or x.gif; without ID x.picks.")
@click.option("--size", type=click.IntRange(16, 8192), default=256, show_default=True, help="Pixels of a picture.")
@click.option("--alone", is_flag=True, help="The individual alone, not the path to it.")
@RUNS_DIR
def export(run: str, id: str | None, output: Path | None, size: int, alone: bool, runs_dir: Path) -> None:
    """Show how ID of a RUN came about: the path from its first ancestor, as a sheet (.png) or a film (.gif).

    Without ID the whole session becomes a script (.picks) that `coevo run --picks` plays again.
    """
    from coevo.export import open_history, write_path, write_script
    from coevo.lineage import path

    store = open_store(run, runs_dir)
    history, flaw = open_history(store)
    if flaw:
        click.echo(f"coevo: {flaw}", err=True)
    if id is None:
        output = output or Path(f"{store.name}.picks")
        if output.suffix in (".png", ".gif"):
            raise ConfigError(f"Say whose path {output} is to show: coevo export {store.name} ID; see `coevo lineage`.")
        write_script(history, output)
        click.echo(f"The session's script is {output}; play it again with: coevo run ... --picks {output}")
        return
    line = path(history, id)[-1:] if alone else path(history, id)
    output = output or Path(f"{id.replace('/', '-')}.png")
    write_path(store, line, size, output)
    click.echo(f"{id} alone in {output}" if alone else f"{len(line)} generations up to {id} in {output}")


# plugins


@main.command()
@JSON
def plugins(as_json: bool) -> None:
    """List the plugins and what each brings."""
    found = registry().plugins
    if as_json:
        rows = [
            {
                "plugin": plugin.name,
                "version": plugin.version,
                "error": plugin.error or None,
                "offers": {kind: [offer._asdict() for offer in some] for kind, some in plugin.offers.items()},
            }
            for plugin in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for plugin in found:
        click.secho(f"{plugin.name} {plugin.version}".strip(), bold=True)
        if plugin.error:
            click.secho(f"  failed to load: {plugin.error}", fg="red")
        for kind, offers in plugin.offers.items():
            for offer in offers:
                click.echo(f"  {kind:<8} {offer.name:<15} {offer.summary}")


@main.command()
@click.argument("kind", type=click.Choice(["artist", "critic"]))
@click.argument("name")
@JSON
def info(kind: Any, name: str, as_json: bool) -> None:
    """Describe an artist or a critic, and each of its options."""
    from coevo.info import describe_player

    described = describe_player(kind, name)
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    click.secho(f"{kind} {name}", bold=True)
    click.echo(f"{described['about']}\n")
    for key, value in described["capabilities"].items():
        click.echo(f"  {key}: {value}")
    click.echo()
    table(described["options"], empty="It has no options.")


@main.command()
@click.argument("name")
def check(name: str) -> None:
    """Check an installed artist or critic NAME with the conformance kit."""
    from coevo.testing import check_player

    known = registry()
    players: tuple[Literal["artist", "critic"], ...] = ("artist", "critic")
    kinds = [kind for kind in players if name in known.offers(kind)]
    if not kinds:
        from coevo.errors import unknown

        raise ConfigError(unknown("artist or critic", name, [*known.offers("artist"), *known.offers("critic")]))
    failed = 0
    for kind in kinds:
        for result in check_player(kind, known.load(kind, name)):
            mark = click.style("ok    ", fg="green") if result.passed else click.style("FAILED", fg="red")
            click.echo(f"{mark} {result.name}" + (f": {result.message}" if result.message else ""))
            failed += not result.passed
    if failed:
        raise CoevoError(f"{name} failed {failed} checks.")
    click.echo(f"{name} conforms.")


def open_store(run: str, runs_dir: Path) -> Store:
    from coevo.store import Store

    return Store.open(run, runs_dir)


def picture(output: Path, *others: str) -> Path:
    """Where a picture goes. Raises ConfigError where it cannot be one, before anything is drawn."""
    if output.suffix.lower() not in (".png", *others):
        raise ConfigError(f"-o {output} should end with {' or '.join(('.png', *others))}.")
    from coevo.store import writing

    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    return output


def figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "  ".join(f"{key} {figure(part)}" for key, part in value.items())
    return ", ".join(map(figure, value)) if isinstance(value, list | tuple) else str(value)


def table(rows: list[dict[str, Any]], empty: str = "Nothing.") -> None:
    """Print rows of the same keys as a table."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    if not rows:
        click.echo(empty)
        return
    grid = Table(*rows[0], box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        grid.add_row(
            *("●" if value is True else "" if value in (None, False) else str(value) for value in row.values())
        )
    Console().print(grid)


if __name__ == "__main__":
    main()
