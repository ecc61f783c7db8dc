"""What the pages say is done as written, only shorter: every console block, and every block of Python."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CommandLine
from PIL import Image
from pydantic import Field
from standins import PICBREEDER_GENOME

import coevo
from coevo.plugin import registry as plugins

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLDERS = "tutorials", "how-to", "families"
PAGES = [ROOT / "README.md", *(page for folder in FOLDERS for page in sorted((DOCS / folder).glob("*.md")))]
COMMANDS_OF_OTHERS = {"pip", "cd", "pytest", "python", "twine", "make", "."}
INTERACTIVE = {"human", "blind-watchmaker", "sims", "picbreeder", "evoeco"}
"""Players and recipes for which a person is asked."""
LARGER = {"computational-aesthetics", "aesthetic-learning", "swarm-art"}
"""Recipes whose measures need 32 px."""
OWN = {"photographs", "facades/", "photos/", "pictures.npz"}
"""Data that the commands of a page find."""


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language; not those that stand in a file, which other tests read."""
    text = re.sub(r"<!-- file: .*? -->\n```.*?```", "", page.read_text(), flags=re.S)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def lines(page: Path) -> Iterator[tuple[list[str], list[str]]]:
    """The words of every `$ …` line of a page, and the lines that it prints."""
    for block in blocks(page, "console"):
        for line in block.removeprefix("$ ").split("\n$ "):
            command, *output = line.splitlines()
            yield shlex.split(command, comments=True), output


# what a page finds in its folder


def photos(folder: Path) -> None:
    """Forty pictures of noise in two classes."""
    draws = np.random.default_rng(0)
    for number in range(40):
        path = folder / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draws.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(path)


def arrays(folder: Path) -> None:
    np.savez(folder / "pictures.npz", images=np.random.default_rng(0).integers(0, 255, (40, 16, 16), dtype=np.uint8))


def facades(folder: Path) -> None:
    (folder / "facades").mkdir()
    for number in (1, 2):
        Image.new("L", (16, 8), number).save(folder / "facades" / f"{number}.png")


def label_map(folder: Path) -> None:
    (folder / "maps").mkdir()
    for name in ("map.png", "snow.png", "maps/1.png"):
        Image.new("L", (16, 16), 3).save(folder / name)


def siren(folder: Path) -> None:
    (folder / "siren.py").write_text((DOCS / "siren.py").read_text())


def genome(folder: Path) -> None:
    (folder / "genome.zip").write_text(PICBREEDER_GENOME)


def recipe(folder: Path) -> None:
    (folder / "soft.toml").write_text(blocks(DOCS / "how-to" / "recipe.md", "toml")[0])


THERE: tuple[Callable[[Path], None], ...] = photos, arrays, facades, label_map, siren, genome, recipe


# commands


SCREENS = {"paint", "start", "web"}  # commands that wait for a person: tests of their own drive them


class Visit:
    """A reader who types what a page says, in a folder of their own, with less time.

    Args:
        command: the command line.
        folder: where they are.
    """

    def __init__(self, command: CommandLine, folder: Path):
        self.command, self.folder, self.typed = command, folder, 0
        for bring in THERE:
            bring(folder)
        (folder / "x.picks").write_text("1\n2\n3\n4\nq\n")

    def types(self, words: list[str], output: list[str]) -> None:
        if words[0] in SCREENS:
            self.typed += 1
            return
        refused = bool(output) and output[0].startswith("coevo: ")
        answer = self.command(*(words if refused else self.shorter(words)))
        assert answer.code == (2 if refused else 0), (words, answer.err)
        for line in output:
            assert line in ("", "  ...") or line in (answer.err + answer.out).splitlines(), (words, line)
        self.typed += 1

    def shorter(self, words: list[str]) -> list[str]:
        """The same command with few rounds, small pictures, and picks in the place of a person."""
        if words[0] == "resume":
            return self.resumed(words)
        if words[0] == "run":
            return self.asked(words) if not INTERACTIVE.isdisjoint(words) else self.quick(words)
        if words[0] == "sweep":
            kept = words[: words.index("--seeds")]
            few = ["--seeds", "1", "--rounds", "1", "-n", "0", "--metric", "rounds"]
            return [*kept, *few, "-o", "data.size=16", "-o", "run.batch=4"]
        if words[0] in ("evaluate", "compare") and "-n" in words:
            return [*words[: words.index("-n") + 1], "20", *words[words.index("-n") + 2 :]]
        return words

    def quick(self, words: list[str]) -> list[str]:
        if "--data" in words and words[words.index("--data") + 1] not in OWN:
            words = [word for word in words if word not in ("--data", "mnist", "--data-dir", "mnist/")]
        small = "16" if LARGER.isdisjoint(words) else "32"
        few = ["-o", "critic.evaluations=100"] if "line-drawings" in words else []
        return [*words, "--size", small, "--rounds", "2", "--batch", "4", *few]

    def asked(self, words: list[str]) -> list[str]:
        return [*words, *self.picks(words)]

    def resumed(self, words: list[str]) -> list[str]:
        name = words[1] if len(words) > 1 and not words[1].startswith("-") else "latest"
        runs = sorted(self.command.runs.glob("*/config.toml"), key=lambda path: path.stat().st_mtime)
        folder = runs[-1].parent if name == "latest" else self.command.runs / name
        if (folder / "session.db").exists():
            return [*words, *self.picks(words)]
        return [*words, "--rounds", str(4 + self.typed)]

    def picks(self, words: list[str]) -> list[str]:
        return [] if "--picks" in words else ["--picks", str(self.folder / "x.picks")]


@pytest.fixture
def visit(coevo_command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """A reader with the plugin of the tutorials installed."""
    points = [*entry_points(group="coevo"), EntryPoint("sunrise", "coevo_sunrise", "coevo")]
    monkeypatch.syspath_prepend(DOCS / "example-plugin")
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COEVO_RUNS", str(coevo_command.runs))
    plugins.registry.cache_clear()
    yield Visit(coevo_command, tmp_path)
    plugins.registry.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(lines(page))], ids=title)
def test_the_commands_of_a_page_run(page: Path, visit: Visit) -> None:
    """Every command line is run as written, but for its length, and the person in front of it."""
    if "--from small" in page.read_text() and "--name small" not in page.read_text():
        visit.types(["run", "dcgan", "--name", "small"], [])
    for words, output in lines(page):
        if words[0] == "coevo":
            visit.types(words[1:], output)
        elif words == ["make", "run"]:
            visit.types(["run", "--artist", "dcgan", "--critic", "dcnn"], output)
        else:
            assert words[0] in COMMANDS_OF_OTHERS, words
    assert visit.typed


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=title)
def test_the_python_of_a_page_runs(page: Path, visit: Visit) -> None:
    """One block after another, as a reader would paste them."""
    names: dict[str, Any] = {"__name__": "page", "coevo": coevo, "Field": Field}
    for block in blocks(page, "python"):
        exec(compile(textwrap.dedent(block), str(page), "exec"), names)


def test_every_folder_of_pages_is_read() -> None:
    """Ten minutes of reading: the promised numbers of tutorials and how-tos are there."""
    assert len(list((DOCS / "tutorials").glob("*.md"))) >= 7
    assert len(list((DOCS / "how-to").glob("*.md"))) >= 16
