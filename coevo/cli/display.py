"""Displays: what a terminal shows of a run while it plays, and of a run that was played."""

from __future__ import annotations

import json
import math
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from shutil import get_terminal_size
from types import TracebackType
from typing import Self

import click
from PIL import Image
from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.segment import Segment, Segments
from rich.style import Style
from rich.table import Table
from rich.text import Text

from coevo.cli.figures import GAP, LogTable, figures, number
from coevo.cli.tables import counted
from coevo.images.sheets import contact_sheet
from coevo.loop import Turn
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder
from coevo.studio import processes
from coevo.tools.logs import log_of, played, unsaved, warnings_of

STRIP = 8  # works in the strip
STRIP_SECONDS = 2.0
STEPS, GENERATIONS = 100, 10  # of an artist: with fewer a run says that they are few
MARKERS = {"braille": "⠒⠒", "dot": "••", "x": "xx", "o": "oo"}  # of curves, and how a legend shows them


class Display(ABC):
    """Sees every turn. It never looks into the tensors of a turn: figures come from the rows of the log."""

    def __init__(self, run: Run):
        self.run = run
        self.first_round = run.round
        self.begun = time.perf_counter()
        self.before = run.seconds
        self.works = 0
        self.phases = run.setup.phases
        self._shown = run.latest
        self._warned = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(  # noqa: B027 - most have nothing to clear away
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def see(self, turn: Turn) -> None:
        if turn.role == "artist":
            self.works += len(turn.works) * processes.count()
        self.see_aside()
        if self.run.latest and self.run.latest is not self._shown:
            self._shown = self.run.latest
            for warning in self.run.warnings:
                self.warn(f"round {self._shown['round']:.0f}: {warning}")
            self.row(self._shown)

    def see_aside(self) -> None:
        """Say what is new and no part of the game: of the speed, and of trackers that failed."""
        new = self.run.clock.warnings[self._warned :]
        self._warned += len(new)
        for warning in new:
            self.warn(warning)

    @abstractmethod
    def row(self, row: dict[str, float]) -> None:
        """A new row of the log."""

    def warn(self, warning: str) -> None:
        """A problem of the game, or of its speed."""
        click.echo(warning)

    @abstractmethod
    def end(self, stopped: bool) -> None:
        """The run has ended, or was stopped."""

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.begun

    @property
    def rounds_per_second(self) -> float:
        return (self.run.round - self.first_round) / max(self.seconds, 1e-9)

    @property
    def title(self) -> str:
        """The run, its pair and its data."""
        run = self.run
        data = f" on {Path(run.config.data.name).name}" if run.setup.uses_reals else ""
        return f"{run.store.name}: {run.artist.name} × {run.critic.name}{data}"

    def step(self, turn: Turn) -> str:
        """How far a round of several steps is: artist, step 12 of at most 40; empty if each side takes one."""
        phase = self.phases[turn.at.phase]
        if max(one.steps for one in self.phases) == 1:
            return ""
        most = "at most " if phase.goal is not None else ""
        return f"{turn.role}, step {turn.at.step + 1:,} of {most}{phase.steps:,}"

    @property
    def images_per_second(self) -> float:
        return self.works / max(self.seconds, 1e-9)

    @property
    def done(self) -> float | None:
        """The share of the run that has been played, in [0, 1]; None for a run without end."""
        options = self.run.config.run
        shares = []
        if options.rounds:
            shares.append(self.run.round / options.rounds)
        if options.minutes:
            shares.append((self.before + self.seconds) / (options.minutes * 60))
        return min(1.0, max(shares)) if shares else None

    @property
    def seconds_left(self) -> float | None:
        options = self.run.config.run
        left = []
        if options.rounds and self.rounds_per_second:
            left.append((options.rounds - self.run.round) / self.rounds_per_second)
        if options.minutes:
            left.append(options.minutes * 60 - self.before - self.seconds)
        return max(0.0, min(left)) if left else None

    def ending(self) -> list[str]:
        """The last lines: the speed, whether it was long enough, the newest sheet, and the command that shows it."""
        took = f"{counted(self.run.round - self.first_round, 'round')} in {clock(self.seconds)}"
        speed = f"{number(self.rounds_per_second)} rounds/s, {number(self.images_per_second)} images/s"
        lines = [f"Run {self.run.store.name}: {took} ({speed})."]
        if few := self.few:
            lines.append(few)
        if self.run.sheet:
            lines += [
                f"The newest sheet is {self.run.sheet}",
                f"Show it here with: {self.run.store.command('coevo show')}",
            ]
        return lines

    @property
    def few(self) -> str:
        """The sentence for a run that is too short to have learned anything; empty if it is long enough, or if another
        run taught its players."""
        run, population = self.run, self.run.artist.spec().population
        need = GENERATIONS if population else STEPS
        if run.config.run.start or run.round * run.config.artist_phase.steps >= need:
            return ""
        learner = "a population needs tens of generations" if population else "networks need hundreds of rounds"
        minutes = math.ceil(run.seconds / 60) + 5
        again = f"{run.store.command('coevo resume')} --minutes {minutes}"
        played = f"{counted(run.round, 'round')} in all {'is' if run.round == 1 else 'are'} few"
        return f"{played}: {learner}. Go on with: {again}"


class JsonDisplay(Display):
    """One JSON object per line, for programs."""

    def row(self, row: dict[str, float]) -> None:
        click.echo(json.dumps({**row, "images_per_second": round(self.images_per_second, 1)}))

    def warn(self, warning: str) -> None:
        at, _, said = warning.removeprefix("round ").partition(": ")
        click.echo(json.dumps({"round": int(at), "warning": said}))

    def end(self, stopped: bool) -> None:
        sheet = str(self.run.sheet) if self.run.sheet else None
        last = {"run": self.run.store.name, "round": self.run.round, "sheet": sheet, "stopped": stopped}
        click.echo(json.dumps(last))


class PlainDisplay(Display):
    """A line of a table every few seconds, where there is no terminal."""

    EVERY, PATIENCE = 5.0, 15.0  # seconds between two lines, and before one within a round

    def __init__(self, run: Run):
        super().__init__(run)
        self._table = LogTable(get_terminal_size().columns, {"round": 7, "left": 7, "rounds/s": 8})
        self._said, self._round = float("-inf"), run.round

    def __enter__(self) -> Self:
        click.echo(self.title)
        return self

    def see(self, turn: Turn) -> None:
        super().see(turn)
        if self.seconds - max(self._said, 0.0) > self.PATIENCE:
            click.echo(f"{self._table.begin(self._lead())}  {self.step(turn)}".rstrip())

    def row(self, row: dict[str, float]) -> None:
        if self.seconds - self._said >= self.EVERY:
            for line in self._table.lines(self._lead(), row):
                click.echo(line)

    def _lead(self) -> list[str]:
        """The round, the time that is left, and the speed since the last line."""
        since = self.seconds - max(self._said, 0.0)
        speed = (self.run.round - self._round) / max(since, 1e-9)
        self._said, self._round = self.seconds, self.run.round
        left = "" if self.seconds_left is None else clock(self.seconds_left)
        return [f"{self.run.round:,}", left, number(speed)]

    def end(self, stopped: bool) -> None:
        for line in self.ending():
            click.echo(line)


class LiveDisplay(Display):
    """A panel that stays in its place: progress, speed, figures, and a strip of the artist's newest works."""

    def __init__(self, run: Run, console: Console | None = None):
        super().__init__(run)
        self.console = console or Console()
        self._strip: RenderableType = Text("")
        self._painted, self._step = float("-inf"), ""
        self._live = Live(console=self.console, refresh_per_second=2, get_renderable=self.panel)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def see(self, turn: Turn) -> None:
        super().see(turn)
        self._step = self.step(turn)
        if turn.ends_round and self.seconds - self._painted > STRIP_SECONDS:
            self.paint()

    def paint(self) -> None:
        """Draw the strip again: as many works as fit into the terminal, from the same codes every time."""
        self._painted = self.seconds
        works = self.run.artist.exhibit(STRIP, self.run.config.run.seed)
        if works.images is not None:
            width = self.console.width - 4
            fits = max(1, min(STRIP, width // min(works.images.shape[-1], 20)))
            self._strip = half_blocks(contact_sheet(works.images[:fits], columns=fits, scale=1), width)

    def row(self, row: dict[str, float]) -> None:
        pass  # the panel reads the newest row itself

    def warn(self, warning: str) -> None:
        self.console.print(Text(warning, "yellow"))  # above the panel

    def panel(self) -> RenderableType:
        run = self.run
        head = Table.grid(padding=(0, 2))
        left = f"{clock(self.seconds_left)} left" if self.seconds_left is not None else "Ctrl-C ends it"
        head.add_row(
            f"[bold]round {run.round:,}[/]",
            *([self._step] if self._step else []),
            f"{number(self.rounds_per_second)} rounds/s",
            f"{number(self.images_per_second)} images/s",
            left,
        )
        # A bare bar ends no line, and the first figures would be lost behind it; a padded one does.
        bar = Padding(ProgressBar(total=1.0, completed=self.done or 0.0, pulse=self.done is None), 0)
        lines = Text("\n".join(figures(run.latest, self.console.width - 4, lines=1)))
        return Panel(Group(head, bar, lines, self._strip), title=Text(self.title), title_align="left")

    def end(self, stopped: bool) -> None:
        for line in self.ending():
            click.echo(line)


def display_for(run: Run, as_json: bool, terminal: bool) -> Display:
    """JSON lines if asked for, a live panel in a terminal, plain lines elsewhere."""
    if as_json:
        return JsonDisplay(run)
    return LiveDisplay(run) if terminal else PlainDisplay(run)


def half_blocks(picture: Image.Image, columns: int) -> RenderableType:
    """A picture as text: every character cell is two pixels, one above the other. Wide pictures are shrunk."""
    picture = picture.convert("RGB")
    if picture.width > columns:
        height = max(2, round(picture.height * columns / picture.width))
        picture = picture.resize((columns, height), Image.Resampling.LANCZOS)
    pixels = picture.load()
    assert pixels is not None
    segments = []
    for y in range(0, picture.height - 1, 2):
        for x in range(picture.width):
            top, bottom = (Color.from_rgb(*pixels[x, y + row]) for row in (0, 1))  # type: ignore[misc]
            segments.append(Segment("▀", Style(color=top, bgcolor=bottom)))
        segments.append(Segment.line())
    return Segments(segments)


def show_run(store: RunFolder, plain: bool) -> None:
    """Print a run's newest sheet as a picture, its log as curves, and its newest figures."""
    rows, warnings = log_of(store), warnings_of(store)
    sheets = sorted(store.sheets.glob("*.png"))
    rounds, seconds = played(store)
    took = f", {counted(rounds, 'round')} in {clock(seconds)}" if rounds else ""
    rest = unsaved(store, rounds)
    click.secho(f"{store.name}{took}{f', {rest}' if rest else ''}", bold=True)
    console = Console()
    if sheets and not plain:
        show_picture(sheets[-1], console)
    if rows and not plain:
        click.echo(curves(rows, min(console.width, 100)))
    for line in figures(rows[-1], console.width - 2) if rows else ():
        click.echo(f"  {line}")
    for warning in warnings[-3:]:
        click.secho(warning, fg="yellow")
    if sheets:
        click.echo(f"The newest sheet is {sheets[-1]}")
    for name in ("ancestral-opponents.png", "past.png"):  # the second in runs of format 1
        if (store.folder / name).is_file():
            click.echo(f"Every critic against the works of every generation: {store.folder / name}")


def show_picture(path: Path, console: Console | None = None) -> None:
    """Print a picture as well as the terminal can; nothing if the output is no terminal."""
    if not sys.stdout.isatty():
        return
    from textual_image.renderable import Image as TerminalImage  # late: it asks the terminal what it can

    console = console or Console()
    with Image.open(path) as picture:
        console.print(TerminalImage(picture.copy(), width=min(console.width, 80)))


def curves(rows: list[dict[str, float]], width: int) -> str:
    """Curves over the rounds, as text: losses, the critic's scores, and games against ancestral opponents.

    A metric that a row does not have is a gap in its curve.
    """
    import plotext

    rounds = [row["round"] for row in rows]
    keys = dict.fromkeys(key for row in rows for key in row if key != "round")
    plots = [[key for key in keys if mark in key] for mark in ("loss", "D(", "ancestors.")]
    drawn = []
    for some in filter(None, plots):
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.plot_size(width, 14)
        named = dict(zip(some, MARKERS, strict=False))
        for key, marker in named.items():
            plotext.plot(rounds, [row.get(key) for row in rows], marker=marker)
        plotext.xlabel("round")
        legend = GAP.join(f"{MARKERS[marker]} {key}" for key, marker in named.items())
        drawn.append(f"     {legend}\n{plotext.build()}")
    return "\n".join(drawn)


def clock(seconds: float | None) -> str:
    """Seconds as 1:05 or 2:03:04."""
    minutes, seconds = divmod(int(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
