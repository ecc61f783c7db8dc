"""Cellular automata: pictures that grow by a local rule."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return []


@hookimpl
def coevo_recipes() -> list[Offer]:
    return []
