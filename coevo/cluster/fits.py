"""Which runs workers can do something for."""

from __future__ import annotations

from coevo.contract.players import Artist
from coevo.errors import ConfigError
from coevo.evolution.latent_population import LatentPopulation
from coevo.evolution.population import Population


def check_evolves(artist: Artist, installed: bool) -> None:
    """Raise ConfigError if an artist has no genomes that workers could draw from their text.

    Args:
        artist: of the run.
        installed: whether it is a plugin's, and not a class of a file or of a notebook.
    """
    one = getattr(artist, "members", [artist])[0]  # of a society
    if not isinstance(one, Population):
        raise ConfigError(
            f"Artist {artist.name!r} has no population that a cluster could draw; --processes divides the batches of "
            "players that learn by gradients."
        )
    if isinstance(one, LatentPopulation):
        raise ConfigError(
            f"The codes of artist {artist.name!r} are decoded by its network, which is here and not on a cluster; "
            "leave out --cluster."
        )
    if not installed:
        raise ConfigError(
            f"Artist {artist.name!r} is a class of your own, which workers of a cluster do not have; `coevo "
            "new-plugin` makes a package of it, to be installed there too."
        )
