"""Versions that a run and its workers have in common."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import NamedTuple

from coevo.version import CONTRACT_VERSION, __version__


class Versions(NamedTuple):
    """Of coevo, its contract and the installed plugins."""

    coevo: str
    contract: int
    plugins: tuple[str, ...]

    @classmethod
    def here(cls) -> Versions:
        """Those of this process."""
        found = {f"{point.dist.name} {point.dist.version}" for point in entry_points(group="coevo") if point.dist}
        return cls(__version__, CONTRACT_VERSION, tuple(sorted(found)))

    def difference(self, other: Versions) -> str:
        """What differs, as "coevo 0.1.0 instead of 0.2.0"; empty if nothing does."""
        if self.coevo != other.coevo:
            return f"coevo {other.coevo} instead of {self.coevo}"
        if self.contract != other.contract:
            return f"contract {other.contract} instead of {self.contract}"
        missing, more = set(self.plugins) - set(other.plugins), set(other.plugins) - set(self.plugins)
        parts = [f"no {one}" for one in sorted(missing)] + [f"{one} beside ours" for one in sorted(more)]
        return ", ".join(parts)
