"""Arguments and options that several commands have, and the run that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coevo.cli import completion
from coevo.errors import RUNS, RUNS_VARIABLE, ConfigError

if TYPE_CHECKING:
    from coevo.storage.run_folder import RunFolder

FILE = click.Path(path_type=Path)

RUN = click.argument("run", default="latest", shell_complete=completion.runs)
RUNS_DIR = click.option(
    "--runs-dir", metavar="FOLDER", default=RUNS, envvar=RUNS_VARIABLE, type=FILE, help="The folder of all runs."
)
SEED = click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The same seed gives the same works.",
)
TRACK = click.option(
    "--track",
    "trackers",
    multiple=True,
    metavar="NAME",
    help="Show the run elsewhere too: tensorboard, wandb, mlflow or trackio; may be repeated.",
    shell_complete=completion.names_of("tracker"),
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
SHOW = click.option("--show", is_flag=True, help="Show the picture in the terminal too.")


def UI(command: Any) -> Any:
    """Options that say how a person is asked."""
    complete = completion.names_of("ui")
    for option in (
        click.option("--picks", type=FILE, metavar="FILE", help="Replay picks from a script instead of asking."),
        click.option(
            "--ui", metavar="NAME", help="How a person is asked.  [default: terminal]", shell_complete=complete
        ),
        click.option("--plain", is_flag=True, help="Print plain lines: for pipes and screen readers."),
        click.option("--face", hidden=True, expose_value=False, callback=renamed("--ui")),
    ):
        command = option(command)
    return command


def renamed(new: str) -> Any:
    """Answers an option's old name with the new one."""

    def refuse(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            raise ConfigError(f"{parameter.opts[0]} is now called {new}.")

    return refuse


def OUTPUT(example: str | None, help: str = "") -> Any:
    """The option -o, a file that the command writes; by default `example`."""
    return click.option(
        "-o",
        "output",
        metavar="FILE",
        type=FILE,
        default=example,
        show_default=example is not None,
        help=help or "The file to write.",
    )


def open_store(run: str, runs_dir: Path) -> RunFolder:
    """The folder of a run. Raises StoreError if there is none."""
    from coevo.storage.run_folder import RunFolder

    return RunFolder.open(run, runs_dir)


def picture(output: Path, *others: str) -> Path:
    """The path of a picture to write.

    Raises:
        ConfigError: it does not end with .png or one of `others`; said before anything is drawn.
        StoreError: the folders above it are missing.
    """
    from coevo.storage.atomic import check_folder

    endings = (".png", *others)
    if output.suffix.lower() not in endings:
        raise ConfigError(f"-o {output} should end with {' or '.join(endings)}.")
    check_folder(output)
    return output


def written(said: str, output: Path, show: bool = False) -> None:
    """Say what was written, and show it if asked to."""
    if show:
        from coevo.cli.display import show_picture

        show_picture(output)
    click.echo(said)
