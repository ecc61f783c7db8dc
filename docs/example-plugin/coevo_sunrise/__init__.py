"""A plugin for coevo: an artist and a critic, each in 30 lines."""

from coevo import Offer, hookimpl

COEVO_CONTRACT = 1


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("sunrise", "a network of sines that colours every point of a picture", "coevo_sunrise.artist:Sunrise")
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [Offer("horizon", "a small convolutional network with a hinge loss", "coevo_sunrise.critic:Horizon")]
