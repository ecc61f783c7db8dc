"""The plugins that are installed and what each offers, found by the entry-point group `coevo`; ours too."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, get_args

import pluggy

from coevo.errors import ConfigError, unknown
from coevo.plugin import builtins, hookspecs
from coevo.plugin.faults import FAULTS, said_by
from coevo.plugin.hookspecs import Offer
from coevo.plugin.source import Source
from coevo.version import CONTRACT_VERSION, __version__

Kind = Literal[
    "artist", "critic", "game", "prior", "function", "dataset", "recipe", "importer", "ui", "tracker", "command"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
HOOKS: dict[str, Kind] = {**{f"coevo_{kind}s": kind for kind in KINDS}, "coevo_faces": "ui"}
"""The hooks and what they offer; old names of hooks too, which hookspecs.py says are deprecated."""
CORE = "coevo"


@dataclass
class Plugin:
    """One plugin and what it offers.

    Args:
        name: the name of its entry point.
        version: of its distribution.
        offers: what it offers, by kind.
        error: why nothing of it can be used; empty if it can.
        notes: what is wrong with a part of it, or slow, in sentences; the rest of it can be used.
        module: the name of the module that lists its offers.
    """

    name: str
    version: str = ""
    offers: dict[Kind, list[Offer]] = field(default_factory=dict)
    error: str = ""
    notes: list[str] = field(default_factory=list)
    module: str = ""

    @property
    def packages(self) -> set[str]:
        """The top packages of all that it offers, and its own. What it offers of coevo stays coevo's code."""
        paths = [self.module, *(offer.path for some in self.offers.values() for offer in some)]
        return {top_package(path) for path in paths if path} - ({CORE} if self.name != CORE else set())

    @property
    def title(self) -> str:
        """Its name and version, as messages have them: 'sky' 1.2."""
        return f"{self.name!r} {self.version}".rstrip()


