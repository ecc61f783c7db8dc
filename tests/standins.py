"""Tiny real works, a studio for them, and a genome of PicBreeder: shared by tests, beside `coevo.testing.standins`."""

from __future__ import annotations

import torch

from coevo import Artist, Critic, Studio, Works

SHAPE = (1, 4, 4)
REAL = 0.5  # the mean of every pixel of a real work


class Reals:
    """Real works: grey squares. `reals` of them in a batch, beside `size` made ones."""

    def __init__(self, size: int = 8, reals: int | None = None):
        self.size, self.reals = size, reals or size

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works:
        noise = torch.Generator().manual_seed(round * 10_000 + phase * 1_000 + step)
        return Works(images=REAL + 0.1 * torch.randn(self.reals, *SHAPE, generator=noise))

    def close(self) -> None:
        pass


def studio(seed: int = 0) -> Studio:
    """A studio for pictures of 1 × 4 × 4, its streams started."""
    tiny = Studio(image=SHAPE, seed=seed)
    tiny.reseed()
    return tiny


def built(artist: Artist, critic: Critic) -> tuple[Artist, Critic]:
    """Both, built."""
    artist.build()
    critic.build(artist)
    return artist, critic


PICBREEDER_GENOME = """<data><genome><identifier branch="1" id="2"/><parents/><nodes>
<node label="x" type="in"><marking branch="0" id="1"/><activation>identity(x)</activation></node>
<node label="ink" type="out"><marking branch="0" id="2"/><activation>sin(x)</activation></node></nodes><links>
<link><marking branch="0" id="3"/><source branch="0" id="1"/><target branch="0" id="2"/><weight>1.5</weight></link>
</links></genome></data>"""
