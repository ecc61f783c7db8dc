"""The command that plays a grid of pairs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from coevo.cli.common import JSON, RUNS_DIR
from coevo.cli.completion import names_of
from coevo.cli.completion import options as option_names
from coevo.cli.tables import table
from coevo.errors import ConfigError
from coevo.grid.topology import TOPOLOGIES, shape_of


@click.command()
@click.argument("recipe", required=False, shell_complete=names_of("recipe"))
@click.option(
    "--artist",
    "artists",
    multiple=True,
    metavar="NAME",
    help="The artist of the cells; several of them take turns.",
    shell_complete=names_of("artist"),
)
@click.option("--critic", metavar="NAME", help="The critic of all cells.", shell_complete=names_of("critic"))
@click.option("--data", metavar="DATA", help="Real works, as of coevo run.", shell_complete=names_of("dataset"))
@click.option("--data-dir", metavar="FOLDER", help="The folder of the dataset's files.")
@click.option(
    "--cells", metavar="N|ROWSxCOLUMNS", default="3x3", show_default=True, help="The number or the shape of the cells."
)
@click.option(
    "--topology",
    type=click.Choice(TOPOLOGIES),
    default="von-neumann",
    show_default=True,
    help="Who is whose neighbour: four of a torus, eight of it (moore), two of a ring, some at random, or all.",
)
@click.option("--every", metavar="N", type=click.IntRange(1), default=200, show_default=True, help="Rounds of a leg.")
@click.option("--legs", metavar="N", type=click.IntRange(1), default=10, show_default=True, help="Legs of each cell.")
@click.option(
    "--staleness",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Legs that a neighbour may be behind; with 0 the grid is the same every time.",
)
@click.option(
    "--lr-mutation",
    metavar="S",
    type=click.FloatRange(0, 2),
    default=0.0,
    show_default=True,
    help="How much learning rates change at an exchange: deviation of their logarithm.",
)
@click.option(
    "--workers", metavar="N", type=click.IntRange(1, 1024), help="Processes that play legs.  [default: one a processor]"
)
@click.option(
    "--mixture",
    metavar="N",
    type=click.IntRange(0, 50_000),
    default=0,
    show_default=True,
    help="In the end, evolve a mixture of artists by N works of each.",
)
@click.option("--seed", metavar="N", type=int, default=0, show_default=True, help="Seed of everything random.")
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="SECTION.OPTION=VALUE",
    help="An option that all cells have.",
    shell_complete=option_names,
)
@click.option("--name", metavar="NAME", default="grid", show_default=True, help="The grid's folder, among the runs.")
@RUNS_DIR
@JSON
def grid(
    recipe: str | None,
    artists: tuple[str, ...],
    critic: str | None,
    data: str | None,
    data_dir: str | None,
    cells: str,
    topology: Any,
    every: int,
    legs: int,
    staleness: int,
    lr_mutation: float,
    workers: int | None,
    mixture: int,
    seed: int,
    options: tuple[str, ...],
    name: str,
    runs_dir: Path,
    as_json: bool,
) -> None:
    """Play pairs in space, each a run of its own, that take over from their neighbours what is fitter.

    Between two legs, the critics of a neighbourhood judge the works of all its artists. A cell takes the fittest
    critic, and the fittest artist of its own kind, or immigrants from its population. Stopped with Ctrl-C, or killed,
    the same command goes on; more --legs play longer. The cells are runs: `coevo show cell-0 --runs-dir
    runs/grid/cells`.
    """
    from coevo.cli.progress import shown_progress
    from coevo.grid.check import check_cells
    from coevo.grid.driver import play
    from coevo.grid.grid import Grid
    from coevo.grid.picture import draw_grid, last_taken
    from coevo.images.png import save_png
    from coevo.native.threads import processors
    from coevo.storage.run_folder import check_name

    if not (recipe or artists):
        raise ConfigError("Say what the cells play: a recipe (coevo grid lipizzaner), or --artist A --critic C.")
    check_name(name)
    where = {key: value for key, value in (("name", data), ("dir", data_dir)) if value is not None}
    asked = Grid(
        runs_dir / name, recipe, artists, critic, where, options, shape_of(cells), topology, every, legs, staleness,
        lr_mutation, seed,
    )  # fmt: skip
    check_cells(asked)
    asked.keep()
    with shown_progress() as progress:
        play(asked, workers or processors(), progress)
    rows = [
        {"cell": cell, "artist": asked.config(cell).artist_class.name, "legs": asked.done(cell), **took}
        for cell in asked.cells
        for took in [named_taken(last_taken(asked, cell))]
    ]
    picture = asked.folder / "grid.png"
    save_png(picture, draw_grid(asked), {"grid": name})
    found: dict[str, Any] = {"cells": rows, "picture": str(picture)}
    if mixture:
        from coevo.grid.ensemble import best_mixture

        with shown_progress() as progress:
            found["mixture"] = best_mixture(asked, mixture, progress)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table(rows, right=["cell", "legs", "artist fitness", "critic fitness"])
    for line in said_of(found.get("mixture", {})):
        click.echo(line)
    click.echo(f"Works of all cells, and what they took at the last exchange: {picture}", err=not sys.stdout.isatty())


def named_taken(taken: dict[str, Any]) -> dict[str, Any]:
    """What a cell took at its last exchange, as columns."""
    if not taken:
        return {"artist fitness": "", "critic fitness": "", "artist from": "", "critic from": ""}
    return {
        "artist fitness": round(taken["artist_fitness"], 3),
        "critic fitness": round(taken["critic_fitness"], 3),
        "artist from": f"cell-{taken['artist']}",
        "critic from": f"cell-{taken['critic']}",
    }


def said_of(mixture: dict[str, Any]) -> list[str]:
    """A mixture in sentences."""
    if not mixture:
        return []
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in mixture["weights"].items())
    return [
        f"The best mixture, around cell {mixture['cell']}: {weights}; Fréchet distance {mixture['distance']:.3f} from "
        f"real works (that of the best cell alone {mixture['best_cell']:.3f}, of real works {mixture['real']:.3f}, by "
        f"{mixture['evaluator']})."
    ]