class Registry:
    """Every offer by kind and name; `plugin:name` is the offer of that plugin.

    A plugin that is broken, asks for a newer contract, or takes another's name stops nobody but those who ask for what
    it offers. A name of the core's own stays the core's, and the other is reached as `plugin:name`.

    Args:
        points: the entry points of the plugins; by default those of all installed distributions.
    """

    def __init__(self, points: list[EntryPoint] | None = None):
        points = sorted(entry_points(group="coevo") if points is None else points, key=lambda point: point.name)
        self.plugins = [_register(Plugin(CORE, __version__), builtins), *map(_load, points)]
        self._offered: dict[tuple[Kind, str], list[tuple[Plugin, Offer]]] = {}
        self._own: dict[tuple[Kind, str], tuple[Any, Source]] = {}
        for plugin in self.plugins:
            for kind, offers in plugin.offers.items():
                for offer in offers:
                    self._offered.setdefault((kind, offer.name), []).append((plugin, offer))

    def offers(self, kind: Kind) -> dict[str, Offer]:
        """The offers of a kind that can be used, by name; those whose name several plugins took by `plugin:name`."""
        found: dict[str, Offer] = {}
        for (its, name), offered in self._offered.items():
            usable = [(plugin, offer) for plugin, offer in offered if not plugin.error] if its == kind else []
            if len(usable) > 1:
                found |= {f"{plugin.name}:{name}": offer for plugin, offer in usable if plugin.name != CORE}
                usable = [(plugin, offer) for plugin, offer in usable if plugin.name == CORE]
            if usable:
                found[name] = usable[0][1]
        return found

    def owner(self, kind: Kind, name: str) -> str:
        """The name of the plugin that offers it. Raises ConfigError as `find` does."""
        return self._found(kind, name)[0].name

    def find(self, kind: Kind, name: str) -> Offer:
        """The offer of that name.

        Raises:
            ConfigError: there is none (the message has the nearest name), there are two, or its plugin is refused.
        """
        return self._found(kind, name)[1]

    def has(self, kind: Kind, name: str) -> bool:
        """Whether there is an offer of that name, or a class that was taken under it."""
        return (kind, name) in self._own or bool(self._usable(kind, name))

    def problem(self, kind: Kind, name: str) -> str:
        """Why an offer cannot be used, as a sentence; empty if it can or if it does not exist."""
        usable = self._usable(kind, name)
        if len(usable) > 1:
            plugins = sorted({plugin.name for plugin, _ in usable})
            if len(plugins) == 1:
                return f"Plugin {plugins[0]!r} offers the {in_words(kind)} {name!r} twice; uninstall one of the two."
            names = " and ".join(map(repr, plugins))
            choices = " or ".join(f"{plugin}:{name}" for plugin in plugins)
            return f"Several plugins offer the {in_words(kind)} {name!r}: {names}; say which: {choices}."
        refused = [plugin for plugin, _ in self._offered.get((kind, name), []) if plugin.error]
        if refused and not usable:
            return f"The {in_words(kind)} {name!r} cannot be used: {refused[0].error}"
        return ""

    def problems(self) -> list[str]:
        """A sentence for every name that several plugins offer."""
        found = []
        for (kind, name), offered in self._offered.items():
            usable = [plugin.name for plugin, _ in offered if not plugin.error]
            if problem := self.problem(kind, name) if len(usable) > 1 else "":
                found.append(problem)
            found += [
                f"The {in_words(kind)} {name!r} is coevo's own; that of plugin {other!r} is {other}:{name}."
                for other in usable
                if CORE in usable and other != CORE
            ]
        return found

    def _usable(self, kind: Kind, name: str) -> list[tuple[Plugin, Offer]]:
        """The offers that a name may mean: more than one if plugins took the same."""
        usable = [(plugin, offer) for plugin, offer in self._offered.get((kind, name), []) if not plugin.error]
        chosen, colon, its = name.partition(":")
        if colon:
            offered = self._offered.get((kind, its), [])
            return [(plugin, offer) for plugin, offer in offered if plugin.name == chosen and not plugin.error]
        return [one for one in usable if one[0].name == CORE] or usable

    def _found(self, kind: Kind, name: str) -> tuple[Plugin, Offer]:
        if problem := self.problem(kind, name):
            raise ConfigError(problem)
        for found in self._usable(kind, name):
            return found
        broken = [plugin.name for plugin in self.plugins if plugin.error or plugin.notes]
        also = f" (Plugins that failed to load: {', '.join(broken)}; see `coevo plugins`.)" if broken else ""
        raise ConfigError(unknown(in_words(kind), name, self.offers(kind)) + also)

    def load(self, kind: Kind, name: str) -> Any:
        """Import what an offer points at, or give the class that was taken under that name.

        Raises:
            ConfigError: it cannot be found or imported, or is not what the contract says.
        """
        if (kind, name) in self._own:
            return self._own[kind, name][0]
        plugin, offer = self._found(kind, name)
        module, _, attribute = offer.path.partition(":")
        what = f"{in_words(kind).capitalize()} {name!r} of plugin {plugin.title}"
        try:
            found = getattr(importlib.import_module(module), attribute)
        except FAULTS as error:
            said = said_by(error, module)
            raise ConfigError(f"{what} failed to load from {offer.path}: {said}") from error
        check_kind(kind, found, what, offer.path)
        if kind in ("artist", "critic") and found.name != offer.name:  # a run keeps the class's name, and looks for it
            raise ConfigError(
                f"{what} should have the name that it is offered by, name = {offer.name!r}, but {found.__name__}.name "
                f"is {found.name!r}."
            )
        return found

    def take(self, kind: Kind, name: str, player: Any, source: Source) -> None:
        """Let a class that no plugin offers be found by a name, in this process; a later one of that name replaces it.

        Raises:
            ConfigError: it is not what the contract says.
        """
        check_kind(kind, player, str(source), "it")
        self._own[kind, name] = player, source

    def source(self, kind: Kind, name: str) -> Source:
        """Where the class of a player comes from now. Raises ConfigError as `find` does."""
        if (kind, name) in self._own:
            return self._own[kind, name][1]
        plugin = self._found(kind, name)[0]
        return Source(plugin=plugin.name, version=plugin.version)

    def source_of(self, player: type) -> Source | None:
        """Where a class of a player that was loaded comes from; None if nobody offers it."""
        if own := next((source for its, source in self._own.values() if its is player), None):
            return own
        found = self.owner_of(top_package(player.__module__))
        return Source(plugin=found.name, version=found.version) if found else None

    def owner_of(self, package: str) -> Plugin | None:
        """The plugin whose code a package is: the one that stands in it, or else one that offers something of it."""
        its = (plugin for plugin in self.plugins if top_package(plugin.module) == package)
        return next(its, None) or next((plugin for plugin in self.plugins if package in plugin.packages), None)

    def named(self, kind: Kind, path: str) -> str:
        """The name by which a class is offered that has this import path, "module:Class"; empty if it is not."""
        for (its, name), offered in self._offered.items():
            for plugin, offer in offered:
                if its == kind and offer.path == path and not plugin.error:
                    return name if len(self._usable(kind, name)) == 1 else f"{plugin.name}:{name}"
        return ""


def _load(point: EntryPoint) -> Plugin:
    plugin = Plugin(point.name, point.dist.version if point.dist else "", module=point.module)
    had_torch = "torch" in sys.modules
    try:
        module = point.load()
        if (contract := getattr(module, "COEVO_CONTRACT", CONTRACT_VERSION)) > CONTRACT_VERSION:
            plugin.error = (
                f"Plugin {point.name!r} is written for contract {contract}, and coevo {__version__} has contract "
                f"{CONTRACT_VERSION}; install a newer coevo."
            )
        _register(plugin, module)
    except FAULTS as error:  # a broken plugin must not stop those who do not need it
        plugin.error = plugin.error or said_by(error, point.module)
    if "torch" in sys.modules and not had_torch:
        plugin.notes.append(
            "It imports torch while it is listed, which makes every command slow; import it in the modules that its "
            "offers point at."
        )
    return plugin


