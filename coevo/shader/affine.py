"""Affine chains: scales and shifts of values are folded into the weights of the sums that use them.

They are then numbers, where they would be two instructions for every pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coevo.shader.expressions import Canvas, Expression, Number


class Affine(NamedTuple):
    """The value scale · core + shift."""

    core: Expression
    scale: float = 1.0
    shift: float = 0.0

    @property
    def value(self) -> Expression:
        """The value as one expression."""
        return self.core * self.scale + self.shift


Terms = Sequence[tuple[Number, Affine]]
"""Weights and values."""


def weighted_sum(canvas: Canvas, terms: Terms, scale: float = 1.0) -> Expression:
    """scale · Σ weight · value. What depends on no coordinate, or on one alone, is added up by itself."""
    constant: Number = 0.0
    sums: dict[int, Expression] = {}
    for weight, (core, its_scale, shift) in terms:
        if shift:
            constant = constant + weight * (shift * scale)
        if its_scale:
            factor = weight * (its_scale * scale)
            along = canvas.along[core.node]
            sums[along] = core.scaled(factor, plus=sums[along]) if along in sums else core * factor
    return sum((sums[along] for along in sorted(sums)), canvas.wrap(constant))
