"""Commands that look into a latent space: at what its codes mean, and at what an encoder finds."""

from __future__ import annotations

from pathlib import Path

import click

from coevo.cli.common import RUN, RUNS_DIR, SEED, open_store, picture
from coevo.errors import ConfigError

SHOW = click.option("--show", is_flag=True, help="Show the picture in the terminal too.")


def done(said: str, output: Path, show: bool) -> None:
    """Say what was written where, and show it where that is asked for."""
    if show:
        from coevo.cli.display import show_picture

        show_picture(output)
    click.echo(said)


@click.command()
@RUN
@click.option("--rows", type=click.IntRange(1, 100), default=8, show_default=True, help="Pairs of works.")
@click.option("--steps", type=click.IntRange(2, 100), default=10, show_default=True, help="Works in a row.")
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="interpolation.png", show_default=True)
@SHOW
@RUNS_DIR
def interpolate(run: str, rows: int, steps: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Walk from one work of a RUN's artist to another through its latent space: a row each, or a film (.gif)."""
    from coevo.tools.latent_space import write_interpolation

    write_interpolation(open_store(run, runs_dir), rows, steps, seed, picture(output, ".gif"))
    done(f"{rows} walks of {steps} steps in {output}", output, show)


@click.command()
@RUN
@click.option("--code", metavar="NAME", help="Which block of the code.  [default: all but the noise]")
@click.option("--rows", type=click.IntRange(1, 100), default=8, show_default=True, help="Works, or dimensions.")
@click.option("--steps", type=click.IntRange(2, 100), default=10, show_default=True, help="Works in a row.")
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="traversal.png", show_default=True)
@SHOW
@RUNS_DIR
def traverse(
    run: str, code: str | None, rows: int, steps: int, seed: int, output: Path, show: bool, runs_dir: Path
) -> None:
    """Vary one code of a RUN's artist in every row, and leave the rest of it as it is."""
    from coevo.tools.latent_space import write_traversal

    write_traversal(open_store(run, runs_dir), code, rows, steps, seed, picture(output))
    done(f"Codes varied one by one in {output}", output, show)


@click.command()
@RUN
@click.argument("expression", required=False)
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="arithmetic.png", show_default=True)
@SHOW
@RUNS_DIR
def arithmetic(run: str, expression: str | None, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Add and subtract works of a RUN's artist, as "3,7,9 - 1,2 + 4": numbers of works, or saved PNGs.

    Works between commas are averaged first. Without an EXPRESSION it draws a numbered sheet to choose from.
    """
    from coevo.tools.latent_space import write_arithmetic

    write_arithmetic(open_store(run, runs_dir), expression, seed, picture(output))
    done(f"{expression} in {output}" if expression else f"Works by number in {output}", output, show)


@click.command()
@RUN
@click.option("--side", type=click.IntRange(2, 100), default=20, show_default=True, help="Works in a row.")
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="manifold.png", show_default=True)
@SHOW
@RUNS_DIR
def manifold(run: str, side: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Lay out the plane of pictures that a RUN's code of two numbers has."""
    from coevo.tools.latent_space import write_manifold

    write_manifold(open_store(run, runs_dir), side, seed, picture(output))
    done(f"{side} × {side} works in {output}", output, show)


@click.command()
@RUN
@click.option("-n", "n", type=click.IntRange(1), help="How many works.  [default: all]")
@click.option("-o", "output", type=click.Path(path_type=Path), default="codes.npz", show_default=True)
@RUNS_DIR
def encode(run: str, n: int | None, output: Path, runs_dir: Path) -> None:
    """Encode the real works of a RUN, held-out ones where it has them: codes, labels and blocks as .npz."""
    from coevo.tools.encoding import write_codes

    if output.suffix.lower() != ".npz":
        raise ConfigError(f"-o {output} should end with .npz.")
    click.echo(f"{write_codes(open_store(run, runs_dir), n, output)} codes in {output}")


@click.command()
@RUN
@click.option("-n", "n", type=click.IntRange(1, 1000), default=40, show_default=True, help="How many works.")
@click.option("--columns", type=click.IntRange(1, 100), default=10, show_default=True, help="Works in a row.")
@SEED
@click.option("-o", "output", type=click.Path(path_type=Path), default="reconstructions.png", show_default=True)
@SHOW
@RUNS_DIR
def reconstruct(run: str, n: int, columns: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Show real works, each row above what comes back of it from a RUN's encoder and decoder."""
    from coevo.tools.encoding import write_reconstructions

    write_reconstructions(open_store(run, runs_dir), n, columns, seed, picture(output))
    done(f"{n} works and what comes back of them in {output}", output, show)


@click.command()
@RUN
@click.option("--code", metavar="NAME", help="Which block of the code.  [default: the first]")
@click.option("-n", "n", type=click.IntRange(1), default=5000, show_default=True, help="How many works.")
@click.option("-o", "output", type=click.Path(path_type=Path), default="scatter.png", show_default=True)
@SHOW
@RUNS_DIR
def scatter(run: str, code: str | None, n: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Draw the codes of a RUN's real works as points, coloured by label, over its prior."""
    from coevo.tools.encoding import write_scatter

    write_scatter(open_store(run, runs_dir), code, n, picture(output))
    done(f"Codes in {output}", output, show)


@click.command()
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("-n", "n", type=click.IntRange(1, 100), default=5, show_default=True, help="How many works.")
@click.option("--directions", type=click.IntRange(1, 100), default=8, show_default=True, help="Tangents of each.")
@click.option("-o", "output", type=click.Path(path_type=Path), default="tangents.png", show_default=True)
@SHOW
@RUNS_DIR
def tangents(runs: tuple[str, ...], n: int, directions: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Draw the changes of a picture that change its code most; of several RUNs beneath each other."""
    from coevo.tools.encoding import write_tangents

    stores = [open_store(run, runs_dir) for run in runs or ("latest",)]
    write_tangents(stores, n, directions, picture(output))
    done(f"Tangents at {n} works in {output}", output, show)
