"""The genome of a colony: castes of ants, the scents that they share, and the canvas (Greenfield 2005, 2006).

A genome is strict JSON. Every number has bounds, and so has the number of strokes that a colony paints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple

from coevo import DataError

SCENTS = ("a", "b", "c")
FIELDS = (*SCENTS, "ink")  # what an ant can smell: ink neither evaporates nor diffuses
PENS = ("always", *FIELDS)
LAYOUTS = ("scattered", "centre", "ring", "line", "grid", "clusters")
FACINGS = ("anyhow", "out", "in", "around")
MAX_CASTES = 6
MAX_STROKES = 400_000
MAX_TEXT = 20_000  # characters
LONGEST_RULE = 12


class Gene(NamedTuple):
    """Bounds of a number. By `ratio` it is varied by factors, not by differences."""

    low: float
    high: float
    whole: bool = False
    ratio: bool = False

    def bounded(self, value: float) -> Any:
        """A number within the bounds, whole or of four decimals."""
        inside = min(max(value, self.low), self.high)
        return round(inside) if self.whole else round(float(inside), 4)


CASTE: Mapping[str, Gene] = {
    "ants": Gene(1, 150, whole=True, ratio=True),
    "begin": Gene(0, 1),  # of all steps
    "end": Gene(0, 1),
    "speed": Gene(0.1, 2, ratio=True),  # cells a step; 128 are a side
    "curl": Gene(-20, 20),  # degrees a step
    "jitter": Gene(0, 60),  # degrees a step at most
    "turn": Gene(0, 90),  # degrees towards what it likes
    "angle": Gene(5, 120),  # degrees between two antennae
    "reach": Gene(1, 16, ratio=True),  # cells to their ends
    "pen_low": Gene(0, 1),  # scents are sensed as s / (1 + s)
    "pen_high": Gene(0, 1),
    "width": Gene(0.001, 0.08, ratio=True),  # of the side
    "opacity": Gene(0.02, 1, ratio=True),
    "moves": Gene(1, 64, whole=True, ratio=True),  # cells a step, of a turmite
}
LIKES, LAYS = Gene(-1, 1), Gene(0, 1)
SCENT: Mapping[str, Gene] = {"evaporation": Gene(0.002, 0.5, ratio=True), "diffusion": Gene(0, 1)}
CANVAS: Mapping[str, Gene] = {
    "steps": Gene(20, 2000, whole=True, ratio=True),
    "extent": Gene(0, 1),  # of the layout, relative to the side
    "seed": Gene(0, 2**32 - 1, whole=True),
}


@dataclass(frozen=True, slots=True)
class Caste:
    """Ants that behave alike.

    Args:
        ants: how many.
        begin, end: when they walk, relative to all steps.
        speed, curl, jitter: of their walk: cells, degrees and degrees a step.
        turn, angle, reach: degrees that they turn to what they like, and where their antennae end.
        likes: weights of scents a, b, c and ink; negative ones repel.
        lays: of scents a, b and c, a step.
        pen, pen_low, pen_high: the pen is down while this field, as it is sensed, is between the two.
        width, opacity, colour, end_colour: of the line; the colour changes from the first to the last step.
        rule: of a turmite, which walks from cell to cell: its turn (L, R, U back or N none) on a cell of each state,
            which it then raises by one. "" for ants; "RL" is Langton's.
        moves: cells a step, of a turmite.
    """

    ants: int = 30
    begin: float = 0.0
    end: float = 1.0
    speed: float = 0.5
    curl: float = 0.0
    jitter: float = 5.0
    turn: float = 20.0
    angle: float = 40.0
    reach: float = 4.0
    likes: tuple[float, ...] = (0.0,) * 4
    lays: tuple[float, ...] = (0.0,) * 3
    pen: str = "always"
    pen_low: float = 0.0
    pen_high: float = 1.0
    width: float = 0.006
    opacity: float = 0.6
    colour: str = "#202020"
    end_colour: str = "#202020"
    rule: str = ""
    moves: int = 1

    def strokes(self, steps: int) -> int:
        """The most strokes that all its ants paint."""
        first, last = self.walks(steps)
        return self.ants * max(0, last - first) * (self.moves if self.rule else 1)

    def walks(self, steps: int) -> tuple[int, int]:
        """The steps from which and before which it walks."""
        return round(self.begin * steps), round(self.end * steps)


@dataclass(frozen=True, slots=True)
class Scent:
    """The share of a scent that evaporates in a step, and the share of the rest that diffuses to the cells around."""

    evaporation: float = 0.05
    diffusion: float = 0.3


@dataclass(frozen=True, slots=True)
class Colony:
    """A whole genome.

    Args:
        castes: one to six.
        scents: a, b and c.
        steps: of the walk.
        layout, extent, facing: where the ants begin, and where they look.
        background: colour of the canvas.
        seed: of all its chance.

    Example:
        >>> langton = Colony((Caste(ants=1, rule="RL", moves=22),), steps=500, layout="centre", extent=0)
        >>> parse(langton.text()) == langton
        True
    """

    castes: tuple[Caste, ...]
    scents: tuple[Scent, ...] = (Scent(),) * 3
    steps: int = 400
    layout: str = "scattered"
    extent: float = 1.0
    facing: str = "anyhow"
    background: str = "#ffffff"
    seed: int = 0

    @property
    def strokes(self) -> int:
        """The most strokes that it paints."""
        return sum(caste.strokes(self.steps) for caste in self.castes)

    @property
    def viable(self) -> bool:
        """Whether it has castes, and does not paint too much."""
        return 1 <= len(self.castes) <= MAX_CASTES and self.strokes <= MAX_STROKES

    def tidy(self) -> Colony:
        """The colony with all its numbers within their bounds, and as short as texts have them."""
        castes = [
            replace(
                one,
                **_tidy(one, CASTE),
                likes=tuple(LIKES.bounded(value) for value in one.likes),
                lays=tuple(LAYS.bounded(value) for value in one.lays),
            )
            for one in self.castes
        ]
        scents = [replace(one, **_tidy(one, SCENT)) for one in self.scents]
        return replace(self, castes=tuple(castes), scents=tuple(scents), **_tidy(self, CANVAS))

    def text(self) -> str:
        """Compact JSON with every gene."""
        return json.dumps(asdict(self), separators=(",", ":"))


def _tidy(it: Any, genes: Mapping[str, Gene]) -> dict[str, Any]:
    return {name: gene.bounded(getattr(it, name)) for name, gene in genes.items()}


def parse(text: str) -> Colony:
    """The colony that `Colony.text` wrote; the text may come from anyone.

    Raises:
        DataError: the text is not a colony's genome, or a gene is out of bounds.
    """
    try:
        if len(text) > MAX_TEXT:
            raise ValueError(f"it is longer than {MAX_TEXT:,} characters")
        read = _record(json.loads(text), Colony, "the genome")
        castes = tuple(_caste(one, number) for number, one in enumerate(_list(read["castes"], "castes"), 1))
        scents = tuple(_scent(one, name) for name, one in zip(SCENTS, _list(read["scents"], "scents", 3), strict=True))
        colony = Colony(
            castes,
            scents,
            **_numbers(read, CANVAS, "the canvas"),
            layout=_choice(read["layout"], LAYOUTS, "layout"),
            facing=_choice(read["facing"], FACINGS, "facing"),
            background=_colour(read["background"], "background"),
        )
        if not 1 <= len(castes) <= MAX_CASTES:
            raise ValueError(f"it has {len(castes)} castes, not 1 to {MAX_CASTES}")
        if colony.strokes > MAX_STROKES:
            raise ValueError(f"it paints {colony.strokes:,} strokes, more than {MAX_STROKES:,}")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{text[:60]!r} is not a colony's genome: {error}.") from error
    return colony


def _caste(read: Any, number: int) -> Caste:
    where = f"caste {number}"
    its = _record(read, Caste, where)
    rule = its["rule"]
    if not isinstance(rule, str) or not re.fullmatch(f"([LRUN]{{2,{LONGEST_RULE}}})?", rule):
        raise ValueError(f"the rule of {where} should be 2 to {LONGEST_RULE} of the letters L, R, U and N, or nothing")
    return Caste(
        **_numbers(its, CASTE, where),
        likes=tuple(
            _number(one, LIKES, f"likes of {where}") for one in _list(its["likes"], f"likes of {where}", len(FIELDS))
        ),
        lays=tuple(
            _number(one, LAYS, f"lays of {where}") for one in _list(its["lays"], f"lays of {where}", len(SCENTS))
        ),
        pen=_choice(its["pen"], PENS, f"pen of {where}"),
        colour=_colour(its["colour"], f"colour of {where}"),
        end_colour=_colour(its["end_colour"], f"end_colour of {where}"),
        rule=rule,
    )


def _scent(read: Any, name: str) -> Scent:
    return Scent(**_numbers(_record(read, Scent, f"scent {name}"), SCENT, f"scent {name}"))


def _record(read: Any, kind: type, where: str) -> dict[str, Any]:
    """An object with exactly the fields of a dataclass."""
    names = [field.name for field in fields(kind)]
    if not isinstance(read, dict) or sorted(read) != sorted(names):
        raise ValueError(f"{where} should have exactly {', '.join(names)}")
    return read


def _list(read: Any, what: str, length: int | None = None) -> list[Any]:
    if not isinstance(read, list) or (length is not None and len(read) != length):
        raise ValueError(f"{what} should be a list" + (f" of {length}" if length else ""))
    return read


def _numbers(read: Mapping[str, Any], genes: Mapping[str, Gene], where: str) -> dict[str, Any]:
    return {name: _number(read[name], gene, f"{name} of {where}") for name, gene in genes.items()}


def _number(read: Any, gene: Gene, what: str) -> Any:
    right = type(read) is int if gene.whole else type(read) in (int, float)
    if not right or not gene.low <= read <= gene.high:  # NaN and infinities are not
        kind = "a whole number" if gene.whole else "a number"
        raise ValueError(f"{what} should be {kind} from {gene.low:g} to {gene.high:g}")
    return read if gene.whole else float(read)


def _choice(read: Any, choices: tuple[str, ...], what: str) -> str:
    if not isinstance(read, str) or read not in choices:
        raise ValueError(f"{what} should be one of {', '.join(choices)}")
    return read


def _colour(read: Any, what: str) -> str:
    if not isinstance(read, str) or not re.fullmatch("#[0-9a-f]{6}", read):
        raise ValueError(f"{what} should be a colour such as #ff8800")
    return read
