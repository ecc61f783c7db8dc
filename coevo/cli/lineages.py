"""Commands that tell who came from whom."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from coevo.cli.common import JSON, RUN, RUNS_DIR, figure, open_store, picture, table
from coevo.errors import ConfigError
from coevo.plugin.registry import registry


@click.command()
@RUN
@click.argument("id", required=False)
@click.option("-o", "output", type=click.Path(path_type=Path), help="Draw it too, as x.png.")
@RUNS_DIR
@JSON
def lineage(run: str, id: str | None, output: Path | None, runs_dir: Path, as_json: bool) -> None:
    """Show who came from whom in a RUN: everyone who was picked, or the ancestors of one ID.

    RUN may be a PICTURE.png that carries its genome: its ancestors are shown, from the run that it comes from.
    """
    from rich.console import Console

    from coevo.interactive.lineage import ancestors, breeders, tree
    from coevo.tools.export import open_history, write_chart

    if run.endswith(".png"):
        run, id = whose(Path(run))
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


def whose(path: Path) -> tuple[str, str]:
    """The run that a picture comes from, and whom it shows. Raises DataError where it comes from none."""
    from coevo.errors import DataError
    from coevo.images.png import read_origin

    origin = read_origin(path)
    if origin.works.genomes is None:
        raise DataError(f"{path} shows no individual but a code, which has no ancestors.")
    one = origin.works.genomes[0]
    if not origin.run:
        parents = f"; its parents were {', '.join(one.parents)}" if one.parents else ""
        raise DataError(f"{path} was brought from elsewhere as {one.id!r}, and no run of coevo's knows it{parents}.")
    return origin.run, one.id.removeprefix(f"{origin.run}/")


@click.command()
@RUN
@click.argument("id", required=False)
@click.option("-o", "output", type=click.Path(path_type=Path), help="Draw them, or ID alone, as x.png.")
@click.option("-n", "n", type=click.IntRange(1, 10_000), default=64, show_default=True, help="How many, the last ones.")
@click.option("--size", type=click.IntRange(16, 8192), default=128, show_default=True, help="Pixels of a picture.")
@RUNS_DIR
@JSON
def accepted(run: str, id: str | None, output: Path | None, n: int, size: int, runs_dir: Path, as_json: bool) -> None:
    """List the works that fooled the critic of a RUN whose artist evolves: round, score and parents of each."""
    from coevo.tools.export import accepted_rows, write_accepted

    store = open_store(run, runs_dir)
    rows = accepted_rows(store, id)[-n:]
    if output:
        write_accepted(store, rows, size, picture(output))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        short = ("id", "round", "score", "parents")
        table([{key: figure(row[key]) for key in short} for row in rows], "Nobody was accepted yet.")
    if output:
        click.echo(f"{len(rows)} works in {output}", err=as_json)


@click.command()
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
    from coevo.interactive.lineage import path
    from coevo.tools.export import open_history, write_path, write_script

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


@click.command()
@click.argument("file", metavar="PICTURE.png", type=click.Path(path_type=Path))
@click.option("--size", type=click.IntRange(16, 16384), default=1024, show_default=True, help="Pixels of a side.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="x.png")
@RUNS_DIR
def render(file: Path, size: int, output: Path, runs_dir: Path) -> None:
    """Draw a PICTURE anew, at any size, from the genome or code that it carries."""
    from coevo.images.png import read_origin
    from coevo.tools.redraw import redraw

    redraw(read_origin(file), size, picture(output), runs_dir)
    click.echo(f"{size} × {size} in {output}")


@click.command("import")
@click.argument("kind", metavar="KIND")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="x.png")
@click.option("--size", type=click.IntRange(16, 16384), default=256, show_default=True, help="Pixels of a side.")
@RUNS_DIR
def bring(kind: str, file: Path, output: Path, size: int, runs_dir: Path) -> None:
    """Bring a work from elsewhere: FILE, as KIND has it, becomes a picture that carries its genome.

    Kinds are listed by `coevo plugins`, as picbreeder.
    """
    from coevo.tools.redraw import redraw

    redraw(registry().load("importer", kind)(file), size, picture(output), runs_dir)
    click.echo(f"{file.name} in {output}; go on from it with: coevo run RECIPE --from {output}")
