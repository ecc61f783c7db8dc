"""The conformance kit, which every artist and critic must pass, and the smallest players to test others with.

`coevo check NAME` prints every check; in a plugin's tests one line is enough: `conform("artist", Sunrise)`.
"""

from coevo.testing.kit import check_player, conform, conformance
from coevo.testing.rules import Check
from coevo.testing.standins import RandomArtist, TargetCritic

__all__ = ["Check", "RandomArtist", "TargetCritic", "check_player", "conform", "conformance"]
