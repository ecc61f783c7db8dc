"""Genetic programming: pictures by programs over the coordinates (Sims 1991)."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("gp", "programs that compute a colour for every point (Sims 1991)", "coevo_gp.artist:GP")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer("sims", "Artificial Evolution for Computer Graphics, 1991", "coevo_gp:recipes/sims.toml"),
        Offer("gp-dcnn", "genetic programming against a convolutional critic", "coevo_gp:recipes/gp-dcnn.toml"),
    ]
