"""Dawkins' biomorphs: recursive trees that nine genes draw."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("biomorph", "recursive trees of nine genes (Dawkins 1986)", "coevo_biomorph.artist:Biomorph")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [Offer("blind-watchmaker", "The Blind Watchmaker, 1986", "coevo_biomorph:recipes/blind-watchmaker.toml")]
