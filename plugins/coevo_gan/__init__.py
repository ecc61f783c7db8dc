"""Generative adversarial nets: convolutional, residual, fully connected, conditional, and informative (InfoGAN)."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("dcgan", "a convolutional generator, conditional or not (Radford 2015)", "coevo_gan.dcgan:DCGAN"),
        Offer(
            "biggan",
            "residual blocks that are given the class and a part of z each (Brock 2019)",
            "coevo_gan.biggan:BigGAN",
        ),
        Offer("infogan", "dcgan with informative codes, found without labels (Chen 2016)", "coevo_gan.infogan:InfoGAN"),
        Offer("mlp", "a fully connected generator (Goodfellow 2014)", "coevo_gan.mlp:MLPArtist"),
        Offer("r3gan", "residual blocks without normalisation (Huang 2024)", "coevo_gan.r3gan:R3GAN"),
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer(
            "biggan",
            "a residual discriminator, by projection on the class or not (Brock 2019)",
            "coevo_gan.biggan:BigGANCritic",
        ),
        Offer("dcnn", "a convolutional discriminator (Radford 2015)", "coevo_gan.dcnn:DCNN"),
        Offer("mlp", "a fully connected discriminator of maxout units (Goodfellow 2014)", "coevo_gan.mlp:MLPCritic"),
        Offer(
            "r3gan",
            "residual blocks without normalisation, in pairs with R1 and R2 (Huang 2024)",
            "coevo_gan.r3gan:R3GANCritic",
        ),
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
        "biggan": "BigGAN, 2018",
        "lipizzaner": "Lipizzaner: a cell of a grid of GANs, 2018",
        "r3gan": "R3GAN, 2024",
    }
    return [Offer(name, title, f"coevo_gan:recipes/{name}.toml") for name, title in recipes.items()]
