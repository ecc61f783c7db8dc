"""Adversarial autoencoders, whose codes a critic holds to a prior; and ALAE, whose critic shares the encoder."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("aae", "an adversarial autoencoder (Makhzani 2015)", "coevo_aae.aae:AAE"),
        Offer(
            "aae-labelled-prior",
            "an AAE with a region of its prior for every class",
            "coevo_aae.labelled_prior:LabelledPriorAAE",
        ),
        Offer("aae-supervised", "an AAE whose decoder is given the label", "coevo_aae.supervised:SupervisedAAE"),
        Offer(
            "aae-semi-supervised",
            "an AAE that learns classes from a few labels",
            "coevo_aae.semi_supervised:SemiSupervisedAAE",
        ),
        Offer("aae-clustering", "an AAE that finds clusters without labels", "coevo_aae.clustering:ClusteringAAE"),
        Offer("aae-mixture", "an AAE that fits a mixture of Gaussians to its latents", "coevo_aae.mixture:MixtureAAE"),
        Offer("alae", "an adversarial latent autoencoder (Pidhorskyi 2020)", "coevo_aae.alae:ALAE"),
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer("alae", "a discriminator behind the encoder of artist alae", "coevo_aae.alae:ALAECritic"),
        Offer("latent", "a discriminator of codes, with a head for each block", "coevo_aae.latent:LatentCritic"),
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    recipes = {
        "aae": "Adversarial autoencoder, 2015",
        "aae-swiss-roll": "Adversarial autoencoder with a Swiss roll, 2015",
        "aae-supervised": "Supervised adversarial autoencoder: style and class, 2015",
        "aae-semi-supervised": "Semi-supervised adversarial autoencoder, 2015",
        "aae-clustering": "Clustering adversarial autoencoder, 2015",
        "alae": "Adversarial latent autoencoder, 2020",
    }
    return [Offer(name, title, f"coevo_aae:recipes/{name}.toml") for name, title in recipes.items()]
