"""Critics that learn a taste: from measures of real pictures, or for what is new to them."""

from coevo import Offer, hookimpl


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer(
            "features",
            "a small network on measures of pictures: real ones against evolved (Machado 2008)",
            "coevo_aesthetics.features:Features",
        ),
        Offer(
            "gallery",
            "a network admits works to its gallery, and learns from them (Greenfield & Machado 2009)",
            "coevo_aesthetics.gallery:Gallery",
        ),
        Offer("som", "curious: likes what is new, but not too new (Saunders 2001)", "coevo_aesthetics.som:SOM"),
    ]


@hookimpl
def coevo_datasets() -> list[Offer]:
    return [
        Offer(
            "photographs",
            "crops of scikit-image's photographs, 500 scenes and 300 textures",
            "coevo_aesthetics.photographs:photographs",
        )
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer(
            "artificial-creativity",
            "Saunders 2001: a society of curious agents",
            "coevo_aesthetics:recipes/artificial-creativity.toml",
        ),
        Offer(
            "computational-aesthetics",
            "Machado 2008: programs against a network on measures",
            "coevo_aesthetics:recipes/computational-aesthetics.toml",
        ),
        Offer(
            "aesthetic-learning",
            "Li & Hu 2010: programs for a classifier of good and bad pictures",
            "coevo_aesthetics:recipes/aesthetic-learning.toml",
        ),
        Offer(
            "evolved-art",
            "Blair 2019, Soderlund 2018: programs, a network and a memory of accepted works",
            "coevo_aesthetics:recipes/evolved-art.toml",
        ),
    ]
