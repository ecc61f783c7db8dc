"""A new plugin: an installable package, made of the templates beside this file.

The templates are plain text with $names (`string.Template`): nothing in them is run, and a name that is not given is
an error. Which files there are follows from the kinds of things that the plugin is to offer.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import NamedTuple

from coevo.errors import ConfigError
from coevo.plugin.registry import Kind, Registry, in_words
from coevo.storage.atomic import OUTPUT, check_folder, writing
from coevo.version import CONTRACT_VERSION, __version__

PREFIX = "coevo-"
LONGEST = 24  # characters of a name, so that lines stay short
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Part(NamedTuple):
    """One thing that a plugin may offer; $names are filled in."""

    summary: str
    target: str
    """What the offer points at."""
    file: str
    """The path within the package."""
    command: str
    """A command that shows it."""


PARTS: dict[Kind, Part] = {
    "artist": Part(
        "a network of sines that colours every point of a picture",
        "$package.artist:${stem}Artist",
        "artist.py",
        "coevo run --artist $name --critic $critic --minutes 1",
    ),
    "critic": Part(
        "a small convolutional network with a hinge loss",
        "$package.critic:${stem}Critic",
        "critic.py",
        "coevo run --artist $artist --critic $name --minutes 1",
    ),
    "dataset": Part(
        "discs and rings, a thousand of each",
        "$package.dataset:load",
        "dataset.py",
        "coevo run --artist $artist --critic $critic --data $name --minutes 1",
    ),
    "game": Part(
        "Pearson's χ² divergence (Nowozin 2016)",
        "$package.game:${stem}Game",
        "game.py",
        "coevo run --artist $artist --critic dcnn -o critic.game=$name --minutes 1",
    ),
    "prior": Part(
        "a ring in the plane",
        "$package.prior:${stem}Prior",
        "prior.py",
        "coevo run aae-swiss-roll -o artist.prior=$name --minutes 1",
    ),
    "ui": Part(
        "plain lines, and the works as a picture",
        "$package.ui:${stem}UI",
        "ui.py",
        "coevo run blind-watchmaker --ui $name",
    ),
    "recipe": Part(
        "artist $artist against critic $critic",
        "$package:recipes/$name.toml",
        "recipes/$name.toml",
        "coevo run $name --minutes 1",
    ),
}
EVOLVING = "interfering waves that evolve"
COMMON = {
    ".github/workflows/test.yml": "test.yml",
    ".gitignore": "gitignore",
    "LICENSE": "LICENSE",
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
}


def make_plugin(
    folder: Path, kinds: Sequence[Kind], registry: Registry, *, evolving: bool = False, year: int | None = None
) -> list[Path]:
    """Make the package of a new plugin; its files appear whole or not at all.

    Args:
        folder: where it is to be; its name, without a "coevo-" before it, is the plugin's.
        kinds: what it offers; an artist if nothing is named.
        registry: what is installed: nothing takes a name that is given away.
        evolving: the artist evolves, instead of learning by gradients.
        year: of the licence; by default this one.

    Returns:
        The paths of its files.

    Raises:
        ConfigError: the name cannot be a package's, or is given away, or the folder exists.
        StoreError: the folder cannot be written to.
    """
    kinds = [kind for kind in PARTS if kind in kinds or (kind == "artist" and evolving)] or ["artist"]
    name = folder.name.removeprefix(PREFIX)
    check_name(name)
    if folder.exists() or folder.is_symlink():
        raise ConfigError(f"{folder} exists already; choose another name, or remove it first.")
    for kind in kinds:
        if name in registry.offers(kind):
            owner = registry.owner(kind, name)
            raise ConfigError(f"Plugin {owner!r} offers {article(kind)} named {name!r} already; choose another name.")
    if find_spec(package_of(name)):
        raise ConfigError(f"A package {package_of(name)} is installed already; choose another name.")
    contents = contents_of(name, kinds, evolving, year or time.localtime().tm_year)
    check_folder(folder)
    with writing(folder, OUTPUT):
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
        try:
            for path, text in contents.items():
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).write_text(text, "utf-8")
            part.chmod(0o755)
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return [folder / path for path in contents]


def check_name(name: str) -> None:
    """Raise ConfigError unless a name can be that of a plugin: a distribution, a package and a class are named so."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise ConfigError(
            f"{name!r} cannot be a plugin's name: it should be lower-case letters and digits, words joined by dashes, "
            f"a letter first, at most {LONGEST} characters, such as sunrise or blue-sky."
        )


def contents_of(name: str, kinds: Sequence[Kind], evolving: bool, year: int) -> dict[str, str]:
    """The text of every file, by its path within the folder."""
    package = package_of(name)
    values = {
        "name": name,
        "package": package,
        "stem": "".join(word.capitalize() for word in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
        "artist": name if "artist" in kinds else "dcgan",
        "critic": name if "critic" in kinds else "dcnn",
        "dataset": name if "dataset" in kinds else "digits",
        "offers": listed([article(kind) for kind in kinds]),
        "coevo": ".".join(__version__.split(".")[:2]),
        "contract": str(CONTRACT_VERSION),
        "year": str(year),
    }
    parts = {kind: Part(*(Template(text).substitute(values) for text in PARTS[kind])) for kind in kinds}
    if evolving:
        parts["artist"] = parts["artist"]._replace(summary=EVOLVING)
    hooks = [fill("hook.py", {**values, **part._asdict(), "kind": kind}) for kind, part in parts.items()]
    values["hooks"] = "\n\n".join(hooks).rstrip("\n")
    rows = [f"- {article(kind)}: {part.summary}\n  `{part.command}`" for kind, part in parts.items()]
    values["parts"] = "\n".join(rows)
    values["play"] = parts[kinds[0]].command
    contents = {path: fill(template, values) for path, template in COMMON.items()}
    contents[f"{package}/__init__.py"] = fill("init.py", values)
    contents[f"{package}/py.typed"] = ""
    for kind, part in parts.items():
        template = "evolving.py" if kind == "artist" and evolving else f"{kind}{Path(part.file).suffix}"
        contents[f"{package}/{part.file}"] = fill(template, values)
        contents[f"tests/test_{kind}.py"] = fill(f"test_{kind}.py", values)
    return dict(sorted(contents.items()))


def package_of(name: str) -> str:
    """The package of a plugin."""
    return f"coevo_{name.replace('-', '_')}"


def article(kind: Kind) -> str:
    """A kind with its article."""
    return f"an {kind}" if kind == "artist" else f"a {in_words(kind)}"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its $names filled in. Raises KeyError if one is not given."""
    text = files("coevo.tools").joinpath("plugin_template", f"{template}.template").read_text("utf-8")
    return Template(text).substitute(values)
