"""Commands that look: at recipes, at runs, at what their artists make, and at how good it is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import click

from coevo.cli import completion
from coevo.cli.common import FILE, JSON, OUTPUT, RUN, RUNS_DIR, SEED, SHOW, open_store, picture, written
from coevo.cli.tables import counted, paragraph, table
from coevo.errors import CoevoError, ConfigError
from coevo.images import FILMS
from coevo.plugin.registry import registry

GROUPS = {
    "history": "The history of evolutionary art",
    "gan": "Generative adversarial networks",
    "autoencoder": "Autoencoders",
    "energy": "Boltzmann machines",
    "coevolution": "Evolution against a critic that learns",
    "growth": "Neural cellular automata",
    "translation": "Pictures from pictures",
    "": "Other recipes",
}


@click.command()
@click.option("--long", is_flag=True, help="Show the authors, the pair, a description and the reference of each.")
@JSON
def recipes(long: bool, as_json: bool) -> None:
    """List the recipes: published systems that run with one command."""
    rows = recipe_rows()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    widest = max((len(row["recipe"]) for row in rows), default=0)
    for group, title in GROUPS.items():
        some = [row for row in rows if (row["group"] if row["group"] in GROUPS else "") == group]
        if not some:
            continue
        click.secho(f"\n{title}", bold=True)
        for row in some if long else ():
            show_recipe(row)
        if not long:
            short = [
                {"year": row["year"], "recipe": row["recipe"], "title": row["title"] or row["error"]} for row in some
            ]
            table(short, wrap=["title"], widths={"year": 4, "recipe": widest}, head=False, indent=2)
    click.echo("\nPlay one with: coevo run NAME" + ("" if long else "\nMore about each: coevo recipes --long"))


def recipe_rows() -> list[dict[str, Any]]:
    """All recipes, the oldest first (`recipe_row`)."""
    return sorted((recipe_row(name) for name in registry().offers("recipe")), key=lambda row: str(row["year"]))


def recipe_row(name: str) -> dict[str, Any]:
    """A recipe as JSON values; one that is broken has an error in the place of the rest."""
    from coevo.runs.config import read_recipe

    keys = ("group", "title", "year", "authors", "artist", "critic", "about", "reference", "error")
    row: dict[str, Any] = {"recipe": name, **dict.fromkeys(keys, "")}
    try:
        tree = read_recipe(name, registry())
    except CoevoError as error:
        return row | {"error": str(error)}
    about = tree.get("recipe", {})
    if isinstance(about, Mapping):  # of what others write, only texts and numbers
        known = {key: about[key] for key in keys if isinstance(about.get(key), str | int | float)}
        row |= {key: value if key == "year" else str(value) for key, value in known.items()}
    for role in ("artist", "critic"):
        player = tree.get(role)
        row[role] = str(player.get("name", "")) if isinstance(player, Mapping) else ""
        if not row[role]:
            row["error"] = f"It names no {role}."
    return row


def show_recipe(row: Mapping[str, Any]) -> None:
    """Print all that a recipe says of itself."""
    click.echo("\n  " + click.style(row["recipe"], bold=True))
    pair = f"{row['artist']} × {row['critic']}" if row["artist"] and row["critic"] else ""
    credit = ", ".join(str(part) for part in (row["authors"], row["year"]) if part)
    for line in (row["title"], credit, pair, row["about"], row["reference"], row["error"]):
        if line:
            paragraph(str(line), indent=4)


@click.command()
@RUNS_DIR
@JSON
def runs(runs_dir: Path, as_json: bool) -> None:
    """List the runs, the newest last."""
    from coevo.storage.run_folder import RunFolder

    rows = [run_row(store) for store in RunFolder.all(runs_dir)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo(f"There are no runs in {runs_dir} yet; `coevo run dcgan` makes one.")
    else:
        short = [
            {
                "run": row["run"],
                "pair": f"{row['artist']} × {row['critic']}",
                "data": Path(row["data"]).name,
                "rounds": f"{row['rounds']}, {row['unsaved']}" if row["unsaved"] else row["rounds"],
                "minutes": row["minutes"],
                "playing": row["playing"],
            }
            for row in rows
        ]
        table(short, wrap=["pair", "data"])


def run_row(store: Any) -> dict[str, Any]:
    """A run as JSON values; of one whose config is broken only what is known."""
    from coevo.runs.config import parse_toml
    from coevo.runs.opening import reads_no_data
    from coevo.tools.logs import played, unsaved

    try:
        config = parse_toml(store.read_config(), store.folder / "config.toml")
    except CoevoError:
        config = {}
    rounds, seconds = played(store)
    names = {section: config.get(section, {}).get("name", "?") for section in ("artist", "critic", "data")}
    if reads_no_data(store):
        names["data"] = ""
    stands = {"rounds": rounds, "unsaved": unsaved(store, rounds), "minutes": round(seconds / 60, 1)}
    return {"run": store.name, **names, **stands, "playing": store.locked}


@click.command()
@RUN
@RUNS_DIR
@click.option("--plain", is_flag=True, help="Print figures only: no pictures, curves or colours.")
def show(run: str, runs_dir: Path, plain: bool) -> None:
    """Show a RUN in the terminal: its newest sheet, the curves of its log and its newest figures."""
    from coevo.cli.display import show_run

    show_run(open_store(run, runs_dir), plain)


def thresholds(context: click.Context, option: click.Parameter, text: str | None) -> tuple[float, ...]:
    """The numbers of `2,1,0.5`."""
    words = text.split(",") if text else []
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        values = (math.nan,)
    if not all(0 < value <= 100 for value in values):
        raise ConfigError(
            f"--truncation is a number above 0, or several with commas between, such as 2,1,0.5; got {text!r}."
        )
    return values


@click.command()
@RUN
@click.option(
    "-n", "n", metavar="N", type=click.IntRange(1, 1_000_000), default=64, show_default=True, help="Number of works."
)
@SEED
@click.option("--label", metavar="CLASS", help="Sample this class; for conditional artists.")
@click.option(
    "--truncation",
    metavar="T[,T...]",
    callback=thresholds,
    help="Draw codes within ±T, such as 0.5: more typical works, and fewer kinds. Several values are rows of a sheet.",
)
@click.option(
    "-o", "output", metavar="FILE", type=FILE, required=True, help="x.png, of lines x.svg, x.npy or a FOLDER/."
)
@RUNS_DIR
def sample(
    run: str, n: int, seed: int, label: str | None, truncation: tuple[float, ...], output: Path, runs_dir: Path
) -> None:
    """Sample works of a RUN's artist as a sheet (.png or .svg), an array (.npy) or a folder of pictures.

    The array is uint8 [N, H, W, C]. Every picture of a folder carries its code or genome.
    """
    from coevo.tools.samples import write_samples

    different = write_samples(open_store(run, runs_dir), n, seed, output, label, truncation)
    n = different if len(truncation) > 1 else n
    repeats = f"; the population has {counted(different, 'individual')}, which repeat" if different < n else ""
    click.echo(f"{counted(n, 'work')} in {output}{repeats}")


@click.command()
@click.argument("run", shell_complete=completion.runs)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("-o", "output", metavar="FOLDER", type=FILE, required=True, help="The folder to write PNGs into.")
@click.option("--all-styles", is_flag=True, help="Write each file in eight styles of the seed.")
@click.option("--style", metavar="PICTURE", type=FILE, help="A picture, in whose style all of them are.")
@click.option("--backwards", is_flag=True, help="Translate works of the second domain into the first.")
@SEED
@RUNS_DIR
def translate(
    run: str,
    files: tuple[Path, ...],
    output: Path,
    all_styles: bool,
    style: Path | None,
    backwards: bool,
    seed: int,
    runs_dir: Path,
) -> None:
    """Translate pictures or label maps in FILES, or in folders, by the artist of a RUN that learnt to, such as pix2pix.

    All options come from the run. A label map has the numbers of its regions as grey or palette values, or the colours
    of the run's sheets.
    """
    from coevo.tools.translate import write_translations

    made = write_translations(open_store(run, runs_dir), files, output, seed, all_styles, style, backwards)
    click.echo(f"{counted(len(made), 'picture')} in {output}")


@click.command()
@RUN
@click.option(
    "-n", "n", metavar="N", type=click.IntRange(1, 100), default=9, show_default=True, help="Number of works."
)
@click.option(
    "--steps", metavar="N", type=click.IntRange(2, 10_000), default=200, show_default=True, help="Steps that they grow."
)
@click.option(
    "--damage",
    type=click.Choice(["none", "left", "right", "top", "bottom", "middle"]),
    default="none",
    show_default=True,
    help="The half, or the middle, that is erased after half of the steps.",
)
@SEED
@OUTPUT("growth.gif")
@SHOW
@RUNS_DIR
def grow(run: str, n: int, steps: int, damage: str, seed: int, output: Path, show: bool, runs_dir: Path) -> None:
    """Film how works of a RUN's artist grow, and how they heal.

    It is a film (.gif, .webp, .apng or .mp4) or a sheet (.png), where each row is a work.
    """
    from coevo.tools.growth import write_growth

    write_growth(open_store(run, runs_dir), n, steps, damage, seed, picture(output, *FILMS))
    written(f"{counted(n, 'work')}, {steps} steps of growth, in {output}", output, show)


@click.command()
@RUN
@click.option(
    "--width", metavar="PX", type=click.IntRange(64, 4096), default=480, show_default=True, help="Width of the film."
)
@OUTPUT("film.gif")
@RUNS_DIR
def film(run: str, width: int, output: Path, runs_dir: Path) -> None:
    """Film a RUN: its contact sheets, one after another (.gif, .webp, .apng or .mp4).

    `-o run.sheet_every=5` of a run makes more of them.
    """
    from coevo.storage.atomic import check_folder
    from coevo.tools.film import write_film

    if output.suffix.lower() not in FILMS:
        raise ConfigError(f"-o {output} should end with {' or '.join(FILMS)}.")
    check_folder(output)
    frames = write_film(open_store(run, runs_dir), width, output)
    click.echo(f"{counted(frames, 'sheet')} of the run in {output}")


@click.command()
@click.argument("run", metavar="RUN|FOLDER", default="latest", shell_complete=completion.runs)
@click.option(
    "-n", "n", metavar="N", type=click.IntRange(10, 100_000), default=1000, show_default=True, help="Number of works."
)
@SEED
@click.option(
    "--data",
    metavar="DATA",
    help="The dataset to compare with.  [default: the run's own; for a FOLDER digits]",
    shell_complete=completion.names_of("dataset"),
)
@click.option("--data-dir", metavar="FOLDER", help="The folder of the dataset's files.")
@OUTPUT(None, "Draw works beside their nearest real ones, as x.png.")
@click.option(
    "--draws", metavar="N", type=click.IntRange(1), default=200, show_default=True, help="Samples for each likelihood."
)
@click.option("--parzen", is_flag=True, help="Estimate the log-likelihood with a Parzen window too.")
@RUNS_DIR
@JSON
def evaluate(
    run: str,
    n: int,
    seed: int,
    data: str | None,
    data_dir: str | None,
    output: Path | None,
    draws: int,
    parzen: bool,
    runs_dir: Path,
    as_json: bool,
) -> None:
    """Evaluate the works of a RUN, or of a FOLDER of pictures, beside held-out real works.

    FID, KID, precision and recall use the features of a small network that is trained once on the real works, and
    how far it can be trusted is said. Nearest real neighbours show whether works are copies. If the artist has an
    encoder: also reconstruction error, class error and distance from the prior. It takes a minute or two; where one
    was stopped, a second call keeps a trained evaluator and features that were finished.
    """
    from coevo.cli.progress import shown_progress
    from coevo.tools.evaluate import evaluate_works

    sheet = picture(output) if output else None
    with shown_progress() as progress:
        report = evaluate_works(run, runs_dir, n, seed, data, data_dir, sheet, draws, parzen, progress)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    from coevo.evaluation.table import report_heading, report_rows

    for line in report_heading(report):
        paragraph(line)
    click.echo()
    table([row._asdict() for row in report_rows(report)], wrap=["meaning"], right=["made", "real"])
    if sheet:
        click.echo(f"Works beside their nearest real ones in {sheet}")


@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, shell_complete=completion.runs)
@click.option("-n", "n", metavar="N", type=click.IntRange(10, 100_000), help="Evaluate this many works of each too.")
@SEED
@OUTPUT(None, "Draw their sheets and curves side by side, as x.png.")
@RUNS_DIR
@JSON
def compare(
    runs: tuple[str, ...], n: int | None, seed: int, output: Path | None, runs_dir: Path, as_json: bool
) -> None:
    """Compare several RUNs: their options and figures as a table, their sheets and curves as a picture.

    The table has the options in which they differ, and the means of all figures over the last tenth of the log.
    """
    from coevo.cli.progress import shown_progress
    from coevo.tools.compare import compare_rows, write_comparison

    stores = [open_store(run, runs_dir) for run in runs]
    if output:
        picture(output)
    with shown_progress() as progress:
        rows = compare_rows(stores, n, seed, progress)
    if output:
        write_comparison(stores, output)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        side_by_side(rows)
    if output:
        click.echo(f"{len(stores)} runs side by side in {output}", err=as_json)


def side_by_side(rows: Sequence[Mapping[str, str]]) -> None:
    """Print a table with a column for each run: as many runs in a row as the terminal has room for."""
    first, *names = rows[0]
    room = get_terminal_size().columns - max(len(row[first]) for row in rows)
    some: list[str] = []
    for name in names:
        widths = [max(len(key), *(min(len(row[key]), 16) for row in rows)) + 2 for key in (*some, name)]
        if some and sum(widths) > room:
            _table_of(rows, first, some)
            some = []
        some.append(name)
    _table_of(rows, first, some)


def _table_of(rows: Sequence[Mapping[str, str]], first: str, names: Sequence[str]) -> None:
    table([{first: row[first], **{name: row[name] for name in names}} for row in rows], wrap=names, right=names)
    click.echo()
