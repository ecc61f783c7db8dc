"""Commands that look into a latent space: at the meaning of its codes, and at the codes of real works."""

from __future__ import annotations

from pathlib import Path

import click

from coevo.cli import completion
from coevo.cli.common import OUTPUT, RUN, RUNS_DIR, SEED, SHOW, open_store, picture, written
from coevo.cli.tables import counted
from coevo.errors import ConfigError
from coevo.images import FILMS


@click.command()
@RUN
@click.option(
    "--rows",
    metavar="N",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="Number of rows: pairs of works.",
)
@click.option(
    "--steps", metavar="N", type=click.IntRange(2, 100), default=10, show_default=True, help="Number of works in a row."
)
@SEED
@OUTPUT("interpolation.png")
@SHOW
@RUNS_DIR
def interpolate(run: str, rows: int, steps: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Interpolate between works of a RUN's artist in its latent space, one row each.

    Or as a film, by the ending of -o: .gif, .webp, .apng or .mp4.
    """
    from coevo.tools.latent_space import write_interpolation

    write_interpolation(open_store(run, runs_dir), rows, steps, seed, picture(output, *FILMS))
    written(f"{counted(rows, 'interpolation')} of {steps} steps in {output}", output, show)


@click.command()
@RUN
@click.option("--code", metavar="NAME", help="The block of the code.  [default: all but the noise]")
@click.option(
    "--rows",
    metavar="N",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="Number of rows: works, or dimensions.",
)
@click.option(
    "--steps", metavar="N", type=click.IntRange(2, 100), default=10, show_default=True, help="Number of works in a row."
)
@SEED
@OUTPUT("traversal.png")
@SHOW
@RUNS_DIR
def traverse(
    run: str, code: str | None, rows: int, steps: int, seed: int, output: Path, show: bool, runs_dir: Path
) -> None:
    """Traverse the latent code of a RUN's artist: every row varies one dimension or class and keeps the rest."""
    from coevo.tools.latent_space import write_traversal

    write_traversal(open_store(run, runs_dir), code, rows, steps, seed, picture(output))
    written(f"The traversal is {output}", output, show)


@click.command()
@RUN
@click.argument("expression", required=False)
@SEED
@OUTPUT("arithmetic.png")
@SHOW
@RUNS_DIR
def arithmetic(run: str, expression: str | None, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Add and subtract the codes of works of a RUN's artist, for example "3,7,9 - 1,2 + 4".

    An EXPRESSION has numbers of works, or saved PNGs; works between commas are averaged. Without an EXPRESSION a
    numbered sheet is drawn, to choose from.
    """
    from coevo.tools.latent_space import write_arithmetic

    write_arithmetic(open_store(run, runs_dir), expression, seed, picture(output))
    written(f"{expression} in {output}" if expression else f"Numbered works in {output}", output, show)


@click.command()
@RUN
@click.option(
    "--side", metavar="N", type=click.IntRange(2, 100), default=20, show_default=True, help="Number of works in a row."
)
@SEED
@OUTPUT("manifold.png")
@SHOW
@RUNS_DIR
def manifold(run: str, side: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Draw the manifold of a RUN's artist whose code has two dimensions, as a grid of pictures."""
    from coevo.tools.latent_space import write_manifold

    write_manifold(open_store(run, runs_dir), side, seed, picture(output))
    written(f"{side} × {side} works in {output}", output, show)


@click.command()
@RUN
@click.option("-n", "n", metavar="N", type=click.IntRange(1), help="Number of works.  [default: all]")
@OUTPUT("codes.npz")
@RUNS_DIR
def encode(run: str, n: int | None, output: Path, runs_dir: Path) -> None:
    """Encode the real works of a RUN to a file of codes and labels (.npz).

    Held-out works are encoded if the dataset has them.
    """
    from coevo.tools.encoding import write_codes

    if output.suffix.lower() != ".npz":
        raise ConfigError(f"-o {output} should end with .npz.")
    click.echo(f"{counted(write_codes(open_store(run, runs_dir), n, output), 'code')} in {output}")


@click.command()
@RUN
@click.option(
    "-n", "n", metavar="N", type=click.IntRange(1, 1000), default=40, show_default=True, help="Number of works."
)
@click.option(
    "--columns",
    metavar="N",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Number of works in a row.",
)
@SEED
@OUTPUT("reconstructions.png")
@SHOW
@RUNS_DIR
def reconstruct(run: str, n: int, columns: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Reconstruct real works with a RUN's encoder and decoder: each row of works above their reconstructions."""
    from coevo.tools.encoding import write_reconstructions

    write_reconstructions(open_store(run, runs_dir), n, columns, seed, picture(output))
    written(f"{counted(n, 'work')} and reconstructions in {output}", output, show)


@click.command()
@RUN
@click.option("--code", metavar="NAME", help="The block of the code.  [default: the first]")
@click.option("-n", "n", metavar="N", type=click.IntRange(1), default=5000, show_default=True, help="Number of works.")
@OUTPUT("scatter.png")
@SHOW
@RUNS_DIR
def scatter(run: str, code: str | None, n: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Plot the codes of a RUN's real works as points, coloured by label, over their prior."""
    from coevo.tools.encoding import write_scatter

    write_scatter(open_store(run, runs_dir), code, n, picture(output))
    written(f"The plot is {output}", output, show)


@click.command()
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=completion.runs)
@click.option(
    "-n", "n", metavar="N", type=click.IntRange(1, 100), default=5, show_default=True, help="Number of works."
)
@click.option(
    "--directions",
    metavar="N",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="Number of tangents of each work.",
)
@OUTPUT("tangents.png")
@SHOW
@RUNS_DIR
def tangents(runs: tuple[str, ...], n: int, directions: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Draw the tangents of a RUN's encoder: the changes of a picture that change its code most.

    Several RUNs are drawn below each other.
    """
    from coevo.tools.encoding import write_tangents

    stores = [open_store(run, runs_dir) for run in runs or ("latest",)]
    write_tangents(stores, n, directions, picture(output))
    written(f"Tangents at {counted(n, 'work')} in {output}", output, show)
