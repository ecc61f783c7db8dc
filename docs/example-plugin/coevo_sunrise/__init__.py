"""An artist for coevo in 30 lines: bright discs, whose sizes and places are learnt."""

from coevo import Offer, hookimpl


@hookimpl
def coevo_artists() -> list[Offer]:
    return [Offer("sunrise", "discs that find their place", "coevo_sunrise.artist:Sunrise")]
