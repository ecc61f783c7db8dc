"""Pictures from pictures: artists that are given something, and a critic of patches that sees what it was."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    artists = {
        "pix2pix": ("pix2pix:Pix2pix", "pictures from pictures or label maps, by pairs (Isola 2017)"),
        "cyclegan": ("cyclegan:CycleGAN", "pictures of one domain from those of another, without pairs (Zhu 2017)"),
        "unit": ("unit:UNIT", "the same by a common latent space (Liu 2017)"),
        "spade": ("spade:Spade", "pictures from label maps, in many styles (Park 2019)"),
    }
    return [Offer(name, summary, f"coevo_translation.{path}") for name, (path, summary) in artists.items()]


@hookimpl
def coevo_critics() -> list[Offer]:
    summary = "judges every patch of a picture, and what it was made from (Isola 2017)"
    return [Offer("patch", summary, "coevo_translation.patch:Patch")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    recipes = {
        "pix2pix": "Image-to-image translation with conditional adversarial networks, 2017",
        "cyclegan": "Unpaired translation by cycle-consistent networks, 2017",
        "unit": "Unsupervised image-to-image translation networks, 2017",
        "gaugan": "Semantic image synthesis with spatially-adaptive normalization, 2019",
    }
    return [Offer(name, title, f"coevo_translation:recipes/{name}.toml") for name, title in recipes.items()]
