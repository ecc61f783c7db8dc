"""A stream of random draws that machine code and Python share, so that both draw the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import cos, log, sqrt
from typing import TypeVar

T = TypeVar("T")
BITS = (1 << 64) - 1


def random_seeds(n: int) -> list[int]:
    """Seeds of n streams, by Python's global stream."""
    return [random.getrandbits(64) for _ in range(n)]


class Draws:
    """A stream of draws, as in `draws.h`.

    Args:
        seed: 64 bits.

    Reference: splitmix64 (Steele, Lea & Flood 2014).

    Example:
        >>> draws = Draws(3)
        >>> [draws.below(6) for _ in range(5)]
        [0, 4, 3, 0, 1]
    """

    def __init__(self, seed: int):
        self.state = seed & BITS

    def bits(self) -> int:
        """64 random bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & BITS
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1; n is at most 2³²."""
        return ((self.bits() >> 32) * n) >> 32

    def uniform(self) -> float:
        """A number from 0 to 1, 1 excluded."""
        return (self.bits() >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.uniform()

    def normal(self) -> float:
        """A normal number (Box & Muller 1958)."""
        radius = sqrt(-2 * log(1 - self.uniform()))
        return radius * cos(6.283185307179586 * self.uniform())

    def choice(self, options: Sequence[T]) -> T:
        """One of the options, each as likely as any other."""
        return options[self.below(len(options))]
