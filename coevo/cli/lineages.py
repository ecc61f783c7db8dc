"""Commands about individuals: their family trees, their paths, and pictures that carry their genomes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coevo.cli import completion
from coevo.cli.common import FILE, JSON, OUTPUT, RUN, RUNS_DIR, open_store, picture
from coevo.cli.tables import counted, figure, table
from coevo.errors import ConfigError
from coevo.images import FILMS, NETWORKS, PICTURES, SOURCES

if TYPE_CHECKING:
    from coevo.storage.run_folder import RunFolder
from coevo.plugin.registry import registry


@click.command()
@RUN
@click.argument("id", required=False)
@OUTPUT(None, "Draw it too, as x.png.")
@RUNS_DIR
@JSON
def lineage(run: str, id: str | None, output: Path | None, runs_dir: Path, as_json: bool) -> None:
    """Show the family tree of a RUN: everyone who was picked and the newest sheet, or the ancestors of one ID.

    RUN may be a PICTURE, .png or .svg, that carries a genome; the tree then shows ancestors in the run that made it.
    """
    from rich.console import Console

    from coevo.interactive.lineage import ancestors, picked_or_current, tree
    from coevo.tools.lineage_charts import write_chart
    from coevo.tools.sessions import open_session_db

    if run.lower().endswith(PICTURES):
        run, id = origin_of(Path(run))
    store = open_store(run, runs_dir)
    db, problem = open_session_db(store)
    if problem:
        click.echo(f"coevo: {problem}", err=True)
    family = ancestors(db, id) if id else picked_or_current(db)
    marked = [id] if id else []
    if as_json:
        click.echo(json.dumps([asdict(one) for one in family.values()], indent=2))
    else:
        Console().print(tree(family, marked))
    if output:
        write_chart(store, family, marked, output)
        click.echo(f"{counted(len(family), 'individual')} in {output}", err=as_json)


def origin_of(path: Path) -> tuple[str, str]:
    """The run that made a picture, and the id of the individual in it. Raises DataError if there is none."""
    from coevo.errors import DataError
    from coevo.images.files import read_origin

    origin = read_origin(path)
    if origin.works.genomes is None:
        raise DataError(f"{path} carries a code and no genome, and a code has no ancestors.")
    one = origin.works.genomes[0]
    if not origin.run:
        parents = f"; its parents were {', '.join(one.parents)}" if one.parents else ""
        raise DataError(f"{path} was imported as {one.id!r}; no run made it{parents}.")
    return origin.run, one.id.removeprefix(f"{origin.run}/")


@click.command()
@RUN
@click.argument("id", required=False)
@OUTPUT(None, "Draw them, or ID alone, as x.png or, of lines, as x.svg.")
@click.option(
    "-n",
    "n",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=64,
    show_default=True,
    help="Number of works: the last ones.",
)
@click.option(
    "--size",
    metavar="PX",
    type=click.IntRange(16, 8192),
    default=128,
    show_default=True,
    help="Width of a picture in pixels.",
)
@RUNS_DIR
@JSON
def accepted(run: str, id: str | None, output: Path | None, n: int, size: int, runs_dir: Path, as_json: bool) -> None:
    """List the accepted works of a RUN, those that fooled its critic, if its artist evolves."""
    from coevo.tools.accepted import accepted_rows, write_accepted

    store = open_store(run, runs_dir)
    rows = accepted_rows(store, id)[-n:]
    if output:
        write_accepted(store, rows, size, picture(output, ".svg"))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        short = ("id", "round", "score", "parents")
        table(
            [{key: figure(row[key]) for key in short} for row in rows], wrap=["parents"], empty="No works accepted yet."
        )
    if output:
        click.echo(f"{counted(len(rows), 'work')} in {output}", err=as_json)


@click.command()
@RUN
@click.argument("id", required=False)
@OUTPUT(
    None,
    "x.png, of lines x.svg, of programs x.py, x.txt or x.html; x.gif, x.webp, x.apng or x.mp4; of networks x.onnx or "
    "x.pt2.",
)
@click.option(
    "--size",
    metavar="PX",
    type=click.IntRange(16, 8192),
    default=256,
    show_default=True,
    help="Width of a picture in pixels.",
)
@click.option("--alone", is_flag=True, help="The individual alone, without the path to it.")
@click.option(
    "--part",
    type=click.Choice(["generator", "encoder", "critic"]),
    default="generator",
    show_default=True,
    help="The network that x.onnx or x.pt2 has.",
)
@click.option(
    "--folder", metavar="FOLDER", type=FILE, help="Write the model, with a card, as a folder for a model hub."
)
@click.option(
    "--figures", metavar="FILE.json", type=FILE, help="Figures for the card: the output of coevo evaluate --json."
)
@click.option("--license", "licence", metavar="NAME", help="The model's licence for the card, such as mit.")
@RUNS_DIR
def export(
    run: str,
    id: str | None,
    output: Path | None,
    size: int,
    alone: bool,
    part: Any,
    folder: Path | None,
    figures: Path | None,
    licence: str | None,
    runs_dir: Path,
) -> None:
    """Export the path from the first ancestor to an ID of a RUN as a sheet or a film, or its program as source.

    A sheet is .png or .svg, a film .gif, .webp, .apng or .mp4; a program is .py, .txt or .glsl, or a page that zooms
    and shows the genome (.html).

    Without ID the whole session is exported as a script (.picks), which coevo run --picks replays. Of a run with
    networks, -o x.onnx or x.pt2 exports its generator, or another --part. --folder writes a model with its card,
    which is a run again: coevo sample FOLDER, or coevo.load(FOLDER).
    """
    if folder:
        export_model(open_store(run, runs_dir), folder, figures, licence)
        return
    if figures or licence:
        raise ConfigError("--figures and --license are for the card of --folder; say --folder FOLDER too.")
    if output and output.suffix.lower() in NETWORKS:
        export_network(run, part, output, runs_dir)
        return
    from coevo.interactive.lineage import line_of_descent
    from coevo.runs.opening import load_artist
    from coevo.tools.lineage_charts import works_of_individuals, write_path
    from coevo.tools.pages import write_page
    from coevo.tools.sessions import open_session_db, write_script

    store = open_store(run, runs_dir)
    db, problem = open_session_db(store)
    if problem:
        click.echo(f"coevo: {problem}", err=True)
    if id is None:
        output = output or Path(f"{store.name}.picks")
        if output.suffix in (*PICTURES, *SOURCES, *FILMS, ".html"):
            again, tree = store.command("coevo export"), store.command("coevo lineage")
            raise ConfigError(f"Say which ID {output} should show: {again} ID; `{tree}` lists them.")
        write_script(db, output)
        click.echo(f"The session's script is {output}; replay it with: coevo run ... --picks {output}")
        return
    line = line_of_descent(db, id)[-1:] if alone else line_of_descent(db, id)
    output = output or Path(f"{id.replace('/', '-')}.png")
    if output.suffix.lower() == ".html":
        line = line_of_descent(db, id)
        artist = load_artist(store, remember=False)
        write_page(artist, store.name, works_of_individuals(line[-1:]), line[:-1], output)
        click.echo(f"{id} as a page in {output}; open it in a browser")
        return
    write_path(store, line, size, output)
    click.echo(f"{id} alone in {output}" if alone else f"{counted(len(line), 'generation')} up to {id} in {output}")


def export_model(store: RunFolder, folder: Path, figures: Path | None, licence: str | None) -> None:
    """Write a run as a folder for a model hub."""
    from coevo.tools.model_card import read_figures, write_model

    write_model(store, folder, read_figures(figures) if figures else {}, licence)
    click.echo(f"The model is {folder}, with a card; try it with: coevo sample {folder}")


def export_network(run: str, part: Any, output: Path, runs_dir: Path) -> None:
    """Write a network of a run, and say what it takes and gives."""
    from coevo.tools.networks import write_network

    made = write_network(open_store(run, runs_dir), part, output)
    name, shape = made.output
    takes = ", ".join(f"{key} {shaped(its)}" for key, its in made.inputs.items())
    click.echo(
        f"The {part} is {output}: {takes} → {name} {shaped(shape)}, within {max(made.error, 1e-8):.0e} of the run's."
    )


def shaped(shape: tuple[int, ...]) -> str:
    """A shape of any number of works: [N, 3, 32, 32]."""
    return f"[{', '.join(['N', *map(str, shape)])}]"


@click.command()
@click.argument("file", metavar="PICTURE", type=FILE)
@click.option(
    "--size",
    metavar="PX",
    type=click.IntRange(16, 16384),
    default=1024,
    show_default=True,
    help="Width of the picture in pixels.",
)
@click.option(
    "-o",
    "output",
    metavar="FILE",
    type=FILE,
    required=True,
    help="x.png; of lines x.svg; of programs x.html, x.py, x.txt, x.glsl.",
)
@RUNS_DIR
def render(file: Path, size: int, output: Path, runs_dir: Path) -> None:
    """Render a PICTURE, .png or .svg, again at any size, from the genome or code that it carries.

    Lines, as of biomorph, can be written as .svg, which knows no size; programs, as of gp and cppn, as a page that
    zooms and shows the genome (.html), as a formula (.txt), a shader (.glsl), or Python (.py)
    that draws the picture with NumPy alone.
    """
    from coevo.images.files import read_origin
    from coevo.tools.pages import write_page
    from coevo.tools.redraw import artist_of, redraw

    origin = read_origin(file)
    if picture(output, ".svg", ".html", *SOURCES).suffix.lower() == ".html":
        write_page(artist_of(origin, runs_dir), origin.run, origin.works, (), output)
        click.echo(f"A page in {output}; open it in a browser")
        return
    redraw(origin, size, output, runs_dir)
    source = output.suffix.lower() in SOURCES
    click.echo(f"The source is {output}" if source else f"{size} × {size} in {output}")


@click.command("import")
@click.argument("kind", metavar="KIND", shell_complete=completion.names_of("importer"))
@click.argument("file", metavar="FILE", type=FILE)
@click.option("-o", "output", metavar="FILE", type=FILE, required=True, help="x.png or, of lines, x.svg.")
@click.option(
    "--size",
    metavar="PX",
    type=click.IntRange(16, 16384),
    default=256,
    show_default=True,
    help="Width of the picture in pixels.",
)
@RUNS_DIR
def import_picture(kind: str, file: Path, output: Path, size: int, runs_dir: Path) -> None:
    """Import a FILE of another system as a picture that carries its genome.

    KIND is the file's format, for example picbreeder; coevo plugins lists all under importer.
    """
    from coevo.tools.redraw import redraw

    redraw(registry().load("importer", kind)(file), size, picture(output, ".svg"), runs_dir)
    click.echo(f"{file.name} in {output}; start from it with: coevo run RECIPE --from {output}")
