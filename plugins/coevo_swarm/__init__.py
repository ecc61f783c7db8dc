"""Swarms of ants that follow scents and paint their trails."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("swarm", "ants that lay scents, follow them and paint (Greenfield 2005)", "coevo_swarm.artist:Swarm")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer(
            "swarm-art",
            "Greenfield 2009: ants, and a critic that admits works to a gallery",
            "coevo_swarm:recipes/swarm-art.toml",
        )
    ]
