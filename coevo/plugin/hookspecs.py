"""The hooks of a plugin. A hook returns Offers: names, summaries and import paths, nothing that imports torch; so
plugins are listed quickly, and a broken one stops only those who ask for it.

A plugin's module may also say which contract it is written for, with `COEVO_CONTRACT = 1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pluggy

hookspec = pluggy.HookspecMarker("coevo")
hookimpl = pluggy.HookimplMarker("coevo")


class Offer(NamedTuple):
    """One thing that a plugin offers: its name, a summary in one line, and its import path."""

    name: str
    summary: str
    path: str  # "module:attribute"; of a recipe "package:file.toml"


@hookspec
def coevo_artists() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Artists: subclasses of `coevo.Artist`."""


@hookspec
def coevo_critics() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Critics: subclasses of `coevo.Critic`."""


@hookspec
def coevo_games() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Adversarial games: subclasses of `coevo.adversarial.games.Game`."""


@hookspec
def coevo_priors() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Priors of codes: subclasses of `coevo.latent_models.priors.Prior`."""


@hookspec
def coevo_datasets() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Datasets: functions (DataOptions) → Dataset."""


@hookspec
def coevo_functions() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Sets of functions that programs are written in: dicts of `coevo.shader.functions.Function` by name."""


@hookspec
def coevo_recipes() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Recipes: TOML files inside the plugin's package."""


@hookspec
def coevo_importers() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Readers of others' works: functions (Path) → `coevo.images.origin.Origin`."""


@hookspec
def coevo_uis() -> Sequence[Offer]:  # type: ignore[empty-body]
    """User interfaces that ask a person: subclasses of `coevo.interactive.ui.UI`, made without arguments."""


@hookspec(
    warn_on_impl=FutureWarning("Its hook coevo_faces is now called coevo_uis; contract 2 will not have the old name.")
)
def coevo_faces() -> Sequence[Offer]:  # type: ignore[empty-body]
    """User interfaces, by the old name of the hook; deprecated."""


@hookspec
def coevo_trackers() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Trackers, which show runs in other tools: subclasses of `coevo.monitoring.tracker.Tracker`, made without
    arguments."""


@hookspec
def coevo_commands() -> Sequence[Offer]:  # type: ignore[empty-body]
    """Commands of the command line: click commands."""
