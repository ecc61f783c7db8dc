"""Autoencoders: variational, and plain ones with the known penalties; and no critic, which they need not."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer("vae", "a variational autoencoder (Kingma & Welling 2013)", "coevo_vae.vae:VAE"),
        Offer("ae", "an autoencoder: sparse, contractive, denoising, Wasserstein, stacked", "coevo_vae.ae:AE"),
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [Offer("none", "no critic, for artists that have a loss of their own", "coevo_vae.none:NoCritic")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    recipes = {
        "stacked-autoencoder": "Stacked autoencoder, 2007",
        "denoising-autoencoder": "Denoising autoencoder, 2008",
        "sparse-autoencoder": "Sparse autoencoder, 2011",
        "contractive-autoencoder": "Contractive autoencoder, 2011",
        "vae": "Variational autoencoder, 2013",
        "vae-manifold": "Manifold of a VAE, 2013",
        "vae-gan": "VAE/GAN, 2016",
        "wae": "Wasserstein autoencoder, 2018",
    }
    return [Offer(name, title, f"coevo_vae:recipes/{name}.toml") for name, title in recipes.items()]
