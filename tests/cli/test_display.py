"""What a terminal shows while a run plays."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import SMALL, CommandLine
from PIL import Image
from rich.console import Console

from coevo.cli.display import LiveDisplay, PlainDisplay, clock, curves, half_blocks
from coevo.monitoring.pace import Pace
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder

PANEL = """\
╭─ small: dcgan × dcnn on digits ──────────────────────────────────────────────╮
│ round N  N rounds/s  N images/s  N:N left                                    │
│ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ │
│ critic accuracy N loss N D(x) N │
│ artist diversity N loss N reward N │
"""


def test_the_live_panel(played: CommandLine) -> None:
    """A snapshot, its numbers left out; below stands a strip of eight works."""
    run = Run.resume(RunFolder.open("small", played.runs), lock=False, rounds=20)
    screen = io.StringIO()
    console = Console(file=screen, width=80, height=30, force_terminal=True, color_system="truecolor")
    display = LiveDisplay(run, console)
    for turn in run.session.turns():
        display.see(turn)
        if turn.next.round == 15:
            break
    display.paint()
    with console.capture() as captured:
        console.print(display.panel())
    text = re.sub(r"\x1b\[[0-9;]*m", "", captured.get())
    quiet = re.sub(r"-?\d+(\.\d+)?", "N", text)
    squeeze = lambda some: [re.sub(r" +", " ", line.replace("╺", "━")) for line in some.splitlines()]  # noqa: E731
    assert squeeze(quiet)[:5] == squeeze(PANEL)
    strip = [line for line in text.splitlines() if "▀" in line]
    assert len(strip) >= 4 and {len(line) for line in text.splitlines()} == {80}
    run.close()


def test_the_panel_of_a_pair_without_real_works_names_no_data(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    answer = command("run", "--artist", "biomorph", "--critic", "som", "--rounds", 1, "--batch", 6, "--name", "it")
    assert answer.code == 0, answer.err
    run = Run.resume(RunFolder.open("it", tmp_path), lock=False, rounds=9)
    console = Console(file=io.StringIO(), width=60)
    console.print(LiveDisplay(run, console).panel())
    assert console.file.getvalue().startswith("╭─ it: biomorph × som ─")
    run.close()


def test_plain_lines_where_no_terminal_is(tmp_path: Path) -> None:
    answer = CommandLine(tmp_path)("run", "dcgan", *SMALL, "--rounds", 10, "--name", "plain")
    title, sides, names, figures, took, few, where, how = answer.out.splitlines()
    assert title == "plain: dcgan × dcnn on digits"
    assert sides.split() == ["critic", "artist"]
    assert names.split()[:6] == ["round", "left", "rounds/s", "accuracy", "loss", "D(x)"]
    assert re.match(r" +10 +0:00 +[\d.e+]+ +", figures) and len(names) == len(figures) <= 80
    assert re.match(r"Run plain: 10 rounds in 0:\d\d \([\d.,]+ rounds/s, [\d,.]+ images/s\)\.", took)
    assert few.startswith("10 rounds in all are few: networks need hundreds of rounds. Go on with: coevo resume plain")
    assert where.endswith("00000010.png") and how == "Show it here with: coevo show plain"
    assert "\x1b" not in answer.out


def test_a_run_that_goes_on_shows_no_row_of_before(coevo_command: CommandLine) -> None:
    coevo_command.play("it", "--rounds", 4, "-o", "run.log_every=2")
    answer = coevo_command("resume", "it", "--rounds", 8, "--json")
    rows = map(json.loads, answer.out.splitlines()[:-1])
    assert [row["round"] for row in rows if "warning" not in row] == [6, 8]


def test_a_run_that_is_long_enough_is_not_called_short(played: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.resume(RunFolder.open("small", played.runs), lock=False)
    assert "few" in "".join(PlainDisplay(run).ending())
    monkeypatch.setattr("coevo.cli.display.STEPS", 12)
    assert "few" not in "".join(PlainDisplay(run).ending())


def test_a_long_round_says_at_which_step_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainDisplay, "PATIENCE", 0.0)
    words = ("run", "dcgan", *SMALL, "--rounds", 1, "-o", "phases.critic.steps=2", "-o", "phases.artist.steps=3")
    out = CommandLine(tmp_path)(*words, "-o", "phases.artist.goal=1.0").out
    steps = re.findall(r"(?:critic|artist), step .*", out)
    assert steps[:2] == ["critic, step 1 of 2", "critic, step 2 of 2"]
    assert steps[2] == "artist, step 1 of at most 3"


def test_a_run_that_became_slow_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([None, "steps of the artist take 50 times as long as before"])
    monkeypatch.setattr(Pace, "step", lambda *_: next(said, None))
    command = CommandLine(tmp_path)
    out = command("run", "dcgan", *SMALL, "--rounds", 3, "--name", "slow").out
    assert out.count("round 1: steps of the artist take 50 times as long as before") == 1
    assert "50 times as long" in command("show", "slow").out
    assert "50 times" not in (tmp_path / "slow" / "metrics.jsonl").read_text()


def test_a_run_without_end_has_no_time_left(played: CommandLine) -> None:
    run = Run.resume(RunFolder.open("small", played.runs), lock=False, rounds=None)
    display = PlainDisplay(run)
    assert display.done is None and display.seconds_left is None
    run.close()


def test_half_blocks_are_two_pixels_a_cell() -> None:
    picture = Image.new("RGB", (2, 2), (255, 0, 0))
    picture.putpixel((0, 1), (0, 0, 255))
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=20)
    console.print(half_blocks(picture, 20))
    assert console.file.getvalue().startswith("\x1b[38;2;255;0;0;48;2;0;0;255m▀")


def test_wide_pictures_are_shrunk_to_the_terminal() -> None:
    console = Console(file=io.StringIO(), width=40)
    console.print(half_blocks(Image.new("L", (200, 100)), 40))
    assert [len(line) for line in console.file.getvalue().splitlines()] == [40] * 10


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (65, "1:05"), (7384, "2:03:04"), (None, "0:00")])
def test_the_clock(seconds: float | None, said: str) -> None:
    assert clock(seconds) == said


def test_a_run_is_shown_with_the_names_that_metrics_have_now(tmp_path: Path) -> None:
    """Its log is of format 1."""
    old = Path(__file__).parents[1] / "runs" / "format-1" / "dcgan"
    shutil.copytree(old, tmp_path / "old")
    answer = CommandLine(tmp_path)("show", "old")
    assert answer.code == 0, answer.err
    figures = answer.out[answer.out.index("\n  critic") :]
    assert "reward_std" in figures and "critic_forgets" in figures and "\n  ancestors" in figures
    assert "spread" not in answer.out and "past" not in answer.out.replace("past.png", "")


def test_one_round_is_one_round(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    assert "Run it: 1 round in " in command("run", "dcgan", *SMALL, "--rounds", 1, "--name", "it").out
    assert command("show", "it").out.startswith("it, 1 round in ")


def test_a_missing_value_is_a_gap_in_its_curve() -> None:
    rows = [{"round": n} | ({} if 4 <= n <= 16 else {"artist.loss": 5.0 + n % 2}) for n in range(1, 21)]
    drawn = curves(rows, 80)
    assert not re.search(r"^\s*[0-4]\.\d┤", drawn, re.MULTILINE)  # nothing is drawn at 0
    middle = [line[35:45] for line in drawn.splitlines()[1:13]]
    assert not re.search("[⠀-⣿]", "".join(middle))


def test_a_metric_that_the_last_row_does_not_have_is_drawn() -> None:
    assert "artist.loss" in curves([{"round": 1, "artist.loss": 1.0}, {"round": 2}], 80)


def test_the_legend_stands_above_the_curves() -> None:
    rows = [{"round": n, "critic.loss": 1.0 / n, "artist.loss": 1.0} for n in range(1, 20)]
    legend, *plot = curves(rows, 80).splitlines()
    assert legend.split() == ["⠒⠒", "critic.loss", "••", "artist.loss"]
    assert not re.search("[a-z]{3}", "".join(plot[:-1])) and "round" in plot[-1]
