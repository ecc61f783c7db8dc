"""Pictures from pictures: artists that are given something, and a critic of patches that sees what it was."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer(
            "pix2pix",
            "pictures from pictures or label maps, by pairs (Isola 2017)",
            "coevo_translation.pix2pix:Pix2pix",
        ),
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer(
            "patch",
            "judges every patch of a picture, and what it was made from (Isola 2017)",
            "coevo_translation.patch:Patch",
        ),
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    recipes = {"pix2pix": "Image-to-image translation with conditional adversarial networks, 2017"}
    return [Offer(name, title, f"coevo_translation:recipes/{name}.toml") for name, title in recipes.items()]
