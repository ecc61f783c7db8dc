"""The papers are true: every hook has a page, every file is on the map, the README's Python runs as written."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CommandLine
from standins import PICBREEDER_GENOME as GENOME

from coevo.plugin import hookspecs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
HOOKS = [name for name in vars(hookspecs) if name.startswith("coevo_")]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_docstring_a_page_and_a_test(hook: str) -> None:
    assert getattr(hookspecs, hook).__doc__
    assert f"`{hook}`" in (ROOT / "docs" / "plugins.md").read_text()
    tests = [path for path in (ROOT / "tests").glob("test_*.py") if path.name != "test_docs.py"]
    assert any(hook in path.read_text() for path in tests)


def test_every_module_of_the_core_is_on_the_map() -> None:
    modules = [path.name for path in (ROOT / "coevo").glob("*.py") if not path.name.startswith("__")]
    assert [name for name in modules if name not in README] == []


def test_the_python_of_the_readme_runs_as_written(tmp_path: Path) -> None:
    code = re.search(r"<!-- tested -->\n```python\n(.*?)```", README, re.S)
    assert code
    done = subprocess.run([sys.executable, "-c", code[1]], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "16, 1, 16, 16" in done.stdout


def test_the_commands_of_the_readme_run(
    coevo_command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command line is run as written, but for its data, its length, and the person in front of it."""
    monkeypatch.chdir(tmp_path)
    Path("x.picks").write_text("1\n2\n3\n4\nq\n")
    Path("genome.zip").write_text(GENOME)
    blocks = re.findall(r"```console\n(.*?)```", README, re.S)
    lines = [shlex.split(line[2:], comments=True) for block in blocks for line in block.splitlines()]
    commands = [words[1:] for words in lines if words[0] == "coevo"]
    assert len(commands) >= 16
    coevo_command.play("small", "--rounds", 2)
    asking = {"human", "blind-watchmaker", "sims", "picbreeder"}
    bred = False
    for words in commands:
        asks = words[0] == "run" and not asking.isdisjoint(words)
        bred = bred or asks
        if asks or (words[0] == "resume" and bred):
            words += [] if "--picks" in words or "--plain" in words else ["--picks", "x.picks"]
            words += ["-o", "artist.width=4", "-o", "artist.latent=8", "--size", "16"] if "dcgan" in words else []
        elif words[0] == "resume":
            words = ["resume", "small", "--rounds", "4"]
        elif words[0] == "run":
            words = [word for word in words if word not in ("--data", "photos/", "mnist", "--data-dir", "mnist/")]
            measured = not {"computational-aesthetics", "aesthetic-learning"}.isdisjoint(words)  # in 32 px or more
            words += ["--size", "32" if measured else "16", "--rounds", "1", "--batch", "4"]
        answer = coevo_command(*words)
        assert answer.code == 0, (words, answer.err)
