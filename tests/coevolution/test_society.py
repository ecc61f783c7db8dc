"""Societies: agents show each other works, take in what their critics accept, and credit its makers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as some

import coevo
from coevo import Critic, CriticSpec, Genome, Studio, Works
from coevo.coevolution.society import society
from coevo.monitoring.ancestral_opponents import spread_out
from coevo.storage.jsonl import read_log
from coevo.testing.standins import EvolvingArtist as Evolving

SMALL: dict[str, Any] = {"data": {"size": 16}, "artist": {"max_depth": 3}, "run": {"agents": 3, "log_every": 1}}


def played(name: str, folder: Path, rounds: int = 4, **run: Any) -> coevo.runs.run.Run:
    options = SMALL | {"run": SMALL["run"] | run}
    return coevo.run("artificial-creativity", name=name, rounds=rounds, batch=4, runs_dir=folder, options=options)


def test_agents_have_populations_and_critics_of_their_own(tmp_path: Path) -> None:
    run = played("three", tmp_path)
    works = run.artist.make(4, None)
    assert works.pixels.shape == (12, 3, 16, 16)
    assert len({genome.id for genome in works.individuals}) == 12
    maps = [critic.nodes for critic in run.critic.members]
    assert not torch.equal(maps[0], maps[1])
    own = run.critic.members[1].judge(works[torch.arange(4, 8)], None)
    assert torch.equal(run.critic.judge(works, None)[4:8], own)


def test_accepted_works_immigrate_and_their_maker_is_credited(tmp_path: Path) -> None:
    run = played("three", tmp_path, rounds=6)
    rows = read_log(run.store.folder / "metrics.jsonl")
    assert sum(row["artist.exchanged"] for row in rows) == sum(run.artist.credits) > 0
    assert rows[-1]["artist.credit.0"] == run.artist.credits[0]
    alone = played("alone", tmp_path, exchange=0)
    assert "artist.exchanged" not in read_log(alone.store.folder / "metrics.jsonl")[-1]
    assert sum(alone.artist.credits) == 0


def test_a_society_resumes_exactly(tmp_path: Path) -> None:
    whole = played("whole", tmp_path)
    played("halves", tmp_path, rounds=2)
    halves = coevo.resume("halves", rounds=4, runs_dir=tmp_path)
    one, other = (run.artist.make(4, None) for run in (whole, halves))
    assert one.genomes == other.genomes and torch.equal(one.pixels, other.pixels)
    assert whole.artist.credits == halves.artist.credits
    logs = [(run.store.folder / "metrics.jsonl").read_bytes() for run in (whole, halves)]
    assert logs[0] == logs[1]


def test_a_state_of_another_society_is_refused(tmp_path: Path) -> None:
    run = played("three", tmp_path, rounds=1)
    for player in (run.artist, run.critic):
        fewer = {name: part for name, part in player.state().items() if name != "2"}
        for state in (fewer, player.state() | {"3": {}}, player.members[0].state()):
            with pytest.raises(KeyError, match="The state is not of a society of 3 agents"):
                player.restore(state)


def test_players_that_cannot_be_in_a_society_are_refused(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("run", "artificial-creativity", "--agents", 1, "-o", "run.exchange=1")
    assert "run.exchange=1 needs several agents to show works to" in said
    assert "has no population" in coevo_command.refuses("run", "dcgan", "--agents", 2)
    said = coevo_command.refuses("run", "--artist", "gp", "--critic", "taste", "--agents", 2)
    assert "'taste' picks, and the critics of a society need to score" in said


@settings(max_examples=30)
@given(some.integers(2, 7), some.integers(2, 9), some.integers(1, 3), some.integers(1, 40))
def test_a_work_goes_to_the_critic_of_its_own_agent(agents: int, population: int, group: int, exhibited: int) -> None:
    """All of them, those that ancestral opponents keep, and those that are exhibited."""
    studio = Studio(image=(1, 4, 4))
    pairs = [
        (Evolving(Evolving.Options(population=population), studio), Recorder(studio, group)) for _ in range(agents)
    ]
    artist, critic = society(pairs, 0)
    artist.build()
    every = artist.make(population, None)
    kept = spread_out(every, critic.spec().group) if group <= population else every
    for works in (every, kept, artist.exhibit(exhibited, seed=1)):
        critic.fooled(works, None)
        for its_artist, its_critic in pairs:
            own = {id for id, _, _ in its_artist.population}
            assert {one.id for one in its_critic.saw} <= own
        assert sum(len(its_critic.saw) for _, its_critic in pairs) == len(works)


class Recorder(Critic):
    """Remembers the individuals that it was shown."""

    name = "recorder"

    def __init__(self, studio: Studio, group: int):
        super().__init__(self.Options(), studio)
        self.group, self.saw = group, tuple[Genome, ...]()

    def spec(self) -> CriticSpec:
        return CriticSpec(learns=False, group=self.group)

    def fooled(self, works: Works, reals: Works | None) -> torch.Tensor:
        self.saw = works.individuals if len(works) else ()
        return torch.ones(len(works), dtype=torch.bool)
