"""Players that raise, hang, or give what they should not: one sentence names them, and the run stays whole."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import SMALL, Answer, CommandLine

from coevo import Works
from coevo.storage.run_folder import RunFolder
from coevo_gan.dcgan import DCGAN
from coevo_gan.dcnn import DCNN

PACE = ("-o", "run.save_every=2", "-o", "run.log_every=1", "--rounds", 4)


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    command = CommandLine(tmp_path / "runs")
    command.play("it", *PACE)
    return command


def failing(command: CommandLine, monkeypatch: pytest.MonkeyPatch, player: type, method: str, result: Any) -> str:
    """What is said when a method gives something else in round 6; afterwards the run goes on without the fault."""
    real = getattr(player, method)
    calls = iter(range(1000))

    def fails(self: Any, *args: Any) -> Any:
        return result(real(self, *args)) if next(calls) > 3 else real(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(player, method, fails)
        answer: Answer = command("resume", "it", "--rounds", 12)
    assert answer.code == 2 and "Traceback" not in answer.err, answer.err
    assert RunFolder(command.runs / "it").load()[1] == []
    assert command("resume", "it", "--rounds", 12).code == 0
    return answer.err


def boom(_: Any) -> None:
    raise RuntimeError("the lamp went out")


def test_an_artist_that_raises(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    said = failing(command, monkeypatch, DCGAN, "learn", boom)
    assert "Artist 'dcgan' of plugin 'gan' 0.1.0 failed in " in said and "RuntimeError: the lamp went out" in said


def test_a_critic_that_raises(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Critic 'dcnn' of plugin 'gan' 0.1.0 failed in " in failing(command, monkeypatch, DCNN, "judge", boom)


def test_a_run_is_said_to_be_kept_only_where_one_is(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = "The run is kept as it was at its last checkpoint."
    assert kept in failing(command, monkeypatch, DCGAN, "learn", boom)

    def fails(self: Any, *_: Any) -> None:
        boom(None)

    for method, words in (
        ("build", ("run", "dcgan", *SMALL)),
        ("exhibit", ("sample", "it", "-o", command.runs / "x.png")),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(DCGAN, method, fails)
            said = command.refuses(*words)
        assert "Artist 'dcgan' of plugin 'gan' 0.1.0 failed in " in said and "kept" not in said


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda rewards: rewards[:-1], "should give rewards [8] of floats on cpu in judge(), but it gave [7]"),
        (lambda rewards: rewards[:, None], "but it gave [8, 1] of float32"),
        (lambda rewards: rewards > 0, "but it gave [8] of bool"),
        (lambda rewards: rewards.to("meta"), "but it gave [8] of float32 on meta"),
        (lambda rewards: rewards.tolist(), "but it gave a list"),
        (lambda rewards: rewards * float("nan"), "is not finite"),
    ],
)
def test_rewards_that_are_none(command: CommandLine, monkeypatch: pytest.MonkeyPatch, result: Any, said: str) -> None:
    assert said in failing(command, monkeypatch, DCNN, "judge", result)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda works: Works(works.images[..., :8]), "should give images [N, 1, 16, 16] of floats on cpu in make()"),
        (lambda works: Works((works.images * 9).to(torch.uint8)), "of uint8"),
        (lambda works: Works(works.images.to("meta")), "on meta"),
        (lambda works: Works(works.images.detach().numpy()), "but it gave a ndarray instead of a tensor"),
        (lambda works: Works(works.images, works.codes.tolist()), "should give codes [N, D] of floats on cpu"),
        (lambda works: Works(works.images, labels=[1] * 8), "should give labels [N] of whole numbers in make()"),
        (lambda works: Works(), "should give 8 works in make(), but it gave none"),
        (lambda works: works.images, "should give Works in make(), but it gave Tensor"),
    ],
)
def test_works_that_are_none(command: CommandLine, monkeypatch: pytest.MonkeyPatch, result: Any, said: str) -> None:
    assert said in failing(command, monkeypatch, DCGAN, "make", result)


@pytest.mark.slow
def test_a_player_that_hangs_is_ended_by_a_second_ctrl_c(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(self: Any, *_: Any) -> None:
        for seconds in (0.2, 0.6):
            threading.Timer(seconds, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        time.sleep(60)

    with monkeypatch.context() as patch:
        patch.setattr(DCGAN, "learn", hang)
        answer = command("resume", "it", "--rounds", 12)
    assert answer.code == 130 and "Traceback" not in answer.err
    assert command("resume", "it", "--rounds", 12).code == 0


def test_small_is_what_these_tests_expect() -> None:
    assert SMALL[:4] == ("--size", "16", "--batch", "8")
