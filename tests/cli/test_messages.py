"""What is said while a command starts, and Ctrl-C in the meantime."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from conftest import CommandLine

from coevo.cli.messages import loading, say, saying
from coevo.cli.playing import resuming
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder

SLOW = """
import time
from coevo.cli.messages import loading
with loading("torch"):
    print("it loads", flush=True)
    while True:
        try:
            time.sleep(30)
        except BaseException:  # as an import that catches all there is
            pass
"""


def test_ctrl_c_in_an_import_ends_the_process_whatever_the_import_catches() -> None:
    process = subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "it loads\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and said == "\ncoevo: Stopped before anything was made.\n"


def test_when_it_is_loaded_ctrl_c_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with loading("torch"):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_what_takes_a_moment_is_shown_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with saying("Reading the data …"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with saying("Reading the data …"):
        pass
    assert capsys.readouterr().err == "Reading the data …\r\x1b[K"


def test_sentences_are_on_stderr_and_empty_ones_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    say("One.", "", "Two.")
    assert capsys.readouterr() == ("", "coevo: One.\ncoevo: Two.\n")


def test_what_goes_on_with_a_run_says_how_long_it_was_to_play(played: CommandLine) -> None:
    store = RunFolder.open("small", played.runs)
    advised = [
        resuming(Run.resume(store, lock=False, **changes))
        for changes in ({}, {"rounds": 2000000, "minutes": None}, {"rounds": None, "minutes": 30.0})
    ]
    start = f"coevo resume small --runs-dir {played.runs}"
    assert advised == [start, f"{start} --rounds 2000000", f"{start} --minutes 30"]
