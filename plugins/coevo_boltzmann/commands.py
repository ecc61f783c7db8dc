"""The command `coevo energies`."""

from __future__ import annotations

from pathlib import Path

import click

from coevo.cli.common import OUTPUT, RUN, RUNS_DIR, SEED, SHOW, open_store, picture, written


@click.command()
@RUN
@click.option(
    "-n", "n", metavar="N", type=click.IntRange(10), default=500, show_default=True, help="Works in the histogram."
)
@SEED
@OUTPUT("energies.png")
@SHOW
@RUNS_DIR
def energies(run: str, n: int, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Draw the Boltzmann machine of a RUN: its filters, its fantasies, and a histogram of energies.

    Filters are the weights of a hidden unit to all pixels. The histogram shows how much energy real works, the artist's
    works and noise have: what has less of it is more probable.
    """
    from coevo_boltzmann.drawing import write_energies

    write_energies(open_store(run, runs_dir), n, seed, picture(output))
    written(f"Filters, fantasies and energies in {output}", output, show)
