"""Rules of the conformance kit: which a player breaks, and which there are."""

from __future__ import annotations

from typing import Any

from coevo.testing import Check, check_player
from coevo.testing.rules import Bench


class Plain:
    """A subject that can do nothing, for the rules that concern everything of its kind."""


def broken(kind: str, subject: Any, *only: str) -> dict[str, Check]:
    """The rules that a player, or whatever else a plugin offers, breaks."""
    return {check.rule: check for check in check_player(kind, subject, only=only) if not check.passed}


def names(bench: Bench) -> set[str]:
    """The names of the rules that concern the subject of a bench."""
    return {rule.name for rule in bench.rules()}
