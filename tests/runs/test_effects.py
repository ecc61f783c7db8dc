"""Options that would have no effect are refused with the reason, if somebody chose them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import CommandLine
from pydantic import Field

from coevo.contract.players import Options
from coevo.data.datasets import DataOptions, digits
from coevo.plugin.registry import registry
from coevo.runs.build import make_pair, make_studio
from coevo.runs.config import leaves, read_recipe, resolve
from coevo.runs.effects import CONDITION, check_effects, needs_of, unmet

BRED = ("run", "blind-watchmaker", "--size", 32, "--picks", "nobody.picks")
SOCIETY = ("run", "artificial-creativity")
DIGITS = digits(DataOptions(size=8))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "dcgan", "--data-dir", "x"], "--data-dir would have no effect: dataset 'digits' reads no files"),
        (["run", "dcgan", "-o", "data.split=test"], "data.split would have no effect: dataset 'digits' has only one"),
        (["run", "dcgan", "-o", "data.workers=4"], "data.workers would have no effect: dataset 'digits' is held"),
        (["run", "dcgan", "-o", "data.labelled=50"], "neither player looks at labels"),
        (["run", "dcgan", "-o", "latent_population.mutation=0.1"], "no latent codes are bred"),
        (["run", "dcgan", "-o", "artist.embedding=8"], "no effect: it needs artist.conditional. Leave it out"),
        (["run", "dcgan", "-o", "critic.past_decay=0.1"], "it needs critic.past_critics. Leave it out"),
        (["run", "gp-dcnn", "-o", "artist.islands=1", "-o", "artist.migration=0.5"], "it needs artist.islands>1"),
        (["run", "sims", "-o", "artist.elites=3", "--picks", "nobody.picks"], "a critic that gives scores; 'human'"),
        (["run", "gp-dcnn", "-o", "artist.distinct=true"], "a critic that gives picks; 'dcnn' gives scores"),
        (
            [*BRED, "--precision", "bf16"],
            "--precision would have no effect: neither artist 'biomorph' nor critic 'human'",
        ),
        (["run", "vae", "-o", "phases.critic.steps=2"], "critic 'none' never learns, so it has no phase"),
        (["run", "vae", "-o", "run.ancestral_opponents=true"], "there are no critics of its past"),
        (["run", "vae", "-o", "run.resample=true"], "run.resample would have no effect"),
        (["run", "gp-dcnn", "-o", "run.resample=true"], "'gp' is a population, which shows the same works"),
        ([*SOCIETY, "--data", "digits"], "--data would have no effect: neither artist 'gp' nor critic 'som' looks"),
        ([*SOCIETY, "-o", "data.binarise=sample"], "data.binarise would have no effect"),
        ([*BRED, "-o", "run.accepted=3"], "critic 'human' picks"),
        ([*BRED, "-o", "run.save_every=3"], "every sheet of such a session is kept"),
        ([*BRED, "--batch", 9, "-o", "artist.population=8"], "--batch would have no effect: artist.population=8 says"),
    ],
)
def test_what_would_do_nothing_is_refused(coevo_command: CommandLine, words: list, said: str) -> None:
    picks = coevo_command.runs.parent / "nobody.picks"
    picks.write_text("q\n")
    assert said in coevo_command.refuses(*[picks if word == "nobody.picks" else word for word in words])
    assert not coevo_command.runs.exists() or not list(coevo_command.runs.iterdir())


@pytest.mark.parametrize("artist", ["biomorph", "ca", "cppn", "gp", "hercl", "swarm"])
def test_every_population_draws_in_threads(artist: str) -> None:
    tree = {"artist": {"name": artist}, "critic": {"name": "human"}, "run": {"threads": 3}, "data": {"size": 32}}
    config = resolve(tree, registry(), frozenset({"run.threads"}))
    check_effects(config, *make_pair(config, make_studio(config, None)), None)


def test_an_option_that_is_off_asks_for_nothing(coevo_command: CommandLine) -> None:
    off = ("-o", "run.ancestral_opponents=false", "-o", "run.accepted=0", "-o", "data.binarise=no")
    assert coevo_command("run", "vae", "--size", 16, "--rounds", 1, *off).code == 0


def test_a_config_that_a_run_wrote_is_played_as_it_is(played: CommandLine, tmp_path: Path) -> None:
    """It has every option, also those without an effect: nobody chose them."""
    file = played.runs / "small" / "config.toml"
    assert CommandLine(tmp_path)("run", "--config", file, "--rounds", 1).code == 0


class Refining(Options):
    norm: str = "none"
    memory: int = 0
    decay: float = Field(0.9)
    momentum: float = Field(0.1)
    groups: int = 1
    migration: float = 0.1
    needs: ClassVar = {"decay": "memory", "momentum": "norm=batch or norm=instance", "migration": "groups>1"}


class Picky(Refining):
    elites: int = 3
    needs: ClassVar = {"elites": "rewards=scores"}


def test_a_player_says_which_option_needs_another() -> None:
    assert unmet(Refining(decay=0.5), "decay") == ["memory"]
    assert unmet(Refining(memory=5), "decay") == unmet(Refining(), "memory") == []
    assert unmet(Refining(), "momentum") == ["norm=batch", "norm=instance"]
    assert unmet(Refining(norm="instance"), "momentum") == []
    assert unmet(Refining(), "migration") == ["groups>1"] and unmet(Refining(groups=2), "migration") == []


def test_needs_are_inherited_and_may_be_of_the_critic() -> None:
    assert unmet(Picky(), "decay") == ["memory"]
    assert unmet(Picky(), "elites", rewards="picks") == ["rewards=scores"] and unmet(Picky(), "elites") == []


@pytest.mark.parametrize("kind", ["artist", "critic"])
def test_options_that_are_needed_are_there(kind: Any) -> None:
    for name in registry().offers(kind):
        options: type[Options] = registry().load(kind, name).Options
        for option, needed in needs_of(options).items():
            wanted = {CONDITION.fullmatch(one)[1] for one in needed} - {"rewards"}
            assert {option} | wanted <= set(options.model_fields), (name, option)


@pytest.mark.parametrize("recipe", sorted(registry().offers("recipe")))
def test_every_option_of_a_recipe_has_an_effect(recipe: str) -> None:
    tree = read_recipe(recipe, registry())
    tree.pop("recipe")
    given = frozenset(name for name in leaves(tree) if not name.endswith(".name"))
    config = resolve(tree, registry(), given)
    if recipe == "ppgn":
        config = config.changed(start="codes")  # it walks in the code space of a run
    artist, critic = make_pair(config, make_studio(config, None))
    check_effects(config, artist, critic, DIGITS)
