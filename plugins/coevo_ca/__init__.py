"""Cellular automata: pictures that grow by a local rule."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("ca", "cellular automata and agents by an evolved rule (Kowaliw 2012)", "coevo_ca.artist:CA"),
        Offer("nca", "a neural cellular automaton, which grows from one cell", "coevo_ca.neural.artist:NCA"),
    ]


@hookimpl
def coevo_functions() -> list[Offer]:
    return [
        Offer("automaton", "arithmetic and comparisons for rules of automata", "coevo_ca.neighbourhood:AUTOMATON"),
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    recipes = {
        "evoeco": "EvoEco, 2012",
        "growing-nca": "Growing neural cellular automata, 2020",
        "nca-dcnn": "Neural cellular automata against a critic, 2021",
    }
    return [Offer(name, title, f"coevo_ca:recipes/{name}.toml") for name, title in recipes.items()]
