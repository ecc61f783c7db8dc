"""`coevo compare`: several runs side by side, as a table of figures and as one picture of curves and sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from coevo.contract.players import Options
from coevo.errors import ConfigError
from coevo.evaluation.progress import SILENT, Progress
from coevo.evaluation.table import report_rows
from coevo.images.plots import INK, PAPER, colour_of, line_chart
from coevo.images.png import png_bytes
from coevo.runs.config import Config
from coevo.runs.opening import read_config
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import RunFolder
from coevo.tools.evaluate import evaluate_works
from coevo.tools.logs import log_of
from coevo.tools.output import write_output

WIDTH, GAP = 1500, 20  # px of the picture
CHARTS_IN_ROW, CHART_HEIGHT = 3, 240
SHEETS_IN_ROW, HEAD = 4, 34
RECENT = 0.1  # of a log, from its end, that a figure is the mean of

Table = list[dict[str, str]]


def compare_rows(runs: Sequence[RunFolder], n: int | None = None, seed: int = 0, progress: Progress = SILENT) -> Table:
    """Options that differ, figures of the logs, and figures of quality, as rows with a column for each run.

    Figures of the logs are means over the last tenth of the rows.

    Args:
        runs: at least two.
        n: the number of works to evaluate; None: no evaluation.
        seed: of these works.
        progress: sees the evaluations.

    Returns:
        Rows {"option or metric": …, name of a run: …}, of which one that a run does not have is "".
    """
    check(runs)
    rows = option_rows(runs)
    figures = [recent(run) for run in runs]
    for name in dict.fromkeys(name for one in figures for name in one):
        rows.append(row(name, runs, [f"{one[name]:.4g}" if name in one else "" for one in figures]))
    return rows if n is None else [*rows, *quality_rows(runs, n, seed, progress)]


def option_rows(runs: Sequence[RunFolder]) -> Table:
    """Options that a run has chosen otherwise than another."""
    every = [options(read_config(run)) for run in runs]
    columns = [found for found, _ in every]
    names = [name for name in dict.fromkeys(n for found in columns for n in found) if any(name in c for _, c in every)]
    differing = [name for name in names if len({found.get(name, "") for found in columns}) > 1]
    return [row(name, runs, [found.get(name, "") for found in columns]) for name in differing]


def quality_rows(runs: Sequence[RunFolder], n: int, seed: int, progress: Progress = SILENT) -> Table:
    """Figures of quality of n works of each run."""
    reports = []
    for run in runs:
        report = evaluate_works(run.name, run.folder.parent, n, seed, None, None, progress=progress)
        reports.append({one.figure: one for one in report_rows(report)})
    names = dict.fromkeys(name for report in reports for name in report)
    return [row(name, runs, [report[name].made if name in report else "" for report in reports]) for name in names]


def write_comparison(runs: Sequence[RunFolder], output: Path) -> None:
    """Write a picture (.png): the newest sheet of each run under its name, and a chart of each metric of the logs."""
    check(runs)
    parts = [*sheet_rows(runs), *chart_rows(runs)]
    picture = Image.new("RGB", (WIDTH, sum(part.height + GAP for part in parts) + GAP), PAPER)
    top = GAP
    for part in parts:
        picture.paste(part, (0, top))
        top += part.height + GAP
    write_output(output, png_bytes(picture, {"runs": [run.name for run in runs]}))


def check(runs: Sequence[RunFolder]) -> None:
    """Raise ConfigError if there are not at least two different runs."""
    if len({run.folder.resolve() for run in runs}) < max(2, len(runs)):
        raise ConfigError("There are no two different runs to compare; `coevo runs` lists them.")


def row(name: str, runs: Sequence[RunFolder], values: Iterable[str]) -> dict[str, str]:
    """A row of the table."""
    return {"option or metric": name, **{run.name: value for run, value in zip(runs, values, strict=True)}}


def options(config: Config) -> tuple[dict[str, str], set[str]]:
    """The options of a run by name, such as `critic.width`, and the names of those that are not the defaults."""
    found, chosen = dict[str, str](), {"artist.name", "critic.name"}
    found |= {"artist.name": config.artist_class.name, "critic.name": config.critic_class.name}
    sections: dict[str, Options] = {
        "artist": config.artist, "critic": config.critic, "data": config.data, "run": config.run,
        "phases.critic": config.critic_phase, "phases.artist": config.artist_phase,
        "latent_population": config.latent_population, "frozen": config.frozen,
    }  # fmt: skip
    for section, values in sections.items():
        found |= {f"{section}.{name}": str(value) for name, value in values.model_dump(exclude_none=True).items()}
        chosen |= {f"{section}.{name}" for name in values.model_dump(exclude_defaults=True)}
    return found, chosen


def recent(run: RunFolder) -> dict[str, float]:
    """Rounds, minutes and the means of all metrics over the last tenth of the log."""
    log, timing = log_of(run), read_log(run.folder / "timing.jsonl", "round", "seconds")
    played = timing[-1] if timing else {"round": 0, "seconds": 0}
    figures = {"rounds": played["round"], "minutes": round(played["seconds"] / 60, 1)}
    last = log[-max(1, round(len(log) * RECENT)) :]
    for name in dict.fromkeys(name for row in last for name in row if name != "round"):
        values = [row[name] for row in last if name in row]
        figures[name] = sum(values) / len(values)
    return figures


def sheet_rows(runs: Sequence[RunFolder]) -> Iterable[Image.Image]:
    """The runs' names in their colours, which are the charts' legend, and their newest sheets."""
    in_row = min(len(runs), SHEETS_IN_ROW)
    side = (WIDTH - GAP) // max(in_row, CHARTS_IN_ROW) - GAP
    for start in range(0, len(runs), in_row):
        some = runs[start : start + in_row]
        sheets = [newest_sheet(run, side) for run in some]
        part = Image.new("RGB", (WIDTH, HEAD + max(sheet.height for sheet in sheets)), PAPER)
        pen = ImageDraw.Draw(part)
        for place, (run, sheet) in enumerate(zip(some, sheets, strict=True)):
            left = GAP + place * (side + GAP)
            pen.rectangle((left, 8, left + 22, 20), colour_of(start + place))
            pen.text((left + 32, 14), shortened(run.name, side - 32), INK, ImageFont.load_default(16), "lm")
            part.paste(sheet, (left, HEAD))
        yield part


def newest_sheet(run: RunFolder, side: int) -> Image.Image:
    """The newest contact sheet of a run in a square of `side` px; one px high if there is none."""
    paths = sorted(run.sheets.glob("*.png"))
    if not paths:
        return Image.new("RGB", (side, 1), PAPER)
    with Image.open(paths[-1]) as sheet:
        picture = sheet.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture


def shortened(name: str, width: int) -> str:
    """A name that fits into a width in px."""
    font = ImageFont.load_default(16)
    while len(name) > 1 and font.getlength(name) > width:
        name = f"{name.removesuffix('…')[:-1]}…"
    return name


def chart_rows(runs: Sequence[RunFolder]) -> Iterable[Image.Image]:
    """A chart of each metric that is not the same throughout; those that most runs have come first."""
    logs = [log_of(run) for run in runs]
    curves: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for number, log in enumerate(logs):
        for entry in log:
            for name, value in entry.items():
                if name != "round" and isfinite(value):
                    curves.setdefault(name, {}).setdefault(number, []).append((entry["round"], value))
    rounds = [entry["round"] for log in logs for entry in log]
    varying = [name for name in curves if len({y for curve in curves[name].values() for _, y in curve}) > 1]
    names = sorted(varying, key=lambda name: -len(curves[name]))
    width = (WIDTH - GAP) // CHARTS_IN_ROW
    for start in range(0, len(names), CHARTS_IN_ROW):
        part = Image.new("RGB", (WIDTH, CHART_HEIGHT), PAPER)
        for place, name in enumerate(names[start : start + CHARTS_IN_ROW]):
            chart = line_chart(name, curves[name], (width, CHART_HEIGHT), (min(rounds), max(rounds)))
            part.paste(chart, (place * width, 0))
        yield part
