"""A run survives: killed at any moment and resumed, it ends in the very bytes it would have ended in."""

from __future__ import annotations

import gc
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from conftest import SMALL, CommandLine

import coevo
from coevo.errors import ConfigError, StoreError
from coevo.runs.run import Run
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import RunFolder
from coevo.testing import RandomArtist, TargetCritic

ROUNDS = 300
PACE = ("-o", "run.save_every=7", "-o", "run.log_every=5", "-o", "run.sheet_every=50", "--rounds", str(ROUNDS))


def spawn(runs: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "coevo", *words, "--runs-dir", str(runs)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def ending(run: Path) -> dict[str, str]:
    """Digests of all that must not depend on what happened on the way."""
    checkpoints = run / "checkpoints"
    last = (checkpoints / "latest").read_text()
    files = [checkpoints / f"{last}.json", checkpoints / f"{last}.safetensors", run / "metrics.jsonl"]
    files += sorted((run / "sheets").glob("*.png"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Within the block torch computes by that many threads where nobody says otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_killed_at_ten_random_moments_and_resumed_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    uninterrupted = tmp_path / "uninterrupted"
    spawn(uninterrupted, "run", "dcgan", "--name", "it", *SMALL, *PACE).communicate(timeout=120)
    rng, runs = random.Random(20261121), tmp_path / "killed"
    process = spawn(runs, "run", "dcgan", "--name", "it", *SMALL, *PACE)
    log = runs / "it" / "timing.jsonl"
    for _ in range(10):
        before = log.stat().st_size if log.exists() else 0
        while process.poll() is None and not (log.exists() and log.stat().st_size > before):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))  # it plays: some rounds more, or a checkpoint half written
        process.kill()
        process.communicate()
        process = spawn(runs, "resume", "it", "--rounds", str(ROUNDS))
    said, _ = process.communicate(timeout=120)
    assert process.returncode in (0, 2), said  # 2: the last kill came after the end
    assert ending(runs / "it") == ending(uninterrupted / "it")


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_resume(tmp_path: Path) -> None:
    process = spawn(tmp_path, "run", "dcgan", "--name", "it", *SMALL)
    while not (tmp_path / "it" / "metrics.jsonl").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Go on with: coevo resume it" in said
    checkpoint, problems = RunFolder(tmp_path / "it").load()
    assert checkpoint.position[0] > 0 and not problems
    resumed = CommandLine(tmp_path)("resume", "it", "--rounds", checkpoint.position[0] + 2)
    assert resumed.code == 0


@pytest.mark.slow
def test_a_run_in_use_is_refused_to_a_second_process(tmp_path: Path) -> None:
    process = spawn(tmp_path, "run", "dcgan", "--name", "it", *SMALL)
    try:
        while not (tmp_path / "it" / "metrics.jsonl").exists():
            time.sleep(0.05)
        assert "is in use by another process" in CommandLine(tmp_path).refuses("resume", "it")
    finally:
        process.kill()
        process.communicate()
    with RunFolder(tmp_path / "it")._lock.acquire(timeout=5):
        pass  # the dead process holds nothing


@pytest.mark.slow
def test_what_is_shown_and_saved_changes_nothing(tmp_path: Path) -> None:
    """A run that saves and shows often ends in the same parameters as one that hardly does."""
    command = CommandLine(tmp_path)
    often = command.play("often", "--rounds", 12, "-o", "run.save_every=1", "-o", "run.sheet_every=1")
    seldom = command.play("seldom", "--rounds", 12)
    tensors = [(run / "checkpoints" / "00000012.safetensors").read_bytes() for run in (often, seldom)]
    assert tensors[0] == tensors[1]


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    runs = [command.play(f"seed-{seed}", "--rounds", 2, "--seed", seed) for seed in (1, 1, 2)[1:]]
    assert ending(runs[0]) != ending(runs[1])


def test_resumed_in_pieces_the_log_has_every_row_once(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    run = command.play("pieces", "--rounds", 7, "-o", "run.log_every=3")
    for rounds in (8, 14, 20):
        assert command("resume", "pieces", "--rounds", rounds).code == 0
    assert [row["round"] for row in read_log(run / "metrics.jsonl")] == [3, 6, 9, 12, 15, 18]


def test_a_run_keeps_the_number_of_threads_that_it_started_with(tmp_path: Path) -> None:
    """The number decides in which order torch adds; wherever the run goes on, it ends in the same bytes."""
    command = CommandLine(tmp_path)
    with threads(3):
        whole, parted = (command.play(name, "--rounds", rounds) for name, rounds in (("whole", 6), ("parted", 3)))
    with threads(1):
        assert command("resume", "parted", "--rounds", 6).code == 0
        assert Run.resume(RunFolder(parted), lock=False).studio.threads == 3
    ends = [(run / "checkpoints" / "00000006.safetensors").read_bytes() for run in (parted, whole)]
    assert ends[0] == ends[1]


def test_the_last_checkpoints_and_the_best_are_kept(tmp_path: Path) -> None:
    run = CommandLine(tmp_path).play(
        "best", "--rounds", 30, "-o", "run.save_every=5", "-o", "run.log_every=5", "-o", "run.keep_checkpoints=2",
        "-o", "run.best=min:critic.loss",
    )  # fmt: skip
    rows = read_log(run / "metrics.jsonl")
    best = min(rows, key=lambda row: row["critic.loss"])["round"]
    store = RunFolder(run)
    assert store.pointed("best") == f"{best:08d}"
    assert set(store.names()) == {"00000025", "00000030", f"{best:08d}"}


def test_a_best_metric_that_is_not_measured_ends_a_run_at_the_first_row_of_its_log(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    said = command.refuses(
        *("run", "dcgan", *SMALL, "--rounds", 100, "--name", "it"),
        *("-o", "run.best=min:artist.los", "-o", "run.log_every=2", "-o", "run.save_every=100"),
    )
    assert "'artist.los', which is not measured" in said and "artist.loss" in said
    assert [row["round"] for row in read_log(command.runs / "it" / "metrics.jsonl")] == [2]


@pytest.mark.slow
def test_minutes_end_a_run(tmp_path: Path) -> None:
    begun = time.perf_counter()
    run = CommandLine(tmp_path).play("short", "--minutes", 0.02)
    assert time.perf_counter() - begun < 30
    assert RunFolder(run).pointed("latest")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = CommandLine(tmp_path)
    run = command.play("full", "--rounds", 4, "-o", "run.save_every=2")
    before = ending(run)
    real = os.fsync

    def full(handle: int) -> None:
        with open("/dev/full", "wb", buffering=0) as device:  # noqa: PTH123
            device.write(b"x")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    assert "the disk is full" in command.refuses("resume", "full", "--rounds", 6)
    monkeypatch.undo()
    gc.collect()  # a log that was left open would warn
    checkpoint, _ = RunFolder(run).load()
    assert checkpoint.position[0] == 4 and before.keys() <= ending(run).keys()
    assert not list(run.rglob(".part-*"))


def test_a_state_of_another_pair_is_refused(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    run = command.play("mixed", "--rounds", 2)
    _, _, config = (run / "config.toml").read_text().partition("\n")  # all below its checksum
    (run / "config.toml").write_text(config.replace("latent = 8", "latent = 9"))
    assert "is not of this pair with these options" in command.refuses("resume", "mixed", "--rounds", 4)
    with pytest.raises(StoreError):
        RunFolder.open("mixed ", tmp_path)


def test_a_watcher_who_draws_random_numbers_changes_nothing(tmp_path: Path) -> None:
    """As rich does, for the ids of its styles."""
    command = CommandLine(tmp_path)
    watched, alone = command.play("watched", "--rounds", 2), command.play("alone", "--rounds", 2)
    for folder, draws in ((watched, 3), (alone, 0)):
        run = Run.resume(RunFolder(folder), rounds=5)
        [random.random() for _ in range(draws)]
        for _ in run.turns():
            [random.random() for _ in range(draws)]
        run.close()
    assert ending(watched)["00000005.safetensors"] == ending(alone)["00000005.safetensors"]


def test_a_run_is_resumed_with_other_options_of_what_is_written(tmp_path: Path) -> None:
    command = CommandLine(tmp_path / "runs")
    folder = command.play("it", "--rounds", 4, "-o", "run.log_every=2")
    assert command("resume", "it", "--rounds", 6, "-o", "run.log_every=1", "-o", "run.sheet_every=5").code == 0
    rows = [row["round"] for row in read_log(folder / "metrics.jsonl")]
    assert rows == [2, 4, 5, 6] and (folder / "sheets" / "00000005.png").is_file()


@pytest.mark.parametrize(
    "option", ["artist.latent=9", "critic.learning_rate=0.1", "run.seed=3", "run.batch=4", "data.size=32"]
)
def test_what_decides_what_a_run_is_cannot_be_changed(option: str, tmp_path: Path) -> None:
    command = CommandLine(tmp_path / "runs")
    command.play("it", "--rounds", 1)
    name, _, _ = option.partition("=")
    said = command.refuses("resume", "it", "--rounds", 2, "-o", option)
    assert f"{name} decides what run 'it' is, so it stays" in said and "a new run that starts from it can have" in said
    assert "There is no option named 'run.rouds'" in command.refuses("resume", "it", "-o", "run.rouds=3")


@pytest.mark.parametrize("method", ["build", "make"])
def test_nothing_stays_of_a_run_that_a_player_refuses_before_its_first_turn(method: str, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise ConfigError("There is no such picture.")

    refusing = type("Refusing", (RandomArtist,), {"name": "refusing", method: refuse})
    with pytest.raises(ConfigError, match="There is no such picture") as caught:
        coevo.run(artist=refusing, critic=TargetCritic, rounds=1, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists() and not hasattr(caught.value, "__notes__")


def test_a_run_that_a_player_refuses_later_stays(tmp_path: Path) -> None:
    class Tired(RandomArtist):
        """Makes two batches."""

        name = "tired"
        made = 0

        def make(self, n, reals):
            self.made += 1
            if self.made > 2:
                raise ConfigError("That is enough.")
            return super().make(n, reals)

    with pytest.raises(ConfigError, match="That is enough"):
        coevo.run(artist=Tired, critic=TargetCritic, name="it", rounds=9, runs_dir=tmp_path)
    assert coevo.load("it", tmp_path, artist=Tired).round == 0
