"""Works of a run by number, and the way from one to another through its artist's latent space."""

from __future__ import annotations

import torch

from coevo.errors import ConfigError
from coevo.images.sheets import to_bytes, to_picture
from coevo.storage.run_folder import RunFolder
from coevo.tools.latent_space import LatentSpace, interpolate
from coevo_web.jobs import PLAYERS
from coevo_web.pictures import Pictures

WORKS = 24  # to choose two of
STEPS = 33  # from one to the other, both among them


class Walks:
    """The latent space of one run.

    Args:
        run: its folder.
        pictures: where pictures are kept.

    Raises:
        PairError: its artist has no latent space to walk through.
    """

    def __init__(self, run: RunFolder, pictures: Pictures):
        self.pictures = pictures
        with PLAYERS:
            self.space = LatentSpace.of(run)

    def works(self, seed: int) -> list[str]:
        """Works of a seed, as the addresses of their pictures."""
        with PLAYERS:
            return self._drawn(self.space.samples(WORKS, seed))

    def walk(self, seed: int, start: int, stop: int) -> list[str]:
        """Pictures on the way between two works of a seed, by their places."""
        if not (0 <= start < WORKS and 0 <= stop < WORKS):
            raise ConfigError(f"There are works 0 to {WORKS - 1}, not {start} and {stop}.")
        with PLAYERS:
            samples = self.space.samples(WORKS, seed)
            t = torch.linspace(0, 1, STEPS, device=samples.device)
            return self._drawn(interpolate(samples[start], samples[stop], t, self.space.code))

    def _drawn(self, codes: torch.Tensor) -> list[str]:
        pixels = to_bytes(self.space.decode(codes))
        return [f"/pictures/{self.pictures.add(to_picture(picture))}.png" for picture in pixels]
