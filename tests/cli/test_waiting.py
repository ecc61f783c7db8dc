"""How threads wait: set before torch is imported, unless the user has set it, and read by torch's OpenMP."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from coevo.cli.waiting import CHOICES, SPINS, wait_briefly

IMPORTS_TORCH = "from coevo.cli import main; main(['info', 'artist', 'dcgan'])"


@pytest.mark.parametrize("name", CHOICES)
def test_what_the_user_has_said_stays(name: str) -> None:
    environment = {name: "1"}
    wait_briefly(environment)
    assert environment == {name: "1"}


@pytest.mark.skipif(
    not torch.backends.openmp.is_available() or not sys.platform.startswith("linux"),
    reason="only GNU's OpenMP shows how it waits",
)
@pytest.mark.parametrize(("said", "spins"), [({}, SPINS), ({"GOMP_SPINCOUNT": "7"}, 7)])
def test_torch_reads_how_its_threads_wait(said: dict[str, str], spins: int) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in CHOICES}
    answer = subprocess.run(
        [sys.executable, "-c", IMPORTS_TORCH],
        env={**inherited, **said, "OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"GOMP_SPINCOUNT = '{spins}'" in answer.stderr
