"""What commands share: options, the run that is meant, tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coevo.errors import ConfigError

if TYPE_CHECKING:
    from coevo.storage.run_folder import RunFolder

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


def open_store(run: str, runs_dir: Path) -> RunFolder:
    from coevo.storage.run_folder import RunFolder

    return RunFolder.open(run, runs_dir)


def picture(output: Path, *others: str) -> Path:
    """Where a picture goes. Raises ConfigError where it cannot be one, before anything is drawn."""
    if output.suffix.lower() not in (".png", *others):
        raise ConfigError(f"-o {output} should end with {' or '.join(('.png', *others))}.")
    from coevo.storage.atomic import writing

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
