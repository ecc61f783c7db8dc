"""A biomorph's genes, and how they mutate (Dawkins 1986, The Blind Watchmaker, ch. 3, and his program of 1988)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from coevo import DataError

Spokes = Literal["north", "north-south", "radial"]
LATER = ("segments", "gradients", "symmetry", "spokes", "mutation_size")

TRICKLE = 10  # genes are in tenths: a gene of 10 moves a branch of length 1 by one unit
WIDEST = 999  # |g1..g8| at most
BRANCHES = 4096  # segments · 2**depth at most: Dawkins' "size worry"
DEEPEST = 11


@dataclass(frozen=True, slots=True)
class Genotype:
    """A biomorph's genes. Those after the first nine came later, and are off by default.

    Args:
        genes: g1..g8, which place eight directions, and g9, the depth.
        segments: number of trees, one below the other.
        distance: from one segment to the next, in tenths.
        gradients: change of g1..g8, of the thickness of twigs and of the distance from segment to segment: -1, 0 or 1.
        bilateral: whether left and right mirror each other.
        spokes: the trees as they are, mirrored upside down, or in four directions.
        mutation_size: the step by which g1..g8 mutate.
    """

    genes: tuple[int, ...]
    segments: int = 1
    distance: int = 150
    gradients: tuple[int, ...] = (0,) * 10
    bilateral: bool = True
    spokes: Spokes = "north"
    mutation_size: int = TRICKLE // 2

    @property
    def depth(self) -> int:
        return self.genes[8]

    @property
    def viable(self) -> bool:
        """Whether it is within bounds, so that it is quick to draw."""
        return (
            all(abs(gene) <= WIDEST for gene in self.genes[:8])
            and 1 <= self.depth <= DEEPEST
            and self.segments >= 1
            and self.segments * 2**self.depth <= BRANCHES
            and abs(self.distance) <= 10 * WIDEST
            and 1 <= self.mutation_size <= WIDEST
        )

    def text(self) -> str:
        """Compact JSON without the genes that have their default values."""
        changed = {key: getattr(self, key) for key, default in DEFAULTS.items() if getattr(self, key) != default}
        return json.dumps({"genes": self.genes, **changed})


DEFAULTS = {field.name: field.default for field in fields(Genotype) if field.name != "genes"}


def parse(text: str) -> Genotype:
    """The genotype that `Genotype.text` wrote. Raises DataError if the text is not one, or out of bounds."""
    try:
        read: dict[str, Any] = json.loads(text)
        lists: dict[str, Any] = {key: tuple(read[key]) for key in ("genes", "gradients") if key in read}
        genotype = Genotype(**{**read, **lists})
        basic = asdict(Genotype((0,) * 9))
        right = all(
            type(value) is type(basic[key]) and (not isinstance(value, tuple) or len(value) == len(basic[key]))
            for key, value in asdict(genotype).items()
        )
        whole = all(type(gene) is int for gene in (*genotype.genes, *genotype.gradients))
        known = genotype.spokes in ("north", "north-south", "radial") and set(genotype.gradients) <= {-1, 0, 1}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{text[:60]!r} is not a biomorph's genome ({error}).") from error
    if not (right and whole and known and genotype.viable):
        raise DataError(f"{text[:60]!r} is not a biomorph's genome: it has other genes, or some are out of bounds.")
    return genotype


def mutate(parent: Genotype, probability: float, later: frozenset[str], rolls: Iterator[float]) -> Genotype:
    """A mutant of a genotype. g1..g8 change by the mutation size, g9 by one; never beyond the bounds.

    Args:
        probability: of the mutation of each gene.
        later: which of the later genes mutate too.
        rolls: uniform draws from [0, 1).
    """

    def chance(p: float = probability) -> bool:
        return next(rolls) < p

    def way() -> int:
        return 1 if next(rolls) < 0.5 else -1

    child = parent

    def change(**genes: Any) -> None:
        nonlocal child
        mutant = replace(child, **genes)
        child = mutant if mutant.viable else child

    if "mutation_size" in later and chance():
        change(mutation_size=child.mutation_size + way())
    for index in range(9):
        if chance():
            step = way() * (child.mutation_size if index < 8 else 1)
            change(genes=put(child.genes, index, child.genes[index] + step))
    if "segments" in later:
        if chance():
            change(segments=child.segments + way())
        if child.segments > 1 and chance():
            change(distance=child.distance + way() * child.mutation_size)
    if "gradients" in later:
        for index in range(10):
            if (child.segments > 1 or index == 8) and chance(probability / 2):
                steps = {-1: 0, 0: way(), 1: 0}
                change(gradients=put(child.gradients, index, steps[child.gradients[index]]))
    if "symmetry" in later and chance(probability / 2):
        change(bilateral=not child.bilateral)
    if "spokes" in later and chance(probability / 2):
        further: Spokes = "radial" if way() > 0 else "north"
        change(spokes=further if child.spokes == "north-south" else "north-south")
    return child


def put(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])


# Dawkins' own three
TREE = Genotype((-10, -20, -20, -15, -15, 0, 15, 15, 7))
INSECT = Genotype((10, 10, -40, 10, -10, -20, 80, -40, 6))
CHESS = Genotype((-10, 30, -30, -30, 10, -20, 60, -50, 7))
