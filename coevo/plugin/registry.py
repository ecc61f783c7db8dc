"""The plugins that are installed and what each offers, found by the entry-point group `coevo`; ours too."""

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
from coevo.version import CONTRACT_VERSION, __version__

Kind = Literal["artist", "critic", "game", "prior", "function", "dataset", "recipe", "importer", "ui", "command"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass
class Plugin:
    """One plugin and what it offers.

    Args:
        name: the name of its entry point.
        version: of its distribution.
        offers: what it offers, by kind.
        error: why nothing of it can be used; empty if it can.
    """

    name: str
    version: str = ""
    offers: dict[Kind, list[Offer]] = field(default_factory=dict)
    error: str = ""


class Registry:
    """Every offer by kind and name.

    A plugin that is broken, asks for a newer contract, or takes another's name stops nobody but those who ask for what
    it offers.

    Args:
        points: the entry points of the plugins; by default those of all installed distributions.
    """

    def __init__(self, points: list[EntryPoint] | None = None):
        points = sorted(entry_points(group="coevo") if points is None else points, key=lambda point: point.name)
        self.plugins = [_register("coevo", builtins), *map(_load, points)]
        self._offered: dict[tuple[Kind, str], list[tuple[Plugin, Offer]]] = {}
        for plugin in self.plugins:
            for kind, offers in plugin.offers.items():
                for offer in offers:
                    self._offered.setdefault((kind, offer.name), []).append((plugin, offer))

    def offers(self, kind: Kind) -> dict[str, Offer]:
        """The offers of a kind that can be used, by name."""
        return {
            name: offered[0][1]
            for (its, name), offered in self._offered.items()
            if its == kind and not self.problem(kind, name)
        }

    def owner(self, kind: Kind, name: str) -> str:
        """The name of the plugin that offers it. Raises ConfigError as `find` does."""
        return self._found(kind, name)[0].name

    def find(self, kind: Kind, name: str) -> Offer:
        """The offer of that name.

        Raises:
            ConfigError: there is none (the message has the nearest name), there are two, or its plugin is refused.
        """
        return self._found(kind, name)[1]

    def problem(self, kind: Kind, name: str) -> str:
        """Why an offer cannot be used, as a sentence; empty if it can or if it does not exist."""
        offered = self._offered.get((kind, name), [])
        refused = [plugin for plugin, _ in offered if plugin.error]
        usable = [plugin.name for plugin, _ in offered if not plugin.error]
        if len(usable) > 1:
            names = " and ".join(map(repr, usable))
            return f"Several plugins offer the {in_words(kind)} {name!r}: {names}; uninstall all but one."
        if refused and not usable:
            return f"The {in_words(kind)} {name!r} cannot be used: {refused[0].error}"
        return ""

    def problems(self) -> list[str]:
        """A sentence for every name that several plugins offer."""
        contested = [key for key, offered in self._offered.items() if len([p for p, _ in offered if not p.error]) > 1]
        return [self.problem(kind, name) for kind, name in contested]

    def _found(self, kind: Kind, name: str) -> tuple[Plugin, Offer]:
        if problem := self.problem(kind, name):
            raise ConfigError(problem)
        for plugin, offer in self._offered.get((kind, name), []):
            if not plugin.error:
                return plugin, offer
        broken = [plugin.name for plugin in self.plugins if plugin.error]
        also = f" (Plugins that failed to load: {', '.join(broken)}; see `coevo plugins`.)" if broken else ""
        raise ConfigError(unknown(in_words(kind), name, self.offers(kind)) + also)

    def load(self, kind: Kind, name: str) -> Any:
        """Import what an offer points at. Raises ConfigError if it cannot be found or imported."""
        offer = self.find(kind, name)
        module, _, attribute = offer.path.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise ConfigError(
                f"{in_words(kind).capitalize()} {name!r} of plugin {self.owner(kind, name)!r} failed to load "
                f"from {offer.path}: {type(error).__name__}: {error}"
            ) from error


def _load(point: EntryPoint) -> Plugin:
    version, refusal = point.dist.version if point.dist else "", ""
    try:
        module = point.load()
        if (contract := getattr(module, "COEVO_CONTRACT", CONTRACT_VERSION)) > CONTRACT_VERSION:
            refusal = (
                f"Plugin {point.name!r} is written for contract {contract}, and coevo {__version__} has contract "
                f"{CONTRACT_VERSION}; install a newer coevo."
            )
        return _register(point.name, module, version, refusal)
    except Exception as error:  # a broken plugin must not stop those who do not need it
        return Plugin(point.name, version, error=refusal or f"{type(error).__name__}: {error}")


def _register(name: str, module: Any, version: str = "", refusal: str = "") -> Plugin:
    """Read a plugin's offers; a manager of its own lets a misspelt hook be blamed on its plugin.

    A refused plugin may have hooks of a newer contract; it is read for the names of what cannot be used.
    """
    manager = pluggy.PluginManager("coevo")
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    if not refusal:
        manager.check_pending()
    offers: dict[Kind, list[Offer]] = {}
    for kind in KINDS:
        found = [Offer(*offer) for some in getattr(manager.hook, f"coevo_{kind}s")() for offer in some]
        if found:
            offers[kind] = found
    return Plugin(name, version, offers, refusal)


def in_words(kind: Kind) -> str:
    """A kind as messages name it."""
    return "user interface" if kind == "ui" else kind


@cache
def registry() -> Registry:
    """The registry of what is installed, read once."""
    return Registry()
