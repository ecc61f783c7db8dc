"""Plugins: found, broken, misspelt, twice, too new; and which modules may import which."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, packages_distributions
from pathlib import Path

import pytest

from coevo import CONTRACT_VERSION, ConfigError
from coevo.plugin.registry import Registry
from coevo.plugin.source import Source
from coevo.testing.standins import RandomArtist

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Writes a module and gives its entry point."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, code):
        (tmp_path / f"{name}.py").write_text(code)
        return EntryPoint(name.removeprefix("coevo_"), name, "coevo")

    return write


def offers(kind, name, path):
    return f"""
from coevo import Offer, hookimpl

@hookimpl
def coevo_{kind}s():
    return [Offer({name!r}, "a summary", {path!r})]
"""


SUNRISE = """
import coevo

class Sunrise(coevo.Artist):
    name = "sunrise"
"""


def test_an_outsiders_offers_are_found(plugin):
    code = offers("artist", "sunrise", "coevo_sky:Sunrise") + SUNRISE
    registry = Registry([plugin("coevo_sky", code)])
    assert registry.offers("artist")["sunrise"].summary == "a summary"
    assert registry.owner("artist", "sunrise") == "sky"
    assert registry.load("artist", "sunrise").__name__ == "Sunrise"


def test_the_core_offers_its_own_through_the_same_hooks():
    registry = Registry([])
    assert {"hinge", "relativistic"} <= registry.offers("game").keys()
    assert {"gaussian", "uniform", "categorical", "mixture", "swiss-roll"} == registry.offers("prior").keys()
    assert registry.owner("game", "hinge") == "coevo"
    for kind in ("game", "prior"):
        for name in registry.offers(kind):
            assert callable(registry.load(kind, name))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import there_is_no_such_module", "ModuleNotFoundError: No module named 'there_is_no_such_module'"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 0\n1 / 0", "ZeroDivisionError: division by zero (coevo_broken.py, line 2)"),
        ("def broken(:", "SyntaxError"),
        ("import sys\nsys.exit(3)", "it called sys.exit(3) (coevo_broken.py, line 2)"),
    ],
    ids=["missing import", "crash", "crash with its line", "no Python", "exit"],
)
def test_a_broken_plugin_is_listed_with_its_error_and_stops_nothing(plugin, code, error):
    good = plugin("coevo_good", offers("artist", "sunrise", "x:y"))
    registry = Registry([plugin("coevo_broken", code), good])
    broken = next(plugin for plugin in registry.plugins if plugin.name == "broken")
    assert error in broken.error
    assert not broken.offers
    assert list(registry.offers("artist")) == ["sunrise"]
    with pytest.raises(ConfigError, match=r"There is no artist named 'moon'.*failed to load: broken"):
        registry.find("artist", "moon")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (("coevo_artists", "coevo_artits"), "does not know its hook coevo_artits; did you mean 'coevo_artists'?"),
        (("coevo_artists", "coevo_dreams"), "This coevo does not know its hook coevo_dreams."),
        (("'moon', ", ""), "Its hook coevo_artists failed: TypeError"),
        (("'moon', \"a summary\"", "'moon', 5"), "an offer is three texts"),
        (("'moon', ", "'mo:on', "), "'mo:on' cannot be a name"),
        (("return [", "raise OSError; ["), "Its hook coevo_artists failed: OSError (coevo_half.py, line 6)"),
        (("return [", "raise SystemExit; ["), "Its hook coevo_artists failed: it called sys.exit() (coevo_half.py"),
        (("return [Offer('moon', \"a summary\", 'a:b')]", "return None"), ""),
    ],
    ids=["misspelt", "of a later contract", "half an offer", "no texts", "no name", "raises", "exits", "gives nothing"],
)
def test_a_hook_that_fails_costs_what_it_offers_and_no_more(plugin, broken, said):
    code = offers("artist", "moon", "a:b").replace(*broken)
    registry = Registry([plugin("coevo_half", code + offers("critic", "tide", "c:d"))])
    half = registry.plugins[-1]
    assert not half.error and said in " ".join(half.notes)
    assert list(registry.offers("critic")) == ["tide"] and not registry.offers("artist")


def test_a_deprecated_hook_works_and_is_told(plugin):
    registry = Registry([plugin("coevo_old", offers("face", "coin", "x:y"))])
    assert list(registry.offers("ui")) == ["coin"]
    assert registry.plugins[-1].notes == [
        "Its hook coevo_faces is now called coevo_uis; contract 2 will not have the old name."
    ]


def test_a_plugin_that_loads_torch_to_list_its_offers_is_named_as_slow(plugin):
    code = offers("artist", "sunrise", "x:y")
    plugin("coevo_quick", code)
    plugin("coevo_slow", "import torch" + code)
    script = f"""if True:
        import sys
        sys.path[:0] = {sys.path}
        from importlib.metadata import EntryPoint
        from coevo.plugin.registry import Registry
        for plugin in Registry([EntryPoint(name, f"coevo_{{name}}", "coevo") for name in ("quick", "slow")]).plugins:
            print(plugin.name, *plugin.notes)"""
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    core, quick, slow = child.stdout.splitlines()
    assert (core, quick) == ("coevo", "quick") and slow.startswith("slow It imports torch while it is listed")


def test_an_offer_that_is_not_what_its_kind_says_is_refused(plugin):
    things = "\nthing = 5\n" + SUNRISE.replace('name = "sunrise"', "pass")
    for kind, path, said in (
        ("artist", "thing", "should be a subclass of coevo.Artist, but coevo_odd:thing is a int"),
        ("artist", "Sunrise", "should have a name without slashes and colons, such as name = 'sunrise'"),
        ("critic", "Sunrise", "should be a subclass of coevo.Critic, but coevo_odd:Sunrise is Sunrise"),
        ("game", "Sunrise", "should be a subclass of coevo.adversarial.games.Game, but coevo_odd:Sunrise is Sunrise"),
        ("prior", "thing", "should be a subclass of coevo.latent_models.priors.Prior, but coevo_odd:thing is a int"),
        ("ui", "thing", "should be a subclass of coevo.interactive.ui.UI, but coevo_odd:thing is a int"),
        ("dataset", "thing", "should be a function of DataOptions"),
        ("function", "thing", "should be a dict of"),
        ("command", "thing", "should be a click command"),
    ):
        registry = Registry([plugin("coevo_odd", offers(kind, "sunrise", f"coevo_odd:{path}") + things)])
        with pytest.raises(ConfigError, match=f"'sunrise' of plugin 'odd' {said}"):
            registry.load(kind, "sunrise")
        del sys.modules["coevo_odd"]


def test_a_player_is_offered_by_its_own_name(plugin):
    """A run keeps the name of the class, and has to find it again by that."""
    registry = Registry([plugin("coevo_sky", offers("artist", "dawn", "coevo_sky:Sunrise") + SUNRISE)])
    said = "'dawn' of plugin 'sky' should have the name that it is offered by, name = 'dawn', but Sunrise.name is"
    with pytest.raises(ConfigError, match=said):
        registry.load("artist", "dawn")


def test_what_a_plugin_offers_of_coevo_stays_coevos_code(plugin):
    registry = Registry([plugin("coevo_sky", offers("game", "steep", "coevo.adversarial.games:Hinge"))])
    assert registry.plugins[-1].packages == {"coevo_sky"}
    assert registry.owner_of("coevo").name == "coevo" and registry.owner_of("coevo_sky").name == "sky"


def test_a_name_that_two_plugins_offer_is_refused_to_those_who_ask_for_it(plugin):
    points = [plugin(f"coevo_{name}", offers("artist", "sunrise", "x:y")) for name in ("sky", "sea")]
    points.append(plugin("coevo_night", offers("artist", "moon", "x:y")))
    registry = Registry(points)
    for ask in (registry.find, registry.load, registry.owner):
        with pytest.raises(ConfigError, match=r"Several plugins offer the artist 'sunrise': 'sea' and 'sky'"):
            ask("artist", "sunrise")
    assert list(registry.offers("artist")) == ["moon", "sea:sunrise", "sky:sunrise"]
    assert registry.find("artist", "moon").path == "x:y"
    assert registry.problems() == [registry.problem("artist", "sunrise")]


def test_a_name_that_two_plugins_offer_is_chosen_with_its_plugin(plugin):
    registry = Registry([plugin(f"coevo_{name}", offers("artist", "sunrise", f"{name}:y")) for name in ("sky", "sea")])
    assert registry.find("artist", "sky:sunrise").path == "sky:y" and registry.owner("artist", "sea:sunrise") == "sea"
    assert "say which: sea:sunrise or sky:sunrise" in registry.problem("artist", "sunrise")
    with pytest.raises(ConfigError, match="no artist named 'moon:sunrise'"):
        registry.find("artist", "moon:sunrise")


def test_a_plugin_may_be_named_where_nobody_else_offers_the_name(plugin):
    registry = Registry([plugin("coevo_sky", offers("artist", "sunrise", "x:y"))])
    assert registry.find("artist", "sky:sunrise") == registry.find("artist", "sunrise")


def test_two_plugins_of_one_name_are_refused_to_those_who_ask_for_what_both_offer(plugin):
    points = [plugin(f"coevo_{name}", offers("artist", "sunrise", f"{name}:y")) for name in ("sky", "sea")]
    registry = Registry([EntryPoint("sky", point.value, "coevo") for point in points])
    for name in ("sunrise", "sky:sunrise"):
        with pytest.raises(ConfigError, match=r"Plugin 'sky' offers the artist '.*' twice; uninstall one of the two"):
            registry.find("artist", name)


def test_a_name_of_the_core_cannot_be_taken(plugin):
    registry = Registry([plugin("coevo_door", offers("game", "hinge", "x:y"))])
    assert registry.owner("game", "hinge") == "coevo" and registry.find("game", "door:hinge").path == "x:y"
    assert registry.problems() == ["The game 'hinge' is coevo's own; that of plugin 'door' is door:hinge."]


def test_a_plugin_for_this_contract_or_an_older_one_is_taken(plugin):
    points = [plugin(f"coevo_{n}", f"COEVO_CONTRACT = {n}\n" + offers("artist", f"a{n}", "x:y")) for n in (0, 1)]
    assert CONTRACT_VERSION == 1
    assert set(Registry(points).offers("artist")) == {"a0", "a1"}


def test_a_plugin_for_a_newer_contract_is_refused_in_one_sentence_and_others_go_on(plugin):
    new = plugin("coevo_new", f"COEVO_CONTRACT = {CONTRACT_VERSION + 1}\n" + offers("artist", "sunrise", "x:y"))
    registry = Registry([new, plugin("coevo_sky", offers("artist", "moon", "x:y"))])
    refused = next(plugin for plugin in registry.plugins if plugin.name == "new")
    assert refused.error.startswith(f"Plugin 'new' is written for contract {CONTRACT_VERSION + 1}, and coevo")
    assert list(registry.offers("artist")) == ["moon"]
    with pytest.raises(ConfigError, match=r"The artist 'sunrise' cannot be used: Plugin 'new' is written for contract"):
        registry.load("artist", "sunrise")


def test_a_hook_of_a_newer_contract_does_not_hide_that_sentence(plugin):
    code = (
        f"COEVO_CONTRACT = {CONTRACT_VERSION + 1}\n" + offers("artist", "sunrise", "x:y") + offers("dream", "d", "x:y")
    )
    registry = Registry([plugin("coevo_new", code)])
    with pytest.raises(ConfigError, match=r"'sunrise' cannot be used: Plugin 'new' is written for contract"):
        registry.load("artist", "sunrise")


def test_an_offer_of_a_newer_contract_does_not_hide_that_sentence(plugin):
    code = f"COEVO_CONTRACT = {CONTRACT_VERSION + 1}\n" + offers("artist", "sunrise", "x:y").replace("'x:y'", "1, 2, 3")
    new = Registry([plugin("coevo_new", code)]).plugins[-1]
    assert new.error.startswith("Plugin 'new' is written for contract")


def test_a_refused_plugin_takes_no_name_from_another(plugin):
    new = plugin("coevo_new", "COEVO_CONTRACT = 99\n" + offers("artist", "sunrise", "x:y"))
    registry = Registry([new, plugin("coevo_sky", offers("artist", "sunrise", "x:y"))])
    assert registry.owner("artist", "sunrise") == "sky"


def test_one_name_may_stand_for_things_of_two_kinds(plugin):
    code = offers("artist", "dcgan", "x:y") + offers("recipe", "dcgan", "x:y.toml")
    registry = Registry([plugin("coevo_both", code)])
    assert registry.owner("artist", "dcgan") == registry.owner("recipe", "dcgan") == "both"


def test_an_unknown_name_is_met_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no game named 'hing'; did you mean 'hinge'\?"):
        Registry([]).find("game", "hing")
    with pytest.raises(ConfigError, match=r"no prior named 'xyz'; there are: categorical, gaussian, mixture"):
        Registry([]).find("prior", "xyz")
    with pytest.raises(ConfigError, match=r"no artist named 'dcgan'; there are: none"):
        Registry([]).find("artist", "dcgan")


@pytest.mark.parametrize(
    ("path", "error"), [("nowhere:X", "ModuleNotFoundError"), ("coevo_sky:Dusk", "AttributeError")]
)
def test_an_offer_that_leads_nowhere_is_blamed_on_its_plugin(plugin, path, error):
    registry = Registry([plugin("coevo_sky", offers("artist", "sunrise", path))])
    with pytest.raises(ConfigError, match=f"Artist 'sunrise' of plugin 'sky' failed to load.*{error}"):
        registry.load("artist", "sunrise")


# imports


def imported(folder):
    """(file, top-level module) of every import statement under a folder."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module if not node.level else path.parent.name]
            else:
                continue
            yield from ((path.name, name.partition(".")[0]) for name in names)


