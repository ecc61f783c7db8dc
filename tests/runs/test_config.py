"""From text to typed options and back."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coevo.errors import ConfigError
from coevo.loop import Phase
from coevo.plugin.registry import registry
from coevo.runs.config import assignments, merge, parse_assignment, read_recipe, read_toml, resolve

DCGAN = {"artist": {"name": "dcgan"}, "critic": {"name": "dcnn"}}
keys = st.text("abcdef", min_size=1, max_size=3)
leaves = st.integers() | st.booleans() | st.text("xyz", max_size=3)
trees = st.recursive(st.dictionaries(keys, leaves, max_size=3), lambda below: st.dictionaries(keys, below, max_size=3))


@given(
    seed=st.integers(0, 2**62),
    rounds=st.none() | st.integers(1, 10**9),
    minutes=st.none() | st.floats(0.001, 1e6),
    latent=st.integers(1, 4096),
    game=st.sampled_from(sorted(registry().offers("game"))),
    steps=st.integers(1, 1000),
    goal=st.none() | st.floats(0, 1),
)
@settings(deadline=None)  # the first one imports the players
def test_what_is_written_to_config_toml_is_read_back(
    seed: int, rounds: Any, minutes: Any, latent: int, game: str, steps: int, goal: Any
) -> None:
    given_tree = merge(
        DCGAN,
        {"run": {"seed": seed, "rounds": rounds, "minutes": minutes}},
        {"artist": {"latent": latent}, "critic": {"game": game}},
        {"phases": {"critic": {"steps": steps, "goal": goal}}},
    )
    config = resolve(given_tree, registry())
    assert resolve(tomllib.loads(config.toml()), registry()) == config


@given(trees, trees)
def test_later_trees_lie_on_top_of_earlier_ones(below: dict, above: dict) -> None:
    merged = merge(below, above)
    assert merge(merged, above) == merged
    assert merge({}, below) == below
    assert set(merged) == set(below) | set(above)


@given(st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_the_value_of_an_assignment_is_read_as_toml(value: Any) -> None:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    assert parse_assignment(f"artist.latent={text}") == {"artist": {"latent": value}}


def test_a_value_that_is_not_toml_is_text() -> None:
    assert assignments(["data.name=photos/of cats", "critic.game=hinge"]) == {
        "data": {"name": "photos/of cats"},
        "critic": {"game": "hinge"},
    }


def test_another_player_takes_no_options_of_the_one_below() -> None:
    below = {"artist": {"name": "dcgan", "latent": 3}}
    assert merge(below, {"artist": {"name": "sunrise"}}) == {"artist": {"name": "sunrise"}}
    assert merge(below, {"artist": {"name": "dcgan"}}) == below


def test_players_of_one_name_and_different_plugins_share_no_options() -> None:
    below = {"artist": {"name": "sky:cloud", "shade": 1}}
    assert merge(below, {"artist": {"name": "sea:cloud"}}) == {"artist": {"name": "sea:cloud"}}
    assert merge(below, {"artist": {"name": "cloud"}}) == {"artist": {"name": "cloud", "shade": 1}}


def test_a_critic_that_is_trained_once_has_its_steps_in_the_first_round() -> None:
    tree = {"artist": {"name": "dcgan"}, "critic": {"name": "classifier", "steps": 7}}
    phase = resolve(tree, registry()).critic_phase
    assert (phase.steps, phase.rounds) == (7, 1)
    phase = resolve(merge(tree, {"phases": {"critic": {"steps": 3, "rounds": 2}}}), registry()).critic_phase
    assert (phase.steps, phase.rounds) == (3, 2)


def test_phases_of_a_round() -> None:
    tree = merge(DCGAN, {"phases": {"critic": {"steps": 5}, "artist": {"goal": 0.5, "restart": True}}})
    config = resolve(tree, registry())
    critic, artist = Phase("critic", 5), Phase("artist", 1, 0.5, restart=True)
    assert config.phases(critic_learns=True) == (critic, artist)
    assert config.phases(critic_learns=False) == (artist,)


def test_every_mistake_is_a_line() -> None:
    tree = {"artist": {"name": "dcgan", "latent": "many"}, "critic": {"name": "dcn"}, "run": {"batch": 1}, "rum": {}}
    with pytest.raises(ConfigError) as caught:
        resolve(tree, registry())
    assert len(caught.value.mistakes) == 4
    assert "artist.latent" in str(caught.value) and "did you mean 'dcnn'" in str(caught.value)


def test_a_recipe_is_a_tree() -> None:
    tree = read_recipe("dcgan", registry())
    assert tree["recipe"]["year"] == 2015 and resolve(tree, registry()).artist_class.name == "dcgan"


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("= what")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        read_toml(tmp_path / "x.toml")


def test_a_section_that_is_not_a_table() -> None:
    with pytest.raises(ConfigError, match="run should be a table"):
        resolve({**DCGAN, "run": 3}, registry())


@pytest.mark.parametrize("tree", [{"phases": {"artist": 3}}, {"made": 3}, {"made": {"classes": 3}}])
def test_a_part_that_is_not_a_table_is_refused_in_a_sentence(tree: dict) -> None:
    with pytest.raises(ConfigError, match=r"phases\.artist should be a table|made"):
        resolve({**DCGAN, **tree}, registry())
