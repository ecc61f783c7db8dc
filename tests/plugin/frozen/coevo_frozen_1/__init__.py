"""A plugin as its author wrote it for contract 1. Nothing here is ever changed: it has to load, play and resume with
every coevo that has this contract."""

from coevo import Offer, hookimpl

COEVO_CONTRACT = 1


@hookimpl
def coevo_artists():
    return [
        Offer("ember-1", "shades of a code, by gradients", "coevo_frozen_1.players:Ember"),
        Offer("moss-1", "stripes that evolve", "coevo_frozen_1.players:Moss"),
    ]


@hookimpl
def coevo_critics():
    return [Offer("jury-1", "one layer, hinge loss", "coevo_frozen_1.players:Jury")]


@hookimpl
def coevo_games():
    return [Offer("tug-1", "a linear game", "coevo_frozen_1.players:Tug")]


@hookimpl
def coevo_priors():
    return [Offer("ones-1", "always one", "coevo_frozen_1.players:Ones")]


@hookimpl
def coevo_datasets():
    return [Offer("ramps-1", "ramps from dark to bright", "coevo_frozen_1.players:ramps")]


@hookimpl
def coevo_functions():
    return [Offer("waves-1", "a sine", "coevo_frozen_1.players:WAVES")]


@hookimpl
def coevo_recipes():
    return [Offer("embers-1", "ember-1 against jury-1", "coevo_frozen_1:embers.toml")]


@hookimpl
def coevo_commands():
    return [Offer("glow-1", "says something", "coevo_frozen_1.players:glow")]
