"""Commands that look: at runs, at what their artists make, and at how good it is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from coevo.cli.common import JSON, RUN, RUNS_DIR, SEED, figure, open_store, picture, table
from coevo.plugin.registry import registry


@click.command()
@RUNS_DIR
@JSON
def runs(runs_dir: Path, as_json: bool) -> None:
    """List the runs."""
    from coevo.runs.config import read_toml
    from coevo.storage.jsonl import read_log
    from coevo.storage.run_folder import RunFolder

    rows = []
    for store in RunFolder.all(runs_dir):
        config = read_toml(store.folder / "config.toml")
        log = read_log(store.folder / "timing.jsonl")
        last = log[-1] if log else {"round": 0, "seconds": 0}
        rows.append(
            {
                "run": store.name,
                "artist": config["artist"]["name"],
                "critic": config["critic"]["name"],
                "data": config["data"]["name"],
                "rounds": last["round"],
                "minutes": round(last["seconds"] / 60, 1),
                "playing": store.locked,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo(f"There are no runs in {runs_dir} yet; `coevo run dcgan` makes one.")
    else:
        table(rows)


@click.command()
@JSON
def recipes(as_json: bool) -> None:
    """List the recipes: systems of the history that run with one command."""
    from coevo.runs.config import read_recipe

    rows = []
    for name in registry().offers("recipe"):
        tree = read_recipe(name, registry())
        about = tree.get("recipe", {})
        rows.append(
            {
                "year": about.get("year", ""),
                "recipe": name,
                "title": about.get("title", ""),
                "by": about.get("authors", ""),
                "artist": tree["artist"]["name"],
                "critic": tree["critic"]["name"],
            }
        )
    rows.sort(key=lambda row: str(row["year"]))
    click.echo(json.dumps(rows, indent=2)) if as_json else table(rows)


@click.command()
@RUN
@RUNS_DIR
@click.option("--plain", is_flag=True, help="No pictures and no colours: figures only.")
def show(run: str, runs_dir: Path, plain: bool) -> None:
    """Show a RUN in the terminal: its newest sheet and the curves of its log."""
    from coevo.cli.display import show_run

    show_run(open_store(run, runs_dir), plain)


@click.command()
@RUN
@click.option("-n", "n", type=click.IntRange(1, 1_000_000), default=64, show_default=True, help="How many works.")
@SEED
@click.option("--label", metavar="CLASS", help="Works of this class only, of an artist that is told classes.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="x.png, x.npy or a FOLDER/.")
@RUNS_DIR
def sample(run: str, n: int, seed: int, label: str | None, output: Path, runs_dir: Path) -> None:
    """Make N works of a RUN's artist: a sheet (.png), an array (.npy, uint8 [N, H, W, C]), a folder."""
    from coevo.tools.export import write_samples

    write_samples(open_store(run, runs_dir), n, seed, output, label)
    click.echo(f"{n} works in {output}")


@click.command()
@click.argument("run", metavar="RUN|FOLDER", default="latest")
@click.option("-n", "n", type=click.IntRange(10, 100_000), default=1000, show_default=True, help="How many works.")
@SEED
@click.option("--data", help="Real works to compare a FOLDER with.  [default: digits; a run's own]")
@click.option("--data-dir", help="Where the dataset's files are.")
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Draw works beside their nearest real one, as x.png."
)
@click.option("--draws", type=click.IntRange(1), default=200, show_default=True, help="For a VAE's likelihood.")
@click.option("--parzen", is_flag=True, help="The log-likelihood by a Parzen window too.")
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
    """Judge the works of a RUN, or of any FOLDER of pictures, beside real ones that were held out.

    Distances are taken in the features of a small classifier, trained once on the real works' labels and kept; its
    name, with every figure, says what it compares with. Nearest real neighbours show whether works are copied. Of an
    artist that encodes, its codes are judged too: what comes back, what they say of classes, how near to the prior.
    """
    from coevo.tools.export import evaluate_works

    sheet = picture(output) if output else None
    report = evaluate_works(run, runs_dir, n, seed, data, data_dir, sheet, draws, parzen)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        table([{"figure": key, "value": figure(value)} for key, value in report.items()])
