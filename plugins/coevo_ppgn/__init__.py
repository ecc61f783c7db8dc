"""Plug & Play Generative Networks: walks in a trained artist's code space, under any critic with gradients."""

from coevo import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("ppgn", "walks in the code space of a trained artist (Nguyen 2016)", "coevo_ppgn.artist:PPGN")]


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer(
            "classifier",
            "a small network that is trained once on labels, and rewards works of their class",
            "coevo_ppgn.classifier:Classifier",
        )
    ]


@hookimpl
def coevo_recipes() -> list[Offer]:
    return [
        Offer("ppgn", "Nguyen 2016: codes that climb a classifier, with --from RUN", "coevo_ppgn:recipes/ppgn.toml")
    ]
