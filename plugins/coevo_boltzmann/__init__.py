"""Boltzmann machines: an energy for every picture, low where real ones are."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("rbm", "a restricted Boltzmann machine (Smolensky 1986, Hinton 2002)", "coevo_boltzmann.rbm:RBM"),
        Offer("bm", "a Boltzmann machine with connections in its layers (Ackley 1985)", "coevo_boltzmann.bm:BM"),
        Offer("dbn", "a deep belief network, machine upon machine (Hinton 2006)", "coevo_boltzmann.dbn:DBN"),
    ]


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
def coevo_commands() -> list[Offer]:
    return [Offer("energies", "filters, fantasies and energies of a machine", "coevo_boltzmann.commands:energies")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer("bm", "Ackley 1985: a Boltzmann machine", "coevo_boltzmann:recipes/bm.toml"),
        Offer("rbm", "Hinton 2002: a restricted Boltzmann machine", "coevo_boltzmann:recipes/rbm.toml"),
        Offer("dbn", "Hinton 2006: a deep belief network", "coevo_boltzmann:recipes/dbn.toml"),
        Offer("gp-rbm", "programs as the fantasies of a Boltzmann machine", "coevo_boltzmann:recipes/gp-rbm.toml"),
    ]
