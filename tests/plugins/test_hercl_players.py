"""HERCL's artist and critic: what they learn, whom they play with, and that they conform."""

from __future__ import annotations

import pytest

from coevo.testing.kit import conform
from coevo_hercl.artist import Hercl as Drawer
from coevo_hercl.critic import Hercl as Judge

QUICK = {"evaluations": 200, "critics": 2}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="drawing"),
        pytest.param({"form": "function", "ladders": 2}, id="function"),
        pytest.param({"cells": 3, "ladders": 1}, id="cells"),
    ],
)
def test_the_artist_conforms(options: dict[str, object]) -> None:
    conform("artist", Drawer, options)


def test_the_critic_conforms() -> None:
    conform("critic", Judge, QUICK)
