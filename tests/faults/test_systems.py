"""Every recipe can be played in small; of those that begin with a run, `test_kills` plays one."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.systems import recipes, small, walks

from coevo.cli.playing import run
from coevo.loop import check_pair
from coevo.runs.build import make_pair, make_studio
from coevo.runs.config import assignments, merge
from coevo.runs.starting import new_config


@pytest.mark.parametrize("recipe", [recipe for recipe in recipes() if not walks(recipe)])
def test_the_players_of_a_recipe_take_its_small_settings(recipe: str, tmp_path: Path) -> None:
    given = run.make_context("run", small(recipe)).params
    flags = {"data": {"size": given["size"]}, "run": {"batch": given["batch"]}}
    config, _ = new_config(recipe, merge(flags, assignments(given["options"])), tmp_path)
    check_pair(*make_pair(config, make_studio(config, None)))
