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


def test_an_outsiders_offers_are_found(plugin):
    code = offers("artist", "sunrise", "coevo_sky:Sunrise") + "\nclass Sunrise: pass\n"
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
        ("def broken(:", "SyntaxError"),
        (offers("artist", "moon", "a:b").replace("coevo_artists", "coevo_artits"), "coevo_artits"),
        (offers("artist", "moon", "a:b").replace("'moon', ", ""), "TypeError"),
        (offers("artist", "moon", "a:b").replace("return [", "raise OSError; ["), "OSError"),
    ],
    ids=["missing import", "crash", "no Python", "misspelt hook", "half an offer", "hook that fails"],
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


def test_a_name_that_two_plugins_offer_is_refused_to_those_who_ask_for_it(plugin):
    points = [plugin(f"coevo_{name}", offers("artist", "sunrise", "x:y")) for name in ("sky", "sea")]
    points.append(plugin("coevo_night", offers("artist", "moon", "x:y")))
    registry = Registry(points)
    for ask in (registry.find, registry.load, registry.owner):
        with pytest.raises(ConfigError, match=r"Several plugins offer the artist 'sunrise': 'sea' and 'sky'"):
            ask("artist", "sunrise")
    assert list(registry.offers("artist")) == ["moon"]
    assert registry.find("artist", "moon").path == "x:y"
    assert registry.problems() == [registry.problem("artist", "sunrise")]


def test_a_name_of_the_core_cannot_be_taken(plugin):
    registry = Registry([plugin("coevo_door", offers("game", "hinge", "x:y"))])
    with pytest.raises(ConfigError, match=r"game 'hinge': 'coevo' and 'door'"):
        registry.find("game", "hinge")
    assert registry.find("game", "minimax")


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


def test_the_core_imports_no_plugin():
    found = list(imported(ROOT / "coevo"))
    assert len(found) > 50
    assert not [pair for pair in found if pair[1].startswith("coevo_")]


PLUGINS = sorted(path for path in (ROOT / "plugins").glob("coevo_*") if path.is_dir())


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_imports_only_the_core_itself_and_what_the_project_depends_on(folder):
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    dependencies = {re.match(r"[\w-]+", line)[0] for line in wanted}
    homes = packages_distributions()
    allowed = {module for module in homes if dependencies & set(homes[module])}
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
