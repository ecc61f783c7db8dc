"""Random colonies that may be worth a look: castes of a few ways of life, in colours that go together.

Draws are Python's global ones, which the run seeds and saves.
"""

from __future__ import annotations

import colorsys
import math
import random
from typing import Any

from coevo_swarm.genes import FACINGS, FIELDS, LAYOUTS, SCENTS, Caste, Colony, Scent

TURMITES = ("RL", "RLR", "LLRR", "LRRL", "RLLR", "LRRRRRLLR", "LLRRRLRLRLLR", "RRLLLRLLLRRR", "RRLRLLRLRR")


def random_colony(castes: int, turmites: float) -> Colony:
    """A colony that may be worth a look.

    Args:
        castes: how many at most.
        turmites: probability that a caste is one of turmites.
    """
    while True:
        palette = Palette()
        number = random.randint(1, castes)
        some = [random_caste(palette, place, turmites) for place in range(number)]
        if number < castes and random.random() < 0.4:
            some.insert(0, wash(palette))
        colony = Colony(
            tuple(some),
            tuple(Scent(between(0.005, 0.2, 3), random.random() ** 2) for _ in SCENTS),
            steps=round(between(150, 600, 2)),
            layout=random.choice(LAYOUTS),
            extent=random.uniform(0.3, 1),
            facing=random.choice(FACINGS),
            background=palette.background,
            seed=random.getrandbits(32),
        )
        if colony.viable:
            return colony.tidy()


def random_caste(palette: Palette, place: int, turmites: float) -> Caste:
    """A caste of one of a few ways of life, with a scent of its own or one that it shares."""
    own = place % len(SCENTS)
    other = random.choice([*range(len(SCENTS))])
    likes = [0.0] * len(FIELDS)
    lays = [0.0] * len(SCENTS)
    lays[own] = random.uniform(0.2, 1)
    colour = palette.line()
    common: dict[str, Any] = {
        "ants": round(between(5, 100)),
        "speed": between(0.3, 1, 2),
        "jitter": random.uniform(0, 15),
        "turn": random.uniform(5, 45),
        "angle": random.uniform(15, 60),
        "reach": between(1.5, 8, 2),
        "width": between(0.002, 0.012),
        "opacity": between(0.15, 1),
        "colour": colour,
        "end_colour": palette.near(colour) if random.random() < 0.7 else palette.line(),
    }
    if random.random() < turmites:
        rule = random.choice(TURMITES)
        moves = random.randint(4, 40)
        return Caste(**common | {"ants": random.randint(1, 6), "rule": rule, "moves": moves}, lays=tuple(lays))
    kind = random.choice(["weave", "avoid", "spin", "drift", "follow", "fringe"])
    if kind == "weave":
        likes[own], common["jitter"] = random.uniform(0.4, 1), random.uniform(0, 8)
    elif kind == "avoid":
        likes[own], likes[-1] = random.uniform(-1, -0.3), random.uniform(-1, 0)
        common["curl"] = random.uniform(-3, 3)
    elif kind == "spin":
        common["curl"] = random.choice([-1, 1]) * between(2, 15)
        common["jitter"], common["turn"] = random.uniform(0, 4), random.uniform(0, 15)
        likes[other] = random.uniform(-1, 1)
    elif kind == "drift":
        common["curl"], common["jitter"] = random.gauss(0, 1), random.uniform(0, 3)
        likes[other], common["turn"] = random.uniform(-0.6, 0.6), random.uniform(0, 10)
    elif kind == "follow":
        likes[other], likes[own] = 1.0, random.uniform(-0.7, 0.3)
    else:
        common |= {"pen": random.choice(FIELDS), "pen_low": random.choice([0.0, 0.1, 0.3])}
        common["pen_high"] = common["pen_low"] + random.uniform(0.1, 0.5)
        likes[other] = random.uniform(-1, 1)
    return Caste(**common, likes=tuple(likes), lays=tuple(lays))


def wash(palette: Palette) -> Caste:
    """Broad, thin paint of the first steps: a ground, which others paint over (Greenfield 2006)."""
    return Caste(
        ants=round(between(5, 40)),
        end=random.uniform(0.2, 0.6),
        speed=between(0.4, 1.2),
        curl=random.gauss(0, 3),
        jitter=random.uniform(0, 20),
        width=between(0.02, 0.08),
        opacity=between(0.04, 0.3),
        colour=palette.line(),
        end_colour=palette.line(),
        lays=(0.0, 0.0, random.choice([0.0, 0.3])),
    )


class Palette:
    """A background, and colours that stand out from it and go together: one hue, its neighbours, and its opposite."""

    def __init__(self) -> None:
        self.hue = random.random()
        ground = random.random()
        self.light = ground < 0.55
        value = random.uniform(0.88, 1) if self.light else random.uniform(0.03, 0.22)
        saturation = random.uniform(0, 0.16) if self.light else random.uniform(0.1, 0.7)
        self.background = hexadecimal(self.hue + random.choice([0, 0.08, 0.5]), saturation, value)

    def line(self) -> str:
        hue = self.hue + random.choice([0, 0, 0.06, -0.06, 0.45, 0.5, 0.55]) + random.gauss(0, 0.02)
        value = random.uniform(0.05, 0.75) if self.light else random.uniform(0.55, 1)
        return hexadecimal(hue, random.uniform(0.15, 0.95), value)

    def near(self, colour: str) -> str:
        return shifted(colour, 0.06, 0.15)


def between(low: float, high: float, centre: float = 1) -> float:
    """A number from low to high, its logarithm uniform; higher ones more often as `centre` rises above 1."""
    return math.exp(math.log(low) + (math.log(high) - math.log(low)) * random.random() ** (1 / centre))


def shifted(colour: str, hue: float, tone: float) -> str:
    """A colour near another: standard deviations of its hue, and of saturation and value."""
    h, s, v = colorsys.rgb_to_hsv(*(value / 255 for value in bytes.fromhex(colour[1:])))
    return hexadecimal(h + random.gauss(0, hue), s + random.gauss(0, tone), v + random.gauss(0, tone))


def hexadecimal(hue: float, saturation: float, value: float) -> str:
    """#rrggbb of a hue that wraps around, a saturation and a value that are limited to [0, 1]."""
    rgb = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return "#" + bytes(round(255 * part) for part in rgb).hex()
