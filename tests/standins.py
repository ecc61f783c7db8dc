"""What tests share beside `coevo.testing.standins`: tiny real works, a studio for them, and what only tests do."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from coevo import Artist, Critic, Studio, Works
from coevo.native import native
from coevo.shader import Instruction

compiled = pytest.mark.skipif(native() is None, reason="no machine code was built: there is no C compiler here")

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


def seed_all(seed: int) -> None:
    """Seed the global random streams, as a caller's code does."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def flip(path: Path) -> None:
    """Damage a file: one bit in its middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _halve(value: np.ndarray, out: np.ndarray) -> None:
    np.multiply(value, np.float32(0.5), out)


HALF = Instruction("half", _halve, lambda a: a / 2)
"""An instruction as a plugin brings it."""
PICBREEDER_GENOME = """<data><genome><identifier branch="1" id="2"/><parents/><nodes>
<node label="x" type="in"><marking branch="0" id="1"/><activation>identity(x)</activation></node>
<node label="ink" type="out"><marking branch="0" id="2"/><activation>sin(x)</activation></node></nodes><links>
<link><marking branch="0" id="3"/><source branch="0" id="1"/><target branch="0" id="2"/><weight>1.5</weight></link>
</links></genome></data>"""
