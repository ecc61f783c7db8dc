"""Several processes that share a run: the same losses and parameters as one, whatever is divided."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from coevo.errors import DataError
from coevo.runs.several import speaking
from coevo.storage.run_folder import RunFolder
from coevo.studio.links import ProcessLostError

SMALL_GAN = ["artist.width=8", "critic.width=8"]
SMALL_DENSE = ["artist.hidden=[32]", "critic.hidden=[32]"]
PAIRS = {
    "dcgan": ["dcgan", *SMALL_GAN],
    "wgan-gp": ["wgan-gp", *SMALL_GAN],
    "infogan": ["infogan", *SMALL_GAN],
    "vae": ["vae", "artist.hidden=[32]"],
    "aae": ["aae", *SMALL_DENSE],
    "alae": ["alae", *SMALL_DENSE],
}
OTHERS = {
    "a game of pairs, R1, label noise, augmentation and gathered gradients": [
        *("dcgan", *SMALL_GAN, "critic.game=relativistic-pairing", "critic.r1=1", "critic.minibatch=std"),
        *("critic.label_flip=0.1", "critic.instance_noise=0.1", "critic.augmentation=translation,cutout,affine"),
        *("critic.accumulate=2", "artist.accumulate=2"),
    ],
    "labels, and steps of the critic that are unrolled": ["cgan", *SMALL_GAN, "critic.unroll=2"],
    "clusters and dropout": ["aae-clustering", *SMALL_DENSE, "critic.dropout=0.3"],
    "a discrepancy of codes": ["wae", "artist.hidden=[32]"],
    "phases with goals": ["dcgan", *SMALL_GAN, "phases.critic.steps=4", "phases.critic.goal=0.3"],
    "an artist that is built anew": ["dcgan", *SMALL_GAN, "phases.artist.restart=true"],
    "pairs, dropout and batch normalisation": [
        *("pix2pix", "data.size=16", "artist.width=8", "critic.width=8", "artist.dropout=0.5", "artist.norm=batch"),
        "artist.learning_rate=1e-4",
    ],
    "styles and maps that are matched": ["gaugan", "data.size=16", "artist.width=4", "critic.width=4"],
    "two ways, and pools of past works": [
        *("cyclegan", "data.size=16", "artist.width=4", "artist.back_width=4", "critic.width=4"),
        *("critic.pool=16", "artist.back_pool=16"),
    ],
    "codes that two domains share": ["unit", "data.size=16", "artist.width=4", "artist.back_width=4", "critic.width=4"],
}


def coevo(*words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "coevo", *words], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def play(folder: Path, name: str, options: list[str], processes: int, rounds: int = 6) -> None:
    recipe, *options = options
    some = [word for option in [*options, "run.threads=1", "run.log_every=1"] for word in ("-o", option)]
    where = ["--runs-dir", str(folder), "--name", name]
    several = ["--processes", str(processes)] if processes > 1 else []
    coevo("run", recipe, "--rounds", str(rounds), "--precision", "fp32", "--batch", "24", *where, *some, *several)


def parameters(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """Every float tensor of the players' states, by its path."""
    checkpoint, _ = RunFolder.open(name, folder).load()
    found: dict[str, torch.Tensor] = {}

    def gather(value: object, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                gather(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                gather(inner, f"{path}.{number}")
        elif isinstance(value, torch.Tensor) and value.is_floating_point():
            found[path] = value

    for side in ("artist", "critic"):
        gather(checkpoint.state[side], side)
    assert found
    return found


def rows(folder: Path, name: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / name / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("pair", [*PAIRS, *OTHERS])
def test_two_processes_learn_as_one_does(pair: str, tmp_path: Path) -> None:
    """After two steps of either side. Later steps differ as those of one and two threads do: Adam divides gradients by
    their size, and so rounding of those that should be zero becomes a step."""
    options = {**PAIRS, **OTHERS}[pair]
    play(tmp_path, "one", options, 1, rounds=2 if "accumulate" in str(options) else 1)
    play(tmp_path, "two", options, 2, rounds=2 if "accumulate" in str(options) else 1)
    theirs = parameters(tmp_path, "two")
    for name, value in parameters(tmp_path, "one").items():
        if value.norm() > 1e-5:
            assert (theirs[name] - value).norm() <= 2e-2 * value.norm(), name
            if "exp_avg" in name:  # gradients
                assert (theirs[name] - value).norm() <= 1e-3 * value.norm(), name
    for mine, its in zip(rows(tmp_path, "one"), rows(tmp_path, "two"), strict=True):
        losses = [key for key in mine if key.endswith(("loss", "elbo", "reciprocity", "penalty"))]
        assert losses and {key: its[key] for key in losses} == pytest.approx(
            {key: mine[key] for key in losses}, rel=1e-4
        )


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(tmp_path: Path) -> None:
    play(tmp_path, "one", PAIRS["vae"], 1, rounds=6)
    play(tmp_path, "changing", PAIRS["vae"], 2, rounds=2)
    coevo("resume", "changing", "--runs-dir", str(tmp_path), "--rounds", "4", "--processes", "3")
    coevo("resume", "changing", "--runs-dir", str(tmp_path), "--rounds", "6")
    one, changing = ([row["artist.elbo"] for row in rows(tmp_path, name)] for name in ("one", "changing"))
    assert changing == pytest.approx(one, rel=1e-3)


@pytest.mark.slow
def test_without_shared_memory_they_meet_by_the_network(tmp_path: Path) -> None:
    """As processes of several machines do, and those that torchrun starts."""
    play(tmp_path, "one", PAIRS["wgan-gp"], 1, rounds=1)
    words = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "coevo", "run", *WORDS]
    done = subprocess.run(
        [sys.executable, *words, "--runs-dir", str(tmp_path), "--name", "two"],
        capture_output=True,
        text=True,
        env={**os.environ, "LOCAL_WORLD_SIZE": "0"},
    )
    assert done.returncode == 0, done.stderr
    one, two = (rows(tmp_path, name)[0]["critic.loss"] for name in ("one", "two"))
    assert two == pytest.approx(one, rel=1e-4)


WORDS = [
    *("wgan-gp", "--rounds", "1", "--precision", "fp32", "--batch", "24", "--threads", "1", "-o", "run.log_every=1")
]
WORDS += [word for option in SMALL_GAN for word in ("-o", option)]


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1])
def test_a_process_that_is_killed_ends_the_run_at_its_last_checkpoint(which: int, tmp_path: Path) -> None:
    with started(tmp_path) as launcher:
        victims = sorted(processes_of(tmp_path), key=rank_of)
        os.kill(victims[which], signal.SIGKILL)
        _, said = launcher.communicate(timeout=60)
    assert launcher.returncode == 1
    assert f"Process {which} of 2 was ended by SIGKILL" in said and "Traceback" not in said
    assert not processes_of(tmp_path)
    saved = RunFolder.open("killed", tmp_path).load()[0].position[0]
    resumed = coevo("resume", "killed", "--runs-dir", str(tmp_path), "--rounds", str(saved + 3), "--processes", "2")
    assert (
        f"{saved + 3} rounds" in resumed.stdout + resumed.stderr or saved + 3 == rows(tmp_path, "killed")[-1]["round"]
    )


