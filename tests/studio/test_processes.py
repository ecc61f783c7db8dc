"""Rows of a batch among processes that share a run."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from coevo.studio import Studio, processes
from coevo.studio.links import make_memory

PLAY = """
import json, torch
from coevo.studio import Studio, processes
processes.join()
studio = Studio(seed=3)
with processes.together():
    noise = studio.noise(12 // processes.size(), 2)
    whole = processes.everyone(noise)
    mean = processes.mean(noise.double().sum())
    flags = processes.agreed(processes.is_first(), False)
    parameter = torch.nn.Parameter(torch.zeros(2, 3, dtype=torch.float64))
    parameter.grad = torch.full((3, 2), processes.number() + 1.0, dtype=torch.float64).t()
    processes.average_gradients([parameter])
rows = studio.noise(2, 2)
said = processes.first_says("Süß")
gradient = parameter.grad.tolist()
print(json.dumps([noise.tolist(), whole.tolist(), float(mean), list(flags), rows.tolist(), said, gradient]))
"""


def played(n: int, folder: Path) -> list[list[object]]:
    """What each of n processes prints."""
    meeting = folder / "meeting"
    assert make_memory(meeting, n)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PLAY],
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": str(n), processes.MEETING: str(meeting)},
            stdout=subprocess.PIPE,
        )
        for rank in range(n)
    ]
    return [json.loads(process.communicate(timeout=60)[0]) for process in started]


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 4])
def test_many_processes_see_the_noise_of_one(n: int, tmp_path: Path) -> None:
    studio = Studio(seed=3)
    noise, after = studio.noise(12, 2), studio.noise(2, 2)
    for rank, (own, whole, mean, flags, rows, text, gradient) in enumerate(played(n, tmp_path)):
        assert torch.equal(torch.tensor(own), noise[rank::n])
        assert torch.equal(torch.tensor(whole), noise)
        assert mean == pytest.approx(noise.double().sum().item() / n)
        assert flags == [True, False]
        assert torch.equal(torch.tensor(rows), after)  # outside of a step each draws for itself, from the same place
        assert text == "Süß"
        assert gradient == [[(n + 1) / 2] * 3] * 2  # in double precision, and not in a row


def test_without_room_for_the_memory_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not make_memory(tmp_path / "meeting", 2)
    assert not list(tmp_path.iterdir())


def test_a_process_by_itself_has_the_whole_batch() -> None:
    x = torch.arange(6.0)
    with processes.together():
        assert processes.size() == 1
        assert torch.equal(processes.own(x), x)
        assert torch.equal(processes.everyone(x), x)
        assert torch.equal(processes.rows(6, lambda n: torch.arange(float(n))), x)
        assert processes.agreed(True, False) == (True, False)
