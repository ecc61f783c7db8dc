"""Cellular automata: pictures that grow by a local rule."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("ca", "cellular automata and agents by an evolved rule (Kowaliw 2012)", "coevo_ca.artist:CA")]


@hookimpl
def coevo_functions() -> list[Offer]:
    return [
        Offer("automaton", "arithmetic and comparisons for rules of automata", "coevo_ca.neighbourhood:AUTOMATON"),
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [Offer("evoeco", "EvoEco, 2012", "coevo_ca:recipes/evoeco.toml")]
