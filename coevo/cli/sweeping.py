"""The command that plays a run for every combination of options' values."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from coevo.cli.common import JSON, RUNS_DIR
from coevo.cli.completion import names_of
from coevo.cli.completion import options as option_names
from coevo.cli.tables import counted, table
from coevo.errors import ConfigError

QUALITY = ("kid", "precision", "coverage")
SWEEP = "sweep"  # the name of a sweep without one
OWN = {"run.seed": "--seeds", "run.rounds": "--rounds", "run.minutes": "--minutes"}


@click.command()
@click.argument("recipe", required=False, shell_complete=names_of("recipe"))
@click.option("--artist", metavar="NAME", help="The artist, which makes works.", shell_complete=names_of("artist"))
@click.option("--critic", metavar="NAME", help="The critic, which judges them.", shell_complete=names_of("critic"))
@click.option("--data", metavar="DATA", help="Real works, as of coevo run.", shell_complete=names_of("dataset"))
@click.option("--data-dir", metavar="FOLDER", help="The folder of the dataset's files.")
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="SECTION.OPTION=VALUE,VALUE",
    help="An option and its values: critic.r1=0.1,0.5,1.",
    shell_complete=option_names,
)
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="SECTION.OPTION=VALUE",
    help="An option that all runs have.",
    shell_complete=option_names,
)
@click.option("--seeds", metavar="N", type=click.IntRange(1), default=3, show_default=True, help="Seeds, from 0.")
@click.option("--rounds", metavar="N", type=click.IntRange(1), help="Rounds of every run.")
@click.option("--minutes", metavar="N", type=click.FloatRange(0, min_open=True), help="Minutes of every run.")
@click.option(
    "-n",
    "works",
    metavar="N",
    type=click.IntRange(0, 100_000),
    default=1000,
    show_default=True,
    help="Works of each run to evaluate; 0: figures of the log are enough.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Figures of the table.  [default: kid precision coverage]",
)
@click.option("--jobs", metavar="N", type=click.IntRange(1), default=1, show_default=True, help="Runs at a time.")
@click.option("--name", metavar="NAME", default=SWEEP, show_default=True, help="The sweep's folder, among the runs.")
@RUNS_DIR
@JSON
def sweep(
    recipe: str | None,
    artist: str | None,
    critic: str | None,
    data: str | None,
    data_dir: str | None,
    vary: tuple[str, ...],
    options: tuple[str, ...],
    seeds: int,
    rounds: int | None,
    minutes: float | None,
    works: int,
    metrics: tuple[str, ...],
    jobs: int,
    name: str,
    runs_dir: Path,
    as_json: bool,
) -> None:
    """Play a run for every combination of options' values, and compare their figures.

    Each combination is played with every seed, and its works are evaluated. Stopped with Ctrl-C, or killed, the same
    command goes on, and tries again those that failed. The runs are in the sweep's folder: `coevo show NAME --runs-dir
    runs/sweep`. The exit code is 1 if a run failed.
    """
    from coevo.cli.progress import shown_progress
    from coevo.images.png import png_bytes
    from coevo.storage.run_folder import check_name
    from coevo.tools import sweep as sweeps
    from coevo.tools.output import write_output

    if (rounds is None) == (minutes is None):
        raise ConfigError("Say how long every run is: --rounds N or --minutes N.")
    metrics = metrics or (QUALITY if works else ())
    if not metrics:
        raise ConfigError("With -n 0 say which figures of the log to compare: --metric critic.loss.")
    check_name(name)
    values = varied(vary)
    check_own(options, values)
    flags = {"--artist": artist, "--critic": critic, "--data": data, "--data-dir": data_dir}
    words = [recipe] if recipe else []
    words += [word for flag, value in flags.items() if value is not None for word in (flag, value)]
    words += [word for option in options for word in ("-o", option)]
    asked = sweeps.Sweep(runs_dir / name, words, values, seeds, rounds, minutes, works)
    for trial in asked.trials[::seeds]:  # before the first of them is played
        check(recipe, {"artist": artist, "critic": critic, "data": data}, [*options, *trial.assignments], runs_dir)
    with shown_progress() as progress:
        found = sweeps.play(asked, jobs, progress)
    rows = sweeps.table(asked, found, metrics)
    picture = asked.folder / f"{metrics[0]}.png"
    write_output(picture, png_bytes(sweeps.chart(asked, found, metrics[0]), {}))
    if as_json:
        click.echo(json.dumps({"runs": found, "table": rows}, indent=2))
    else:
        table(rows, right=[*metrics, "runs"])
    failed = {run: said for run, said in found.items() if isinstance(said, str)}
    for run, said in failed.items():
        click.secho(f"{run} failed: {said}", fg="red", err=as_json)
    click.echo(f"{counted(len(found), 'run')} in {asked.folder}, {metrics[0]} in {picture}", err=as_json)
    if failed:
        sys.exit(1)


def check_own(options: Sequence[str], values: Iterable[str]) -> None:
    """Raise ConfigError for every option of -o or --vary that a sweep has as an option of its own."""
    from coevo.runs.config import assignments, leaves

    asked = {*leaves(assignments(options)), *values}
    mistakes = [f"A sweep takes {flag} in the place of {name}." for name, flag in OWN.items() if name in asked]
    if mistakes:
        raise ConfigError(mistakes)


def check(recipe: str | None, names: dict[str, str | None], options: Sequence[str], runs: Path) -> None:
    """Raise ConfigError if a run of these options would be refused, or asks a person."""
    from coevo.api import named
    from coevo.runs.config import assignments, merge
    from coevo.runs.starting import new_config, picks

    config, _ = new_config(recipe, merge(named(**names), assignments(options)), runs)
    if picks(config):
        raise ConfigError(f"Critic {config.critic_class.name!r} picks, and a sweep has figures of critics that score.")


def varied(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """The values of each option that varies. Raises ConfigError if a text cannot be read."""
    found: dict[str, list[str]] = {}
    for text in texts:
        option, equals, values = text.partition("=")
        split = [value.strip() for value in values.split(",")]
        if not equals or "." not in option or not all(split) or len(set(split)) < len(split) or option in found:
            raise ConfigError(
                f"--vary expects an option and different values of it, once, such as critic.r1=0.1,0.5; got {text!r}."
            )
        found[option.strip()] = split
    return found
