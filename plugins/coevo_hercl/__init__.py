"""HERCL: programs that draw, and programs that judge (Blair 2013; Vickers 2017; Soderlund & Blair 2018)."""

from coevo import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [
        Offer(
            "hercl",
            "programs that draw lines by messages, or paint points: a ladder of changes (Vickers 2017)",
            "coevo_hercl.artist:Hercl",
        )
    ]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [Offer("hercl", "programs that judge pictures by their measures (Vickers 2017)", "coevo_hercl.critic:Hercl")]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer(
            "line-drawings",
            "Vickers 2017: programs that draw lines against programs that judge",
            "coevo_hercl:recipes/line-drawings.toml",
        ),
        Offer(
            "hercl-cnn",
            "Soderlund 2018, Blair 2019: programs that draw lines against a network",
            "coevo_hercl:recipes/hercl-cnn.toml",
        ),
    ]
