"""Generative adversarial nets: convolutional, fully connected, conditional, and informative (InfoGAN)."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("dcgan", "a convolutional generator, conditional or not (Radford 2015)", "coevo_gan.dcgan:DCGAN"),
        Offer("infogan", "dcgan with informative codes, found without labels (Chen 2016)", "coevo_gan.infogan:InfoGAN"),
        Offer("mlp", "a fully connected generator (Goodfellow 2014)", "coevo_gan.mlp:MLPArtist"),
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer("dcnn", "a convolutional discriminator (Radford 2015)", "coevo_gan.dcnn:DCNN"),
        Offer("mlp", "a fully connected discriminator of maxout units (Goodfellow 2014)", "coevo_gan.mlp:MLPCritic"),
    ]


@hookimpl
def coevo_datasets() -> list[Offer]:
    return [Offer("stacked-mnist", "three random MNIST digits as colours: 1,000 classes", "coevo_gan.stacked:stacked")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    recipes = {
        "gan": "Generative adversarial nets, 2014",
        "cgan": "Conditional GAN, 2014",
        "dcgan": "Deep convolutional GAN, 2015",
        "unrolled-gan": "Unrolled GAN, 2016",
        "infogan": "InfoGAN, 2016",
        "lsgan": "Least squares GAN, 2016",
        "wgan": "Wasserstein GAN, 2017",
        "wgan-gp": "Wasserstein GAN with gradient penalty, 2017",
        "hinge-gan": "Hinge GAN with spectral normalisation, 2018",
        "pacgan": "PacGAN, 2018",
    }
    return [Offer(name, title, f"coevo_gan:recipes/{name}.toml") for name, title in recipes.items()]
