"""Problems of a game, detected in rows of its log."""

from __future__ import annotations

import json
from math import sin
from typing import Any

import pytest
from conftest import SMALL, CommandLine

from coevo import Artist, Critic, CriticSpec, Options, Studio
from coevo.monitoring.diagnostics import PROBLEMS, ROWS, Diagnostics


class PlainCritic(Critic):
    """A critic without any option."""

    name = "plain"

    def spec(self) -> CriticSpec:
        return CriticSpec()


class AdjustableCritic(PlainCritic):
    """A critic with every option that is ever suggested."""

    class Options(Options):
        width: int = 1
        learning_rate: float = 0.1
        label_smoothing: float = 0.0
        instance_noise: float = 0.0
        r1: float = 0.0
        minibatch: str = "none"
        pack: int = 1
        unroll: int = 0
        memory: int = 0
        past_critics: int = 0
        beta1: float = 0.5


def diagnostics(critic: type[Critic] = AdjustableCritic, artist: type[Artist] = Artist) -> Diagnostics:
    return Diagnostics(artist(artist.Options(), Studio()), critic(critic.Options(), Studio()))


def row(accuracy: float = 0.8, diversity: float = 0.9) -> dict[str, float]:
    return {"critic.accuracy": accuracy, "artist.diversity": diversity}


def reported(one: Diagnostics, *rows: dict[str, float]) -> list[str]:
    return [message for row in rows for message in one.look(row)]


def test_a_game_that_goes_well_has_no_problems() -> None:
    assert not reported(diagnostics(), *[row(0.75 + 0.05 * sin(n), 0.8 + 0.1 * sin(n)) for n in range(200)])


@pytest.mark.parametrize(
    ("message", "healthy", "ill"),
    [
        ("critic accuracy has stayed at chance (0.51) for 30 log rows", row(), row(accuracy=0.51)),
        ("critic accuracy has stayed near 1", row(), row(accuracy=0.995)),
        ("mode collapse", row(), row(diversity=0.2)),
        ("almost the same reward", {"artist.reward_std": 2.0}, {"artist.reward_std": 0.001}),
        ("(50% of past works)", {"ancestors.critic_forgets": 0.1}, {"ancestors.critic_forgets": 0.5}),
        ("(40% fewer)", {"ancestors.artist_forgets": 0.1}, {"ancestors.artist_forgets": 0.4}),
    ],
)
def test_a_problem_is_reported_once_until_it_comes_again(
    message: str, healthy: dict[str, float], ill: dict[str, float]
) -> None:
    one = diagnostics()
    assert not reported(one, *[healthy] * 40)
    (sentence,) = reported(one, *[ill] * 100)
    assert message in sentence and "; try " in sentence
    assert not reported(one, *[healthy] * ROWS)
    assert len(reported(one, *[ill] * 100)) == 1


def test_oscillation_is_detected() -> None:
    (sentence,) = reported(diagnostics(), *[row(0.6 + 0.35 * (-1) ** (n // 2)) for n in range(60)])
    assert "oscillate" in sentence and "0.70" in sentence


def test_works_that_were_never_diverse_have_not_collapsed() -> None:
    assert not reported(diagnostics(), *[row(diversity=0.1) for _ in range(50)])


def test_metrics_that_are_not_logged_are_not_looked_at() -> None:
    assert not reported(diagnostics(), *[{"artist.loss": 1.0}] * 100)


def test_only_options_that_the_players_have_are_suggested() -> None:
    one = diagnostics()
    assert one.suggestions("mode_collapse") == ["-o critic.minibatch=std", "-o critic.pack=2", "-o critic.unroll=5"]
    assert one.suggestions("oscillation") == ["-o critic.r1=1", "a lower -o critic.learning_rate"]  # no artist.beta1
    plain = diagnostics(PlainCritic)
    assert [plain.suggestions(problem) for problem in PROBLEMS if problem != "disengagement"] == [[]] * 6
    assert plain.suggestions("disengagement") == ["-o phases.critic.goal=0.2"]
    (sentence,) = reported(plain, *[row(accuracy=0.995)] * ROWS)
    assert sentence.endswith("so the artist learns little")


def test_suggested_options_exist_somewhere() -> None:
    """An option that is renamed is renamed in the suggestions, too."""
    from coevo_gan.dcgan import DCGAN
    from coevo_gan.dcnn import DCNN

    one = Diagnostics(DCGAN(DCGAN.Options(), Studio()), DCNN(DCNN.Options(), Studio()))
    assert {name: one.suggestions(name) for name in PROBLEMS} == {
        name: list(problem.suggestions) for name, problem in PROBLEMS.items()
    }


def test_it_resumes_exactly() -> None:
    whole, first, second = diagnostics(), diagnostics(), diagnostics()
    some = [row(0.5 if n > 30 else 0.8) for n in range(80)]
    expected = reported(whole, *some)
    found = reported(first, *some[:45])
    second.restore(json.loads(json.dumps(first.state())))
    assert found + reported(second, *some[45:]) == expected != []
    assert second.state() == whole.state()


def test_problems_are_shown_while_a_run_is_played_and_kept_in_its_log(
    coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coevo.monitoring.diagnostics.SATURATED", -1.0)  # every accuracy is too high
    monkeypatch.setattr("coevo.monitoring.diagnostics.ROWS", 5)
    options: Any = ("dcgan", *SMALL, "--rounds", 8, "-o", "run.log_every=1")
    said = coevo_command("run", *options, "--name", "ill").out
    assert "round 5: critic accuracy has stayed near 1" in said
    log = [json.loads(line) for line in (coevo_command.runs / "ill" / "metrics.jsonl").read_text().splitlines()]
    assert [row["round"] for row in log if "warnings" in row] == [5]
    assert "critic accuracy has stayed near 1" in " ".join(coevo_command("show", "ill").out.split())
    rows = [json.loads(line) for line in coevo_command("run", *options, "--json").out.splitlines()]
    assert [row["round"] for row in rows if "warning" in row] == [5]


def test_both_sides_are_given_time_before_they_are_said_to_forget() -> None:
    one, ill = diagnostics(), {"ancestors.critic_forgets": 0.9}
    assert not reported(one, *[ill] * 10)
    again = diagnostics()
    again.restore(one.state())
    (sentence,) = reported(again, ill)
    assert "fooled by works that it once saw through" in sentence