def _register(plugin: Plugin, module: Any) -> Plugin:
    """Read a plugin's offers, hook by hook: one that fails, or that this coevo does not know, costs no other.

    A refused plugin may have hooks of a newer contract; it is read for the names of what cannot be used.
    """
    manager = pluggy.PluginManager("coevo")
    manager.add_hookspecs(hookspecs)
    with warnings.catch_warnings(record=True) as old:
        warnings.simplefilter("always")
        manager.register(module, plugin.name)
    notes = [str(warning.message) for warning in old if issubclass(warning.category, FutureWarning)]
    hooks = [hook.removeprefix("coevo_") for hook in HOOKS]
    for name in (caller.name.removeprefix("coevo_") for caller in manager.get_hookcallers(module) or []):
        if name not in hooks:
            nearest = [f"; did you mean 'coevo_{one}'?" for one in get_close_matches(name, hooks, n=1)]
            notes.append(f"This coevo does not know its hook coevo_{name}{''.join(nearest) or '.'}")
    for hook, kind in HOOKS.items():
        try:
            offers = [_offer(offer) for some in getattr(manager.hook, hook)() for offer in some]
        except FAULTS as error:
            notes.append(f"Its hook {hook} failed: {said_by(error, module.__name__)}")
            continue
        if offers:
            plugin.offers[kind] = [*plugin.offers.get(kind, []), *offers]
    plugin.notes += [] if plugin.error else notes
    return plugin


def _offer(offered: Any) -> Offer:
    """One offer of a hook, checked. Raises TypeError, which says what is wrong with it."""
    if isinstance(offered, str) or not all(isinstance(part, str) for part in offered):
        raise TypeError(f"an offer is three texts, Offer(name, summary, path), and this is {offered!r}")
    offer = Offer(*offered)
    if not offer.name.isprintable() or not offer.name or set(offer.name) & set(" :/\\"):
        raise TypeError(f"{offer.name!r} cannot be a name: it should have no space, colon or slash")
    return offer


BASES: dict[Kind, str] = {
    "game": "coevo.adversarial.games.Game",
    "prior": "coevo.latent_models.priors.Prior",
    "ui": "coevo.interactive.ui.UI",
    "tracker": "coevo.monitoring.tracker.Tracker",
}
"""The classes that offers are subclasses of, in packages above this one; they are known by their names."""


def _is_subclass(base: str, found: Any) -> bool:
    return isinstance(found, type) and any(f"{one.__module__}.{one.__qualname__}" == base for one in found.__mro__)


def check_kind(kind: Kind, found: Any, what: str, where: str) -> None:
    """Raise ConfigError if an imported thing is not what the contract says of its kind.

    Args:
        kind: of the thing.
        found: the thing.
        what: begins the sentence: "Artist 'x' of plugin 'y' 1.2".
        where: it was found.
    """
    if kind in ("artist", "critic"):
        from coevo.contract.players import Artist, Critic, Options  # late: it imports torch

        base = Artist if kind == "artist" else Critic
        if not (isinstance(found, type) and issubclass(found, base)):
            raise ConfigError(f"{what} should be a subclass of coevo.{base.__name__}, but {where} is {_said(found)}.")
        name, options = getattr(found, "name", None), found.Options
        if not isinstance(name, str) or not name or not name.isprintable() or set(name) & set("/\\:"):
            raise ConfigError(
                f"{what} should have a name without slashes and colons, such as name = {found.__name__.lower()!r}, "
                f"but {found.__name__}.name is {name!r}."
            )
        if not (isinstance(options, type) and issubclass(options, Options)):
            raise ConfigError(f"{what} should have Options that are a subclass of coevo.Options, but has {options!r}.")
        return
    checks: dict[Kind, tuple[Callable[[Any], bool], str]] = {
        "dataset": (callable, "a function of DataOptions"),
        "importer": (callable, "a function of a path"),
        **{its: (partial(_is_subclass, base), f"a subclass of {base}") for its, base in BASES.items()},
        "function": (lambda it: isinstance(it, dict), "a dict of coevo.shader.functions.Function by name"),
        "command": (lambda it: callable(getattr(it, "get_short_help_str", None)), "a click command"),
    }
    holds, expected = checks[kind]
    if not holds(found):
        raise ConfigError(f"{what} should be {expected}, but {where} is {_said(found)}.")


def _said(found: Any) -> str:
    return found.__name__ if isinstance(found, type) else f"a {type(found).__name__}"


def top_package(path: str) -> str:
    """The package that a module or an import path begins with: "coevo_sky" of "coevo_sky.artist:Cloud"."""
    return path.partition(":")[0].partition(".")[0]


def in_words(kind: Kind) -> str:
    """A kind as messages name it."""
    return "user interface" if kind == "ui" else kind


@cache
def registry() -> Registry:
    """The registry of what is installed, read once."""
    return Registry()
