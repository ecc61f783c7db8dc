"""A page for each recipe, cards of all, and the line of years."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from builder.pairs import DECISIONS
from builder.pictures import Script
from coevo.cli.looking import GROUPS
from coevo.plugin.registry import registry
from coevo.runs.config import read_recipe

DOCS = Path(__file__).parents[1]


def pages(scripts: Mapping[str, Script]) -> dict[str, str]:
    """All pages of recipes, by their names in docs/generated."""
    found = {name: read_recipe(name, registry()) for name in registry().offers("recipe")}
    ordered = dict(sorted(found.items(), key=lambda item: (item[1]["recipe"]["year"], item[0])))
    written = {f"recipes/{name}": page(name, tree, scripts.get(name)) for name, tree in ordered.items()}
    heads = {name: tree["recipe"] for name, tree in ordered.items()}
    return {**written, "recipes/cards.inc": cards(heads), "recipes/years.inc": years(heads)}


def page(name: str, tree: Mapping[str, Any], script: Script | None) -> str:
    head = tree["recipe"]
    parts = [
        f"# {head['title']}",
        f"{head['authors']}, {head['year']}. {GROUPS.get(head.get('group', ''), GROUPS[''])}.",
        head["about"],
        f"![What `{name}` makes in a few seconds]({name}.png)" if script else "",
        "## Play it",
        f"```console\n$ coevo run {name}{'' if asks(tree) else ' --minutes 5'}\n$ coevo show\n```",
        made(script) if script else "",
        "## The paper",
        f"<{head['reference']}>" if head["reference"].startswith("http") else head["reference"] + ".",
        *kept(name),
        "## Figures",
        figures(name),
        "## Its options",
        "Whatever is not here has the default of its player: {doc}`artist "
        f"{tree['artist']['name']} </generated/players/artist-{tree['artist']['name']}>`, {{doc}}`critic "
        f"{tree['critic']['name']} </generated/players/critic-{tree['critic']['name']}>`.",
        "```toml\n" + tomli_w.dumps({key: part for key, part in tree.items() if key != "recipe"}) + "```",
        "## Other players that fit",
        others(tree["artist"]["name"], tree["critic"]["name"]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def asks(tree: Mapping[str, Any]) -> bool:
    """Whether a person is the critic."""
    return bool(tree["critic"]["name"] == "human")


def made(script: Script) -> str:
    """The commands that made the picture."""
    lines = "\n".join(f"$ coevo {command}" for command in script.commands)
    typed = "\n".join(script.picks)
    picks = f"with this as `it.picks`, the picks of each sheet:\n\n```text\n{typed}\n```\n" if typed else ""
    text = f"The build of this page ran\n\n```console\n{lines}\n```\n\n{picks}"
    return f":::{{dropdown}} How this picture was made\n{text}:::"


def kept(name: str) -> list[str]:
    """What the page of papers says of a recipe, cell by cell."""
    head: list[str] = []
    for line in (DOCS / "recipes" / "papers.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        if line.startswith("| recipe"):
            head = cells
        elif line.startswith("|") and f"`{name}`" in cells[0]:
            said = [f"*{title.capitalize()}.* {cell}" for title, cell in zip(head, cells, strict=True) if cell]
            return [from_recipes(one) for one in said[1:]]
    return []


def from_recipes(text: str) -> str:
    """Links of docs/recipes and of docs, as they lead from docs/generated/recipes."""
    return re.sub(r"\]\((?:\.\./)?((?:decisions|experiments|reference)/)", r"](../../\1", text)


def figures(name: str) -> str:
    """The rows of the results that name the recipe."""
    results = (DOCS / "results.md").read_text()
    tables = re.findall(r"(?m)^\|.*\n\|[-|]+\n(?:\|.*\n)+", results)
    for table in tables:
        head, rule, *rows = table.splitlines()
        if own := [row for row in rows if f"`{name}`" in row.split("|")[1] and "recipe" in head.split("|")[1]]:
            return (
                from_recipes("\n".join([head, rule, *own]))
                + "\n\nThe protocol is that of the [results](../../results.md)."
            )
    return "There is no headline figure of it; the [experiments](../../experiments/index.md) say what was tried."


def others(artist: str, critic: str) -> str:
    """Who else can play with either of its players."""
    decided = json.loads(DECISIONS.read_text())
    playing = [re.split(" × |, ", key)[:2] for key, answer in decided.items() if answer == "plays"]
    for_artist = sorted({two for one, two in playing if one == artist} - {critic})
    for_critic = sorted({one for one, two in playing if two == critic} - {artist})
    lines = [
        f"- Artist `{artist}` also plays against {named(for_artist)}." if for_artist else "",
        f"- Critic `{critic}` also judges {named(for_critic)}." if for_critic else "",
        "",
        "[Every pair](../../recipes/pairs.md) has a picture, or the reason why it is refused.",
    ]
    return "\n".join(lines)


def named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# all of them


def cards(heads: Mapping[str, Mapping[str, Any]]) -> str:
    """A card for each recipe, by group."""
    parts = []
    for group, title in GROUPS.items():
        some = {
            name: head for name, head in heads.items() if (g if (g := head.get("group", "")) in GROUPS else "") == group
        }
        if some:
            grid = "\n".join(card(name, head) for name, head in some.items())
            parts.append(f"## {title}\n\n::::{{grid}} 2 3 4 4\n:gutter: 2\n:class-container: recipes\n\n{grid}\n::::\n")
    return "\n".join(parts)


def card(name: str, head: Mapping[str, Any]) -> str:
    return (
        f":::{{grid-item-card}} {head['title']}\n:img-top: /generated/recipes/{name}.png\n"
        f":img-alt: What {name} makes in a few seconds\n"
        f":link: /generated/recipes/{name}\n:link-type: doc\n{head['authors']}, {head['year']}\n:::\n"
    )


def years(heads: Mapping[str, Mapping[str, Any]]) -> str:
    """The recipes in the order of their years, as a list of terms."""
    parts = []
    for year in sorted({head["year"] for head in heads.values()}):
        rows = [entry(name, head) for name, head in heads.items() if head["year"] == year]
        parts.append(f"## {year}\n\n" + "\n".join(rows))
    return "\n".join(parts)


def entry(name: str, head: Mapping[str, Any]) -> str:
    """A recipe in its year."""
    picture, title = f"![](/generated/recipes/{name}.png)", f"**[{head['title']}](/generated/recipes/{name}.md)**"
    text = f"{picture}\n\n{title}, {head['authors']}. {head['about']}"
    return f"::::{{grid}} 1\n:class-container: entry\n:::{{grid-item}}\n{text}\n:::\n::::\n"
