"""Boltzmann machines: an energy for every picture, low where real ones are."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("rbm", "a restricted Boltzmann machine (Smolensky 1986, Hinton 2002)", "coevo_boltzmann.artist:RBM")]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer(
            "rbm",
            "free energy: contrastive learning with the artist's works as fantasies",
            "coevo_boltzmann.critic:RBM",
        )
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer("rbm", "Hinton 2002: a restricted Boltzmann machine", "coevo_boltzmann:recipes/rbm.toml"),
        Offer("gp-rbm", "programs as the fantasies of a Boltzmann machine", "coevo_boltzmann:recipes/gp-rbm.toml"),
    ]
