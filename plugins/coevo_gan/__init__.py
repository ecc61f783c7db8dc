"""Generative adversarial nets: the artist `dcgan` and the critic `dcnn`."""

from coevo.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("dcgan", "a convolutional generator from noise (Radford 2015)", "coevo_gan.dcgan:DCGAN")]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [Offer("dcnn", "a convolutional discriminator of pictures (Radford 2015)", "coevo_gan.dcnn:DCNN")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [Offer("dcgan", "Deep convolutional GAN, 2015", "coevo_gan:recipes/dcgan.toml")]