def named(distribution):
    """A distribution's name as all its spellings have it."""
    return distribution.lower().replace("_", "-")


PLUGINS = sorted(path for path in (ROOT / "plugins").glob("coevo_*") if path.is_dir())


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_imports_only_the_core_itself_and_what_the_project_depends_on(folder):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    tools = {"bench", "dev", "docs"}  # of ours; the other extras are for users, and a sentence asks for them
    extras = [line for name, lines in project["optional-dependencies"].items() if name not in tools for line in lines]
    dependencies = {named(re.match(r"[\w-]+", line)[0]) for line in [*project["dependencies"], *extras]}
    homes = packages_distributions()
    allowed = {module for module in homes if dependencies & set(map(named, homes[module]))}
    allowed |= {"coevo", folder.name} | sys.stdlib_module_names
    found = list(imported(folder))
    assert ("__init__.py", "coevo") in found
    assert not [pair for pair in found if pair[1] not in allowed]


@pytest.mark.parametrize(
    "module", ["coevo", "coevo.plugin.hookspecs", "coevo.plugin.builtins", "coevo.plugin.registry", "coevo.errors"]
)
def test_looking_at_plugins_does_not_load_torch(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'numpy', 'pydantic'}} & set(sys.modules)))"
    path = [str(ROOT), str(ROOT / "plugins")]
    child = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert child.stdout.strip() == "[]"


def test_no_plugin_of_ours_loads_torch_to_list_its_offers():
    names = [folder.name for folder in PLUGINS]
    path = [str(ROOT), str(ROOT / "plugins")]
    code = f"""if True:
        import sys
        sys.path[:0] = {path}
        from importlib.metadata import EntryPoint
        from coevo.plugin.registry import Registry
        registry = Registry([EntryPoint(name, name, "coevo") for name in {names}])
        print([plugin.error for plugin in registry.plugins if plugin.error], "torch" in sys.modules)"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[] False"


def test_a_class_that_was_taken_is_found_with_its_own_source() -> None:
    known, source = Registry(), Source(class_name="Mine", file="/there/mine.py")
    known.take("artist", "mine", RandomArtist, source)
    assert known.load("artist", "mine") is RandomArtist
    assert known.source("artist", "mine") is source
    with pytest.raises(ConfigError, match="'nobody'"):
        known.source("artist", "nobody")
