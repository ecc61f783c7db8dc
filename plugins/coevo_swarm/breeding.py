"""How colonies vary: genes mutate one by one, and castes are exchanged whole.

Draws are Python's global ones, which the run seeds and saves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from coevo_swarm.genes import (
    CANVAS,
    CASTE,
    FACINGS,
    LAYOUTS,
    LAYS,
    LIKES,
    LONGEST_RULE,
    PENS,
    SCENT,
    SCENTS,
    Caste,
    Colony,
    Gene,
)
from coevo_swarm.random_colonies import Palette, random_caste, shifted

T = TypeVar("T")
STEP, FACTOR = 0.15, 0.4  # standard deviations of a change, of a gene's range and of its logarithm
TRIES = 100  # for a colony that is within bounds, or differs


def offspring(mother: Colony, father: Colony | None, mutations: float, castes: int, turmites: float) -> Colony:
    """A child of one colony or of two, with `mutations` on average; never beyond the bounds."""
    child = crossed(mother, father) if father else mother
    count = int(mutations) + (random.random() < mutations % 1)
    for _ in range(count):
        child = mutated(child, castes, turmites)
    return child


def crossed(mother: Colony, father: Colony) -> Colony:
    """Castes and the genes of the canvas, each of either parent; as many castes as one of them has."""
    for _ in range(TRIES):
        longer = random.choice((mother, father)).castes
        castes = [
            random.choice([one.castes[place] for one in (mother, father) if place < len(one.castes)])
            for place in range(len(longer))
        ]
        genes = {
            name: getattr(random.choice((mother, father)), name)
            for name in ("scents", "steps", "layout", "extent", "facing", "background", "seed")
        }
        child = Colony(tuple(castes), **genes)
        if child.viable:
            return child
    return mother


def mutated(colony: Colony, castes: int, turmites: float) -> Colony:
    """A colony that differs in one gene, in one caste, or in the order of castes."""
    kinds: dict[Callable[[Colony], Colony], float] = {
        _number_of_caste: 8,
        _weight: 4,
        _colour: 4,
        _number_of_canvas: 2,
        _scent: 1,
        _choice: 2,
        lambda one: _added(one, castes, turmites): 1,
        _removed: 1,
        _reordered: 1,
        lambda one: replace(one, seed=random.getrandbits(32)): 0.5,
    }
    for _ in range(TRIES):
        (change,) = random.choices(list(kinds), list(kinds.values()))
        child = change(colony).tidy()
        if child != colony and child.viable:
            return child
    return colony


def _number_of_caste(colony: Colony) -> Colony:
    place = random.randrange(len(colony.castes))
    its = colony.castes[place]
    unused = {"moves"} if not its.rule else {"speed", "curl", "jitter", "turn", "angle", "reach", "width"}
    unused |= {"pen_low", "pen_high"} if its.pen == "always" or its.rule else set()
    name = random.choice([name for name in CASTE if name not in unused])
    return _with(colony, place, _set(its, name, varied(getattr(its, name), CASTE[name])))


def _weight(colony: Colony) -> Colony:
    place = random.randrange(len(colony.castes))
    its = colony.castes[place]
    name, gene = random.choice([("likes", LIKES), ("lays", LAYS)])
    values = list(getattr(its, name))
    index = random.randrange(len(values))
    values[index] = 0.0 if random.random() < 0.2 else varied(values[index], gene)
    return _with(colony, place, _set(its, name, tuple(values)))


def _colour(colony: Colony) -> Colony:
    place = random.randrange(len(colony.castes) + 1)
    if place == len(colony.castes):
        return replace(colony, background=shifted(colony.background, 0.08, 0.15))
    its = colony.castes[place]
    name = random.choice(["colour", "end_colour"])
    return _with(colony, place, _set(its, name, shifted(getattr(its, name), 0.1, 0.2)))


def _number_of_canvas(colony: Colony) -> Colony:
    name = random.choice(["steps", "extent"])
    return _set(colony, name, varied(getattr(colony, name), CANVAS[name]))


def _scent(colony: Colony) -> Colony:
    place, name = random.randrange(len(SCENTS)), random.choice(list(SCENT))
    scents = list(colony.scents)
    scents[place] = _set(scents[place], name, varied(getattr(scents[place], name), SCENT[name]))
    return replace(colony, scents=tuple(scents))


def _choice(colony: Colony) -> Colony:
    name = random.choice(["layout", "facing", "pen", "rule"])
    if name in ("layout", "facing"):
        return _set(colony, name, random.choice(LAYOUTS if name == "layout" else FACINGS))
    place = random.randrange(len(colony.castes))
    its = colony.castes[place]
    if name == "pen":
        return _with(colony, place, replace(its, pen=random.choice(PENS)))
    return _with(colony, place, replace(its, rule=_rule(its.rule)))


def _rule(rule: str) -> str:
    """A turmite's rule with a letter changed, added or removed; ants stay ants."""
    if not rule:
        return rule
    at, letter = random.randrange(len(rule)), random.choice("LRUN")
    changes = [rule[:at] + letter + rule[at + 1 :]]
    changes += [rule[:at] + letter + rule[at:]] if len(rule) < LONGEST_RULE else []
    changes += [rule[:at] + rule[at + 1 :]] if len(rule) > 2 else []
    return random.choice(changes)


def _added(colony: Colony, castes: int, turmites: float) -> Colony:
    """A colony with one more caste: a new one in colours near those of another, or a copy of one that is there."""
    if len(colony.castes) >= castes:
        return colony
    place = random.randrange(len(colony.castes) + 1)
    if random.random() < 0.5:
        new = random_caste(Palette(), place, turmites)
        its = random.choice(colony.castes)
        new = replace(new, colour=shifted(its.colour, 0.1, 0.2), end_colour=shifted(its.end_colour, 0.1, 0.2))
    else:
        new = random.choice(colony.castes)
    return replace(colony, castes=(*colony.castes[:place], new, *colony.castes[place:]))


def _removed(colony: Colony) -> Colony:
    place = random.randrange(len(colony.castes))
    return replace(colony, castes=(*colony.castes[:place], *colony.castes[place + 1 :]))


def _reordered(colony: Colony) -> Colony:
    return replace(colony, castes=tuple(random.sample(colony.castes, len(colony.castes))))


def _set(it: T, name: str, value: Any) -> T:
    """A caste, a scent or a colony with another value of one gene."""
    changed: T = replace(it, **{name: value})  # type: ignore[type-var]
    return changed


def _with(colony: Colony, place: int, caste: Caste) -> Colony:
    return replace(colony, castes=(*colony.castes[:place], caste, *colony.castes[place + 1 :]))


def varied(value: float, gene: Gene) -> float:
    """A number near another, within the bounds of its gene."""
    if gene.ratio:
        new = value * math.exp(random.gauss(0, FACTOR))
        if gene.whole and round(new) == value:
            new = value + random.choice([-1, 1])
    else:
        new = value + random.gauss(0, STEP * (gene.high - gene.low))
    result: float = gene.bounded(new)
    return result
