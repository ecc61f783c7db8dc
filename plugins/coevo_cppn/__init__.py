"""Compositional pattern-producing networks, grown by NEAT (Stanley 2007; PicBreeder, Secretan 2011)."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("cppn", "networks from coordinates to colours, grown by NEAT (Stanley 2007)", "coevo_cppn.artist:CPPN")
    ]


@hookimpl
def coevo_importers() -> list[Offer]:
    return [Offer("picbreeder", "a genome of PicBreeder, as .zip or .xml", "coevo_cppn.picbreeder:origin")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer("picbreeder", "PicBreeder, 2011", "coevo_cppn:recipes/picbreeder.toml"),
        Offer("cppn-dcnn", "CPPNs against a convolutional critic", "coevo_cppn:recipes/cppn-dcnn.toml"),
    ]