@pytest.mark.slow
def test_none_stays_when_the_first_and_the_one_that_started_them_are_killed(tmp_path: Path) -> None:
    with started(tmp_path) as launcher:
        os.kill(min(processes_of(tmp_path), key=rank_of), signal.SIGKILL)
        launcher.kill()
        launcher.communicate(timeout=20)  # until nobody can write to its pipes
    assert not processes_of(tmp_path)


@pytest.mark.slow
def test_threads_of_the_run_are_divided_and_stay_those_of_the_run(tmp_path: Path) -> None:
    words = ["--threads", "4", "--processes", "2", "--batch", "16", "--rounds", "1", "--name", "threads"]
    coevo("run", "vae", "-o", "artist.hidden=[32]", *words, "--runs-dir", str(tmp_path))
    kept = (tmp_path / "threads" / "config.toml").read_text()
    assert kept.count("\nthreads = 4\n") == 2  # as they were asked for, and as it began


def test_more_processes_than_works_are_refused_before_any_is_started(tmp_path: Path) -> None:
    done = coevo("run", "dcgan", "--processes", "1000", "--runs-dir", str(tmp_path), check=False)
    assert done.returncode == 2
    assert done.stderr == ("coevo: A batch of 64 has no work for each of 1000 processes; say a larger --batch.\n")


def test_a_process_that_is_not_the_first_says_why_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError), speaking():
        raise DataError("There is no folder 'pictures'.")
    assert capsys.readouterr().err == "coevo: Process 0 of 1: There is no folder 'pictures'.\n"
    with pytest.raises(ProcessLostError), speaking():
        raise ProcessLostError("Another one has ended.")
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_ctrl_c_saves_once_and_says_how_to_go_on(tmp_path: Path) -> None:
    with started(tmp_path) as launcher:
        launcher.send_signal(signal.SIGINT)
        said, errors = launcher.communicate(timeout=60)
    assert launcher.returncode == 130, errors
    assert said.count("Saved at round") == 1 and "--processes 2" in said
    assert not processes_of(tmp_path)


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A long run of two processes, which has saved a checkpoint in the course of it."""
    words = ["run", "dcgan", "--processes", "2", "--minutes", "5", "--batch", "16", "--runs-dir", str(folder)]
    words += ["--name", "killed", "-o", "run.save_every=5", *(w for option in SMALL_GAN for w in ("-o", option))]
    process = subprocess.Popen(
        [sys.executable, "-m", "coevo", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 60
        while not list((folder / "killed" / "checkpoints").glob("00000005*.json")) and time.monotonic() < until:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def processes_of(folder: Path) -> list[int]:
    """The processes that share a run in this folder, as they stand in /proc."""
    found = [path for path in Path("/proc").glob("[0-9]*") if str(folder).encode() in read(path / "cmdline")]
    return [
        int(path.name)
        for path in found
        if b"RANK=" in read(path / "environ") and b"WORLD_SIZE=2" in read(path / "environ")
    ]


def rank_of(process: int) -> bytes:
    return next(word for word in read(Path(f"/proc/{process}/environ")).split(b"\0") if word.startswith(b"RANK="))


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gp-dcnn"], "'gp' has a population"),
        (["dcgan", "--batch", "3"], "say --batch 4"),
        (["dcgan", "--batch", "64", "-o", "critic.memory=512"], "critic.memory=512"),
        (["nca-dcnn"], "'nca' looks at batches as a whole"),
        (["dcgan", "--compile"], "--compile is for one process"),
    ],
)
def test_what_cannot_be_divided_is_refused_in_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    done = coevo("run", *words, "--processes", "2", "--runs-dir", str(tmp_path), check=False)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
