"""Which plugins there are and what each brings; found by the entry-point group `coevo`, ours included."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, get_args

import pluggy

from coevo.errors import ConfigError, unknown
from coevo.plugin import builtins, hookspecs
from coevo.plugin.hookspecs import Offer

Kind = Literal["artist", "critic", "game", "prior", "function", "dataset", "recipe", "importer", "face", "command"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass
class Plugin:
    """One plugin: what it brings by kind, or the error that keeps it from bringing anything."""

    name: str
    version: str = ""
    offers: dict[Kind, list[Offer]] = field(default_factory=dict)
    error: str = ""


class Registry:
    """Every offer by kind and name. Raises ConfigError, naming both owners, where a name is taken twice."""

    def __init__(self, points: list[EntryPoint] | None = None):
        points = sorted(entry_points(group="coevo") if points is None else points, key=lambda point: point.name)
        self.plugins = [_register("coevo", builtins)]
        self.plugins += [_load(point) for point in points]
        self._owners: dict[tuple[Kind, str], tuple[Plugin, Offer]] = {}
        for plugin in self.plugins:
            for kind, offers in plugin.offers.items():
                for offer in offers:
                    self._take(kind, plugin, offer)

    def offers(self, kind: Kind) -> dict[str, Offer]:
        """All offers of a kind by name."""
        return {name: offer for (its, name), (_, offer) in self._owners.items() if its == kind}

    def owner(self, kind: Kind, name: str) -> str:
        return self._owners[kind, name][0].name

    def find(self, kind: Kind, name: str) -> Offer:
        """The offer of that name. Raises ConfigError with the nearest name where there is none."""
        if (kind, name) not in self._owners:
            broken = [plugin.name for plugin in self.plugins if plugin.error]
            also = f" (Plugins that failed to load: {', '.join(broken)}; see `coevo plugins`.)" if broken else ""
            raise ConfigError(unknown(kind, name, self.offers(kind)) + also)
        return self._owners[kind, name][1]

    def load(self, kind: Kind, name: str) -> Any:
        """Import what an offer points at. Raises ConfigError where that fails."""
        offer = self.find(kind, name)
        module, _, attribute = offer.path.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise ConfigError(
                f"{kind.capitalize()} {name!r} of plugin {self.owner(kind, name)!r} failed to load from "
                f"{offer.path}: {type(error).__name__}: {error}"
            ) from error

    def _take(self, kind: Kind, plugin: Plugin, offer: Offer) -> None:
        if (kind, offer.name) in self._owners:
            other = self._owners[kind, offer.name][0].name
            raise ConfigError(
                f"Two plugins bring a {kind} named {offer.name!r}: {other!r} and {plugin.name!r}; "
                "uninstall one of them."
            )
        self._owners[kind, offer.name] = plugin, offer


def _load(point: EntryPoint) -> Plugin:
    version = point.dist.version if point.dist else ""
    try:
        return _register(point.name, point.load(), version)
    except Exception as error:  # a broken plugin must not stop those who do not need it
        return Plugin(point.name, version, error=f"{type(error).__name__}: {error}")


def _register(name: str, module: Any, version: str = "") -> Plugin:
    """Read a plugin's offers; a manager of its own lets a misspelt hook be blamed on its plugin."""
    manager = pluggy.PluginManager("coevo")
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    manager.check_pending()
    offers: dict[Kind, list[Offer]] = {}
    for kind in KINDS:
        found = [Offer(*offer) for some in getattr(manager.hook, f"coevo_{kind}s")() for offer in some]
        if found:
            offers[kind] = found
    return Plugin(name, version, offers)


@cache
def registry() -> Registry:
    """The registry of what is installed, read once."""
    return Registry()
