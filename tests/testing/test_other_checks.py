"""The conformance kit for recipes, function sets, user interfaces, trackers, importers and commands."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click
import pytest
from kit_rules import Plain, broken, names

from coevo.errors import DataError
from coevo.interactive.commands import Quit
from coevo.interactive.ui import UI
from coevo.monitoring.tracker import Tracker
from coevo.plugin.registry import Registry, registry
from coevo.shader.functions import Function
from coevo.testing import conform, conformance, other_checks
from coevo.testing.kit import bench_for


@pytest.mark.parametrize("kind", ["recipe", "function", "importer", "ui", "tracker", "command"])
def test_what_is_built_in_conforms(kind: Any) -> None:
    for name in registry().offers(kind):
        conform(kind, name if kind == "recipe" else registry().load(kind, name))


test_vae = conformance("vae", kind="recipe")

PLUGIN = """
from coevo import Offer, hookimpl

NAMES = ("good", "untitled", "dated", "misspelt", "unfit")

@hookimpl
def coevo_recipes():
    return [Offer(name, "a recipe", f"coevo_odd:{name}.toml") for name in NAMES]
"""
GOOD = """
[recipe]
title = "Good"
authors = "Nobody"
year = 1999
about = "A sentence."
[artist]
name = "gp"
[critic]
name = "dcnn"
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin whose recipes are broken, but for one."""
    package = tmp_path / "coevo_odd"
    package.mkdir()
    (package / "__init__.py").write_text(PLUGIN)
    changes = {
        "good": ("", ""),
        "untitled": ('title = "Good"', ""),
        "dated": ("year = 1999", 'year = "1999"'),
        "misspelt": ('name = "dcnn"', 'name = "dcnn"\nwidht = 4'),
        "unfit": ('name = "dcnn"', 'name = "latent"'),
    }
    for name, (old, new) in changes.items():
        (package / f"{name}.toml").write_text(GOOD.replace(old, new))
    monkeypatch.syspath_prepend(tmp_path)
    both = Registry([*registry_points(), EntryPoint("odd", "coevo_odd", "coevo")])
    monkeypatch.setattr(other_checks, "registry", lambda: both)


def registry_points() -> list[EntryPoint]:
    return [EntryPoint(name, f"coevo_{name}", "coevo") for name in ("gp", "gan", "aae")]


def function(gives: Any, meaning: Any, takes: Any = ("any",), name: str = "f") -> dict[str, Function]:
    return {"f": Function(name, takes, gives, meaning)}


class Made(UI):
    """Has to be given a screen."""

    def __init__(self, screen: str):
        pass

    def ask(self, sheet):
        return Quit()


class Silent(UI):
    """Asks nobody."""


class Undocumented(UI):
    def ask(self, sheet):
        return Quit()


class Keyed(Tracker):
    """Has to be given a key."""

    def __init__(self, key: str):
        pass


class Numbered(Tracker):
    """Gives a number for an id."""

    def begin(self, run):
        return 7


class Lost(Tracker):
    """Reads a file again that may be gone."""

    def begin(self, run):
        (run.folder / "diary").open("r+" if run.id else "w").close()
        return "it"


class Greedy(Tracker):
    def begin(self, run):
        (run.folder / "config.toml").unlink(missing_ok=True)


def brittle(path: Path) -> Any:
    """Reads text."""
    return path.read_text()


def undocumented(path: Path) -> Any:
    raise DataError("never")


@click.command()
def helpless() -> None:
    pass


CASES = [
    ("recipe", "untitled", "about", "[recipe] has no text 'title'"),
    ("recipe", "dated", "about", "[recipe] has the year '1999'"),
    ("recipe", "misspelt", "options", "no option named 'critic.widht'; did you mean 'critic.width'?"),
    ("recipe", "unfit", "pair", "Artist 'gp' cannot work with critic 'latent'"),
    ("function", {}, "names", "it is no dict of functions, or an empty one"),
    ("function", {"f": abs}, "names", "'f' is a builtin_function_or_method, not a Function"),
    ("function", function("any", lambda canvas, x: x, name="g"), "names", "'f' is named 'g' in its Function"),
    ("function", {"f(": Function("f(", (), "scalar", lambda canvas: canvas.x)}, "names", "'f(' cannot be read"),
    ("function", function("scalar", lambda canvas, x: [x] * 3, ("scalar",)), "meaning", "'f' gives scalar and has 3"),
    ("function", function("any", lambda canvas: canvas.x), "meaning", "TypeError"),
    ("ui", Made, "made", "TypeError"),
    ("ui", Silent, "ask", "it has no method ask(sheet)"),
    ("ui", Undocumented, "docstring", "the class has no docstring"),
    ("tracker", Keyed, "made", "TypeError"),
    ("tracker", Numbered, "follows", "begin() returns a int, not a text or None"),
    ("tracker", Lost, "goes-on", "FileNotFoundError"),
    ("tracker", Greedy, "files", "the run's config.toml was changed or removed"),
    ("tracker", Greedy, "docstring", "the class has no docstring"),
    ("importer", brittle, "nonsense", "FileNotFoundError"),
    ("importer", undocumented, "docstring", "the function has no docstring"),
    ("command", brittle, "command", "it is a function, not a click.Command"),
    ("command", helpless, "help", "it has no help"),
]


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize(("kind", "subject", "rule", "message"), CASES, ids=lambda some: str(some)[:20])
def test_what_is_broken_breaks_the_rule_that_is_meant_for_it(kind: str, subject: Any, rule: str, message: str) -> None:
    assert message in broken(kind, subject, rule)[rule].message


@pytest.mark.usefixtures("odd")
def test_the_recipe_that_the_bad_ones_are_made_of_is_good() -> None:
    conform("recipe", "good")


@pytest.mark.parametrize("kind", ["recipe", "function", "ui", "tracker", "importer", "command"])
def test_every_rule_has_something_that_breaks_it(kind: str) -> None:
    assert names(bench_for(kind, Plain)) == {rule for its, _, rule, _ in CASES if its == kind}
