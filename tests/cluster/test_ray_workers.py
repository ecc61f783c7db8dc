"""Populations on a cluster: the same run with any number of workers, and whichever of them end."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coevo.cluster import ray_workers
from coevo.cluster.fits import check_evolves
from coevo.cluster.ray_workers import connected
from coevo.cluster.versions import Versions
from coevo.errors import ConfigError
from coevo.plugin.registry import registry
from coevo.runs.run import Run
from coevo.runs.starting import new_config
from coevo.studio import Studio

SMALL = {
    "run": {"rounds": 3, "threads": 1, "log_every": 1, "batch": 24},
    "artist": {"name": "gp", "population": 24},
    "critic": {"name": "features", "epochs": 20},
}


@pytest.fixture
def everything_on_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done here because it is quick."""
    monkeypatch.setattr(ray_workers, "QUICK", 0.0)


def played(folder: Path, name: str, workers: int, rounds: int = 3, kills: int = 0) -> Path:
    """The folder of a run whose pictures are drawn and measured by some workers; 0 does it here."""
    options = {**SMALL, "run": {**SMALL["run"], "rounds": rounds}}
    config, _ = new_config(None, options, folder)
    with Run.create(config, folder, name) as run:
        if not workers:
            list(run.turns())
        else:
            with connected("local", workers) as run.studio.workers, killing(run.studio.workers, kills):
                list(run.turns())
    return folder / name


@contextmanager
def killing(workers: ray_workers.RayWorkers, times: int) -> Iterator[None]:
    """Kill workers at random moments, one after another."""
    over = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        draws = random.Random(times)
        while len(killed) < times and not over.wait(draws.uniform(0.05, 0.4)):
            found = processes()
            if found:
                os.kill(killed.append(found[draws.randrange(len(found))]) or killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        assert len(killed) == times


def processes() -> list[int]:
    """Worker processes on this machine that Ray has named after ours."""
    found = subprocess.run(["pgrep", "-f", "^ray::Worker"], capture_output=True, text=True).stdout
    return [int(line) for line in found.split()]


def content(run: Path) -> dict[str, bytes]:
    """The bytes of a run's log and of its checkpoints."""
    files = [run / "metrics.jsonl", *sorted((run / "checkpoints").glob("*.safetensors"))]
    return {path.name: path.read_bytes() for path in files}


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path, everything_on_workers: None) -> None:
    alone = content(played(tmp_path, "alone", 0))
    assert len(alone) > 1
    for workers in (1, 2, 3):
        assert content(played(tmp_path, f"with-{workers}", workers)) == alone


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_that_are_killed_change_nothing(
    tmp_path: Path, everything_on_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "DEATHS", 100)  # on a slow machine one chunk may meet all kills
    alone = content(played(tmp_path, "alone", 0, rounds=12))
    assert content(played(tmp_path, "killed", 2, rounds=12, kills=10)) == alone


@pytest.mark.slow
def test_from_the_command_line_with_a_resume(tmp_path: Path) -> None:
    words = ["--runs-dir", str(tmp_path), "--cluster", "local", "--workers", "2"]
    for command in (["run", "gp-dcnn", "--name", "cluster", "--rounds", "2"], ["resume", "cluster", "--rounds", "3"]):
        done = subprocess.run([sys.executable, "-m", "coevo", *command, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "3 rounds" in done.stdout


def test_an_address_that_does_not_answer_is_said_in_a_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(ConfigError, match=f"--cluster 127.0.0.1:{port}: nobody answers there"):
        ray_workers.check_address(f"127.0.0.1:{port}")
    assert time.monotonic() - started < 2 * ray_workers.PATIENCE
    with pytest.raises(ConfigError, match="HOST:PORT of a Ray cluster, but got 'nowhere'"):
        ray_workers.check_address("nowhere")


def test_a_server_that_is_not_ray_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ray_workers.begin(lambda: time.sleep(60), 0.2) == "no answer in 0.2 seconds"
    assert ray_workers.begin(lambda: None, 5) is None

    def refuse() -> None:
        raise ConnectionError("refused\nat length")

    assert ray_workers.begin(refuse, 5) == "refused"


@pytest.mark.slow
def test_more_workers_than_processors_are_refused_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "START", 8.0)
    import ray

    ray.init(num_cpus=1, include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)
    try:
        with pytest.raises(ConfigError, match=r"2 workers did not begin in 8 seconds; .* say fewer --workers"):
            ray_workers.RayWorkers(ray, 2)
    finally:
        ray.shutdown()


def test_without_ray_its_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ConfigError, match=r"--cluster needs the package 'ray', .*pip install 'coevo\[cluster\]'"),
        connected("local", 1),
    ):
        pass


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (Versions("0.2.0", 1, ("a 1",)), "coevo 0.2.0 instead of 0.1.0"),
        (Versions("0.1.0", 2, ("a 1",)), "contract 2 instead of 1"),
        (Versions("0.1.0", 1, ("a 2",)), "no a 1, a 2 beside ours"),
        (Versions("0.1.0", 1, ("a 1",)), ""),
    ],
)
def test_other_versions_are_named(theirs: Versions, said: str) -> None:
    assert Versions("0.1.0", 1, ("a 1",)).difference(theirs) == said


def test_what_a_cluster_cannot_draw_is_refused() -> None:
    dcgan, gp = (registry().load("artist", name) for name in ("dcgan", "gp"))
    with pytest.raises(ConfigError, match="'dcgan' has no population"):
        check_evolves(dcgan(dcgan.Options(), Studio()), installed=True)
    with pytest.raises(ConfigError, match="'gp' is a class of your own"):
        check_evolves(gp(gp.Options(), Studio()), installed=False)
    check_evolves(gp(gp.Options(), Studio()), installed=True)
