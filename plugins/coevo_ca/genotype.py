"""Genotypes of automata and of agents, as text: `noise: (+ cell laplacian) | (* #(1.0 0.5 0.2) mean)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coevo import DataError
from coevo.trees.language import Language
from coevo.trees.tree import Tree
from coevo_ca.growth import STARTS

BETWEEN = " | "


class Genotype(NamedTuple):
    """What a picture grows from, and the rules by which it grows.

    Args:
        start: one of STARTS.
        trees: the rule of a cell's next state and, if there is one, what paints the last state; or the colour that
            agents leave, and their move.
    """

    start: str
    trees: tuple[Tree, ...]


def texts(language: Language, genotypes: Sequence[Genotype]) -> list[str]:
    """The text of each genotype."""
    written = iter(language.texts([tree for one in genotypes for tree in one.trees]))
    return [f"{one.start}: {BETWEEN.join(next(written) for _ in one.trees)}" for one in genotypes]


def parse(language: Language, text: str, parts: int, max_instructions: int) -> Genotype:
    """The genotype that a text is.

    Args:
        language: of its expressions.
        parts: how many expressions it should have.
        max_instructions: that each may take.

    Raises:
        DataError: it is none, or beyond the limits; with the reason.
    """
    start, colon, rest = text.partition(":")
    if not colon or start not in STARTS:
        raise _wrong(text, f"it should begin with one of {', '.join(STARTS)}, and a colon")
    expressions = rest.split(BETWEEN.strip())
    if len(expressions) != parts:
        raise _wrong(
            text,
            f"its expressions are {len(expressions)} and should be {parts}; artist.paint and artist.agents should be "
            "as they were when it was bred",
        )
    trees = tuple(map(language.parse, expressions))
    if max(map(language.price, trees)) > max_instructions:
        raise _wrong(
            text, f"an expression takes more than {max_instructions} instructions; see artist.max_instructions"
        )
    return Genotype(start, trees)


def _wrong(text: str, why: str) -> DataError:
    return DataError(f"{text[:60]!r}{'…' * (len(text) > 60)} is no automaton: {why}.")
