"""Imports only go down: from the command line to what a player is."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = """
errors version native
extras
studio
contract
loop
plugin storage nn
images
coevolution shader adversarial latent_models data
evolution evaluation interactive monitoring
trees cluster
runs
api tools testing grid
cli
__main__
"""
FLOOR = {name: floor for floor, names in enumerate(LAYERS.split("\n")) for name in names.split()}


def test_imports_only_go_down() -> None:
    """Within a layer too, no two packages import each other."""
    climbing, beside = [], set[tuple[str, str]]()
    for path in sorted((ROOT / "coevo").rglob("*.py")):
        here = path.relative_to(ROOT / "coevo").parts[0].removesuffix(".py")
        for there in imports(path):
            if here != "__init__" and FLOOR[there] > FLOOR[here]:
                climbing.append(f"{path.relative_to(ROOT)} imports coevo.{there}")
            elif here != there and here != "__init__" and FLOOR[there] == FLOOR[here]:
                beside.add((here, there))
    assert not climbing
    assert not [pair for pair in beside if pair[::-1] in beside]


def test_packages_stand_on_at_most_ten_levels() -> None:
    graph: dict[str, set[str]] = {}
    for path in (ROOT / "coevo").rglob("*.py"):
        here = path.relative_to(ROOT / "coevo").parts[0].removesuffix(".py")
        if here not in ("__init__", "__main__"):
            graph.setdefault(here, set()).update(imports(path) - {here})

    def level(package: str) -> int:
        return 1 + max(map(level, graph[package]), default=0)

    assert max(map(level, graph)) <= 10, sorted((level(package), package) for package in graph)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {path: modules(path) for path in (ROOT / "coevo").rglob("*.py") if path.name != "__init__.py"}
    done = set[Path]()

    def visit(path: Path, above: tuple[Path, ...] = ()) -> None:
        assert path not in above, f"a circle: {[str(one.relative_to(ROOT)) for one in (*above, path)]}"
        if path not in done:
            for below in graph[path] & graph.keys():
                visit(below, (*above, path))
            done.add(path)

    for path in graph:
        visit(path)


def test_the_core_imports_no_plugin_and_plugins_only_coevo_and_themselves() -> None:
    for path in sorted((ROOT / "coevo").rglob("*.py")):
        assert not [name for name in names(path) if name.startswith("coevo_")], path
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        own = path.relative_to(ROOT / "plugins").parts[0]
        others = {name.split(".")[0] for name in names(path) if name.startswith("coevo_")} - {own}
        assert not others, f"{path.relative_to(ROOT)} imports {others}"


def test_what_a_player_is_and_the_loop_fit_in_a_readers_head() -> None:
    lines = {path.stem: len(path.read_text().splitlines()) for path in (ROOT / "coevo" / "contract").glob("*.py")}
    assert lines["players"] + lines["works"] < 450  # whatever every player is
    assert sum(lines.values()) < 700  # and what some can do
    assert length("coevo/loop/coevolve.py", "coevolve") <= 60
    assert length("coevo/runs/run.py", "turns") <= 60


def length(file: str, function: str) -> int:
    tree = ast.walk(ast.parse((ROOT / file).read_text()))
    found = next(node for node in tree if isinstance(node, ast.FunctionDef) and node.name == function)
    assert found.end_lineno is not None
    return found.end_lineno - found.lineno + 1


@cache
def names(path: Path) -> set[str]:
    """Every module that a file imports, but for type checkers alone."""
    tree = ast.parse(path.read_text())
    checked = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    skipped = {id(inner) for node in checked for inner in ast.walk(node)}
    found = set[str]()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def imports(path: Path) -> set[str]:
    """The packages and top modules of coevo that a file imports."""
    return {name.split(".")[1] for name in names(path) if name.startswith("coevo.")} & FLOOR.keys()


def modules(path: Path) -> set[Path]:
    """The files of coevo that a file imports; through a package's __init__ what that one imports."""
    found = set[Path]()
    for name in names(path):
        if name.startswith("coevo."):
            target = ROOT / Path(*name.split("."))
            if target.with_suffix(".py").is_file():
                found.add(target.with_suffix(".py"))
            elif (target / "__init__.py").is_file() and path.parent != target:
                found |= modules(target / "__init__.py")
    return found
