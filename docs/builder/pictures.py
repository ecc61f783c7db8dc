"""The picture of a recipe, made by commands that anyone can type; it is kept by what it follows from.

python docs/builder/pictures.py [NAME ...]      makes those of these recipes, or all, and says how long each took
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from time import process_time

from click.testing import CliRunner
from PIL import Image

from coevo.cli import main
from coevo.plugin.registry import registry
from coevo.runs.config import read_recipe

DOCS = Path(__file__).parents[1]
COMMANDS = DOCS / "recipes" / "pictures.toml"
KEPT = DOCS / "_build" / "pictures"
WIDEST = 960  # px of a picture on a page


@dataclass(frozen=True)
class Script:
    """The commands that make a recipe's picture.

    Args:
        recipe: its name.
        commands: words after `coevo`; the last writes picture.png.
        picks: what a person types at each sheet, where a person is the critic.
    """

    recipe: str
    commands: tuple[str, ...]
    picks: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """A checksum of all that the picture follows from: the commands, the recipe, the plugins of both players."""
        tree = read_recipe(self.recipe, registry())
        sources = [*_sources("artist", tree["artist"]["name"]), *_sources("critic", tree["critic"]["name"])]
        parts = [repr(self).encode(), repr(tree).encode(), *(path.read_bytes() for path in sorted(set(sources)))]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]

    @property
    def file(self) -> Path:
        return KEPT / f"{self.recipe}-{self.key}.png"

    def make(self) -> float:
        """Run the commands in a folder of their own, and keep the picture; the seconds of processor time that it took.

        Raises:
            RuntimeError: a command failed, with what it said.
        """
        started = process_time()
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("it.picks").write_text("".join(f"{line}\n" for line in self.picks))
            for command in self.commands:
                done = CliRunner().invoke(main, shlex.split(command), env={"COEVO_RUNS": f"{folder}/runs"})
                if done.exit_code:
                    raise RuntimeError(f"coevo {command} failed: {done.stderr.strip() or done.exception!r}")
            KEPT.mkdir(parents=True, exist_ok=True)
            with Image.open("picture.png") as picture:
                picture.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
                picture.save(self.file.with_suffix(".unfinished"), "PNG", optimize=True)
            self.file.with_suffix(".unfinished").replace(self.file)
        return process_time() - started


def _sources(kind: str, name: str) -> Iterator[Path]:
    """The files of the package that a player stands in."""
    module = sys.modules[registry().load(kind, name).__module__]
    return Path(str(module.__file__)).parent.rglob("*.py")


def scripts() -> dict[str, Script]:
    """The script of every recipe that has one, by the recipe's name."""
    written = tomllib.loads(COMMANDS.read_text())
    return {
        name: Script(name, tuple(entry["commands"]), tuple(map(str, entry.get("picks", ()))))
        for name, entry in written.items()
    }


def make_missing(some: Iterable[Script]) -> Iterator[tuple[str, float | Exception]]:
    """Make the pictures that are not kept, on all cores; recipes with seconds or what went wrong."""
    os.environ["OMP_NUM_THREADS"] = "1"  # in the processes of the pool
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        work = {pool.submit(script.make): script.recipe for script in some if not script.file.exists()}
        for done in as_completed(work):
            error = done.exception()
            yield work[done], error if isinstance(error, Exception) else done.result()


def forget_old() -> None:
    """Remove pictures that follow from what is no more."""
    kept = {script.file for script in scripts().values()}
    for old in KEPT.glob("*"):
        if old not in kept:
            old.unlink()


def copy_to(folder: Path, some: Iterable[Script]) -> None:
    """Put the pictures of recipes beside the pages, as NAME.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for script in some:
        shutil.copyfile(script.file, folder / f"{script.recipe}.png")


def make_named(names: Sequence[str]) -> int:
    """Make the missing pictures of recipes; 1 if one could not be made."""
    everything, failed = scripts(), 0
    for recipe, found in make_missing(everything[name] for name in names or everything):
        failed += isinstance(found, Exception)
        print(f"{recipe:<26} {found}" if isinstance(found, Exception) else f"{recipe:<26} {found:6.1f} s", flush=True)
    forget_old()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(make_named(sys.argv[1:]))
