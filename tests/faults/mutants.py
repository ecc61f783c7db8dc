"""Mutation testing: small changes of the code, each of which some test should notice.

    python -m tests.faults.mutants [FILE ...] [--count 60] [--seed 0]

Of each file a sample of mutants is tried: a comparison turned round, a constant changed, `and` for `or`, a `not` left
out, a statement left out, a result replaced by None. The tests that mirror the file are run on each, in a copy of the
repository. What survives is printed with its line, to be read: some mutants change nothing that anybody could see.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = {
    "coevo/contract/works.py": ["tests/contract"],
    "coevo/contract/players.py": ["tests/contract", "tests/loop"],
    "coevo/contract/drawings.py": ["tests/contract", "tests/images"],
    "coevo/storage/atomic.py": ["tests/storage"],
    "coevo/storage/cache.py": ["tests/storage"],
    "coevo/storage/jsonl.py": ["tests/storage"],
    "coevo/storage/run_folder.py": ["tests/storage"],
    "coevo/storage/serialization.py": ["tests/storage"],
    "coevo/storage/state_tools.py": ["tests/storage"],
    "coevo/plugin/registry.py": ["tests/plugin"],
    "coevo/runs/config.py": ["tests/runs/test_config.py", "tests/runs/test_effects.py", "tests/runs/test_starting.py"],
}
COPIED = ("coevo", "plugins", "tests", "docs", "pyproject.toml", "hatch_build.py", "README.md", "CHANGELOG.md")
PATIENCE = 120  # seconds until a mutant counts as noticed: it hangs
SWAPS: dict[type, type] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
}  # fmt: skip


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Nodes that can be changed, and how. Docstrings, annotations and texts for people are left alone."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[op]) if type(op) in SWAPS:
                yield node, "comparison"
            case ast.BoolOp() | ast.BinOp() if type(node.op) in SWAPS:
                yield node, "operator"
            case ast.UnaryOp(op=ast.Not()):
                yield node, "not"
            case ast.Constant(value=bool()):
                yield node, "constant"
            case ast.Constant(value=int()):
                yield node, "constant"
            case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
                yield node, "result"
            case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign():
                yield node, "statement"


def mutated(source: str, number: int) -> tuple[str, int, str]:
    """The source with one change, its line, and what it is."""
    tree = ast.parse(source)
    node, kind = list(places(tree))[number]
    line = getattr(node, "lineno", 0)
    before = ast.unparse(copy.deepcopy(node))

    class Change(ast.NodeTransformer):
        def generic_visit(self, one: ast.AST) -> ast.AST:
            if one is not node:
                return super().generic_visit(one)
            match kind:
                case "comparison":
                    one.ops = [SWAPS[type(one.ops[0])]()]  # type: ignore[attr-defined]
                case "operator":
                    one.op = SWAPS[type(one.op)]()  # type: ignore[attr-defined]
                case "not":
                    return one.operand  # type: ignore[attr-defined, no-any-return]
                case "constant":
                    value = one.value  # type: ignore[attr-defined]
                    one.value = not value if isinstance(value, bool) else value + 1  # type: ignore[attr-defined]
                case "result":
                    one.value = ast.Constant(None)  # type: ignore[attr-defined]
                case "statement":
                    return ast.copy_location(ast.Pass(), one)
            return one

    changed = ast.fix_missing_locations(Change().visit(tree))
    return ast.unparse(changed), line, f"{kind}: {before.splitlines()[0][:90]}"


def is_noticed(copy_of_it: Path, tests: list[str]) -> bool:
    """Whether a test fails."""
    environment = {**os.environ, "PYTHONPATH": f"{copy_of_it}{os.pathsep}{copy_of_it / 'plugins'}"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n",
        "0",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        *tests,
    ]
    try:
        done = subprocess.run(command, cwd=copy_of_it, env=environment, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=list(TESTS), metavar="FILE")
    parser.add_argument("--count", type=int, default=60, help="mutants of a file, at most")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    total = survived = 0
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "coevo"
        for part in COPIED:
            copied = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            (where / part).parent.mkdir(parents=True, exist_ok=True)
            copied(ROOT / part, where / part)
        for file in given.files:
            source = (ROOT / file).read_text()
            if is_noticed(where, TESTS[file]):
                sys.exit(f"The tests of {file} fail without a change.")
            numbers = list(range(len(list(places(ast.parse(source))))))
            some = sorted(random.Random(given.seed).sample(numbers, min(given.count, len(numbers))))
            alive = []
            for number in some:
                text, line, what = mutated(source, number)
                (where / file).write_text(text)
                if not is_noticed(where, TESTS[file]):
                    alive.append(f"  {file}:{line} {what}")
            (where / file).write_text(source)
            total, survived = total + len(some), survived + len(alive)
            print(f"{file}: {len(some) - len(alive)} of {len(some)} noticed", *alive, sep="\n", flush=True)
    print(f"{total - survived} of {total} mutants noticed, {(total - survived) / max(1, total):.1%}")


if __name__ == "__main__":
    main()
