"""What a person can breed: recipes whose critic asks one, and artists that breed what is picked."""

from __future__ import annotations

from functools import cache
from typing import Any

from coevo.errors import CoevoError
from coevo.plugin.registry import registry


@cache
def breedable() -> list[dict[str, str]]:
    """Kind, name, title, year and a sentence about each: recipes by year, then artists."""
    from coevo.runs.config import read_recipe

    known = registry()
    recipes, artists = [], []
    for name in known.offers("recipe"):
        try:
            tree = read_recipe(name, known)
        except CoevoError:
            continue
        if tree.get("critic", {}).get("name") == "human":
            about = tree.get("recipe", {})
            recipes.append(entry("recipe", name, about.get("title"), about.get("year"), about.get("about")))
    for name, offer in known.offers("artist").items():
        try:
            artist = known.load("artist", name)
        except CoevoError:
            continue
        if hasattr(artist, "breed"):
            artists.append(entry("artist", name, name, "", offer.summary))
    return sorted(recipes, key=lambda one: one["year"]) + sorted(artists, key=lambda one: one["name"])


def entry(kind: str, name: str, title: Any, year: Any, about: Any) -> dict[str, str]:
    return {"kind": kind, "name": name, "title": str(title or name), "year": str(year or ""), "about": str(about or "")}
