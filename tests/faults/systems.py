"""Every recipe in small, with the structure that its system has: played, stopped, resumed, and compared to the byte."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coevo.plugin.registry import registry
from coevo.runs.config import read_recipe
from coevo.runs.effects import unmet

ROUNDS = 8
CODES = "codes"
"""The run of a vae in whose code space others walk."""
PACE = {"save_every": 2, "log_every": 2, "sheet_every": 3}
SMALLER = {
    "width": 8, "hidden": [16], "population": 12, "elites": 2, "memory": 24, "pretrain_steps": 6, "max_nodes": 60,
    "max_links": 40, "labelled_batch": 8, "mixture_after": 3, "reals_measured": 12, "side": 4, "layer_steps": 3,
}  # fmt: skip
"""Values for options that a recipe's players have; those that a recipe leaves empty, such as hidden = [], stay."""
OWN: dict[str, dict[str, Any]] = {"line-drawings": {"artist.ladders": 1, "critic.evaluations": 100}}
"""Values for options of single recipes: each of its ladders needs 8 works."""
MEASURING = "features", "gallery"
"""Critics that measure pictures of 32 px or more."""
PICKS = "1", "2 7", "u", "3", "+", "1 4", ".", "u", "u", "r", "-", "2", "s 1 32", "3 1", "1", "q"
"""A session in which every command is an event: two branches, changed rates, an undo and a redo, a picture."""


def recipes() -> list[str]:
    return sorted(registry().offers("recipe"))


def asks(recipe: str) -> bool:
    """Whether its critic is a person."""
    return bool(read_recipe(recipe, registry())["critic"]["name"] == "human")


def walks(recipe: str) -> bool:
    """Whether its artist plays in the code space of another run's, which --from names."""
    return callable(
        getattr(registry().load("artist", read_recipe(recipe, registry())["artist"]["name"]), "trained", None)
    )


def small(recipe: str) -> list[str]:
    """The words after `coevo run`, without a name: the recipe with small networks, populations and pictures."""
    tree = read_recipe(recipe, registry())
    options: dict[str, Any] = {f"run.{key}": value for key, value in PACE.items()}
    if asks(recipe):
        del options["run.save_every"]  # every sheet of a session is kept
    for role in ("artist", "critic"):
        model = registry().load(role, tree[role]["name"]).Options
        given = {name: value for name, value in tree[role].items() if name != "name"}
        for name, value in SMALLER.items():
            if name in {*given, "width", "hidden"} and given.get(name) != [] and fits(model, given, name, value):
                options[f"{role}.{name}"] = value
    for phase, about in tree.get("phases", {}).items():
        if "steps" in about:
            options[f"phases.{phase}.steps"] = min(about["steps"], 3)
    if walks(recipe):
        options["critic.steps"] = 6
    large = tree["critic"]["name"] in MEASURING or asks(recipe)
    words = ["--size", "32" if large else "16", "--batch", "15" if asks(recipe) else "12"]
    words += ["--from", CODES] if walks(recipe) else []
    for name, value in (options | OWN.get(recipe, {})).items():
        words += ["-o", f"{name}={value}"]
    return [recipe, *words, *([] if asks(recipe) else ["--rounds", str(ROUNDS)])]


def fits(model: Any, given: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether a player has such an option, and it has an effect."""
    try:
        options = model.model_validate({**given, name: value})
    except ValidationError:
        return False
    return not unmet(options, name)


def script(recipe: str, run: Path) -> str:
    """The lines of the session that a run has not recorded yet; an artist without sex has the first of the picks."""
    artist = read_recipe(recipe, registry())["artist"]
    one = artist["name"] == "biomorph" or artist.get("picks") == 1
    lines = [line[0] if one and line[0].isdecimal() else line for line in PICKS[events(run) :]]
    return "\n".join(lines) + "\n"


def events(run: Path) -> int:
    """How many commands of a session are in its database."""
    if not (run / "session.db").is_file():
        return 0
    with reading(run / "session.db") as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            return 0  # killed while it was made
        return int(db.execute("SELECT count(*) FROM events").fetchone()[0])


class reading:
    """A database, read and closed."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> sqlite3.Connection:
        self.db = sqlite3.connect(self.path)
        return self.db

    def __exit__(self, *_: object) -> None:
        self.db.close()


def ending(run: Path) -> dict[str, str]:
    """Digests of all that must not depend on when, where and how often a run was stopped."""
    if (run / "session.db").is_file():
        return {part: digest(rows) for part, rows in _session(run / "session.db")}
    checkpoints = run / "checkpoints"
    last = max(path.stem for path in checkpoints.glob("*.json"))
    files = [checkpoints / f"{last}.json", checkpoints / f"{last}.safetensors"]
    files += [path for path in run.glob("*.jsonl") if path.name != "timing.jsonl"]
    files += [run / "sheets" / f"{round:08d}.png" for round in range(0, ROUNDS + 1, PACE["sheet_every"])]
    files += sorted((run / "ancestral_opponents").glob("*.*"))
    return {str(path.relative_to(run)): digest(path.read_bytes()) for path in files}


def _session(path: Path) -> Iterator[tuple[str, list[Any]]]:
    """The tables of a session, without times; the newest snapshot's place in the log is what the log is compared by."""
    queries = {
        "snapshots": "SELECT id, before, round, phase, step, tree, tensors FROM moments ORDER BY id",
        "individuals": "SELECT number, id, parents, genome, moment FROM individuals ORDER BY number",
        "sheets": "SELECT moment, place, individual FROM sheets ORDER BY moment, place",
        "events": "SELECT id, kind, moment, who, done FROM events ORDER BY id",
        "picks": "SELECT event, individual FROM picks ORDER BY event, individual",
        "head": "SELECT now, undone, born FROM pointer",
    }
    with reading(path) as db:
        for part, query in queries.items():
            yield part, db.execute(query).fetchall()


def digest(content: bytes | list[Any]) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else repr(content).encode()).hexdigest()


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The parts that differ between two endings, or that only one of them has."""
    return sorted(part for part in one.keys() | other.keys() if one.get(part) != other.get(part))
