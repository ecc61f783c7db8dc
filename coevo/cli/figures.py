"""Rows of a log as text: the figures that say most about a game first, each side's together, aligned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FIRST = ("critic.accuracy", "artist.diversity", "artist.loss", "critic.loss", "artist.best", "artist.error")
LAST = ("artist.reward", "ancestors.")
NUMBER = 7  # characters of a number
GAP = "  "  # between two columns
HEADING_EVERY = 20  # lines


def telling(names: Iterable[str]) -> list[str]:
    """The names of metrics, those first that say most about a game."""

    def rank(name: str) -> int:
        return FIRST.index(name) if name in FIRST else len(FIRST) + name.startswith(LAST)

    return sorted((name for name in names if name != "round"), key=rank)


def by_side(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Names of metrics by side and by what follows it: {"critic": {"loss": "critic.loss"}}."""
    sides: dict[str, dict[str, str]] = {}
    for name in names:
        side, dot, rest = name.partition(".")
        sides.setdefault(side if dot else "", {})[rest if dot else name] = name
    return sides


def number(value: float) -> str:
    """A figure with three digits; thousands are whole."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def figures(row: Mapping[str, float], width: int, lines: int | None = None) -> list[str]:
    """The figures of a row in lines of at most `width` characters, one or more for each side.

    Args:
        row: figures by name, such as critic.loss.
        width: of a line, in characters.
        lines: the most lines of a side; by default as many as it needs.
    """
    sides = by_side(telling(row))
    if not sides:
        return []
    margin = max(map(len, sides))

    def widths(columns: int) -> list[int]:
        return [
            max(len(n) for some in sides.values() for n in list(some)[at::columns] or [""]) for at in range(columns)
        ]

    def fits(columns: int) -> bool:
        return margin + sum(len(GAP) + one + 1 + NUMBER for one in widths(columns)) <= width

    columns = next((count for count in range(max(map(len, sides.values())), 1, -1) if fits(count)), 1)
    found = []
    for side, names in sides.items():
        cells = [
            f"{GAP}{name:<{widths(columns)[place % columns]}} {number(row[full]):>{NUMBER}}"
            for place, (name, full) in enumerate(names.items())
        ]
        starts = range(0, len(cells), columns)[:lines]
        found += [f"{'' if at else side:<{margin}}" + "".join(cells[at : at + columns]) for at in starts]
    return found


class LogTable:
    """The log while it is written: a line for a row, as many figures as fit, under a heading that comes again.

    Args:
        width: of a line, in characters.
        lead: the first columns, with their widths.
    """

    def __init__(self, width: int, lead: Mapping[str, int]):
        self.width, self.lead = width, lead
        self._names: list[str] = []
        self._below = 0  # lines since the heading

    def lines(self, lead: Iterable[str], row: Mapping[str, float]) -> list[str]:
        """A row as a line, with a heading where one is due."""
        heading = []
        if not row.keys() >= set(self._names) or not self._names or self._below == HEADING_EVERY:
            self._names, self._below = self._fitting(row), 0
            heading = self._heading()
        self._below += 1
        values = [f"{number(row[full]):>{self._width(name)}}" for name, full in self._columns()]
        return [*heading, self.begin(lead) + "".join(values)]

    def begin(self, lead: Iterable[str]) -> str:
        """The beginning of a line."""
        return GAP.join(f"{text:>{width}}" for text, width in zip(lead, self.lead.values(), strict=True))

    def _columns(self) -> list[tuple[str, str]]:
        return [pair for names in by_side(self._names).values() for pair in names.items()]

    def _heading(self) -> list[str]:
        above = " " * len(self.begin(self.lead))
        for side, names in by_side(self._names).items():
            first, *others = map(self._width, names)
            above += f"{side:>{first}}" + " " * sum(others)
        below = "".join(f"{name:>{self._width(name)}}" for name, _ in self._columns())
        return [above.rstrip(), self.begin(self.lead) + below]

    def _fitting(self, row: Mapping[str, float]) -> list[str]:
        room, chosen = self.width - len(self.begin(self.lead)), []
        for name in telling(row):
            room -= self._width(name.partition(".")[2] or name)
            if room < 0:
                break
            chosen.append(name)
        return chosen

    def _width(self, name: str) -> int:
        return len(GAP) + max(len(name), NUMBER)
