"""Lineages: trees for the terminal, charts and lines of descent as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont
from rich.markup import escape
from rich.tree import Tree

from coevo.interactive.session_db import Individual, SessionDB

NODE = 96  # px of a picture in a chart
GAP = 28
LABEL = 18
LIMIT = 400  # individuals in a chart; older ones are left out


def ancestors(db: SessionDB, id: str) -> dict[str, Individual]:
    """An individual and all its ancestors, itself first. Raises StoreError if there is none of that id."""
    found = generation = {id: db.individual(id)}
    while parents := {parent: None for one in generation.values() for parent in one.parents if parent not in found}:
        generation = db.individuals(*parents)
        found = found | generation
    return found


def line_of_descent(db: SessionDB, id: str) -> list[Individual]:
    """The line from the first ancestor to an individual, through the first of two parents."""
    line = {id: db.individual(id)}
    while (first := next(iter(line[id].parents), id)) not in line and first in (its := db.individuals(first)):
        line[first], id = its[first], first
    return list(line.values())[::-1]


def picked_or_current(db: SessionDB) -> dict[str, Individual]:
    """Every individual that was ever picked, and those on the sheet that is shown now."""
    head = db.head.snapshot
    current = db.sheet(head) if head is not None else []
    return {id: one for id, one in db.individuals().items() if one.picked or id in current}


def pedigree(db: SessionDB, id: str) -> Tree:
    """An individual's ancestors as a tree, the first one at the root."""
    return tree(ancestors(db, id), marked=(id,))


def tree(family: Mapping[str, Individual], marked: Sequence[str] = ()) -> Tree:
    """A family as a tree for the terminal.

    It is indented only where it branches, so that a long line stays a column; a second parent is named beside the
    child.
    """
    children: dict[str | None, list[str]] = {}
    for one in sorted(family.values(), key=lambda one: one.first_snapshot):
        first = next((parent for parent in one.parents if parent in family), None)
        children.setdefault(first, []).append(one.id)
    root = Tree("", hide_root=True, guide_style="dim")
    waiting = [(id, root) for id in reversed(children.get(None, []))]
    while waiting:
        id, branch = waiting.pop()
        node = branch.add(_description(family[id], id in marked))
        young = children.get(id, [])
        waiting += [(child, branch if len(young) == 1 else node) for child in reversed(young)]
    return root


def _description(one: Individual, marked: bool) -> str:
    parents = f" from {' × '.join(map(escape, one.parents))}" if len(one.parents) > (one.round > 0) else ""
    picked = ""
    if one.picked:
        times = f" {len(one.picked)} times, last" if len(one.picked) > 1 else ""
        user, at = one.picked[-1]
        picked = f" [green]picked{times}[/] [dim]by {escape(user)}, {at[:16].replace('T', ' ')}[/]"
    id = f"[bold reverse] {escape(one.id)} [/]" if marked else f"[bold]{escape(one.id)}[/]"
    return f"{id} [dim]generation {one.round}[/]{parents}{picked}"


def chart(
    family: Mapping[str, Individual], draw: Callable[[Individual, int], Image.Image], marked: Sequence[str] = ()
) -> Image.Image:
    """A family as a picture: generations from top to bottom, a line from each parent to its child.

    Args:
        family: individuals by id. More than `LIMIT` lose their oldest, and the picture says how many.
        draw: makes the picture of an individual at a size in px.
        marked: ids that get a frame.
    """
    oldest_first = sorted(family.values(), key=lambda one: one.first_snapshot)
    kept = {one.id: one for one in oldest_first[-LIMIT:]}
    rows: list[list[Individual]] = []
    depth: dict[str, int] = {}
    for one in kept.values():
        depth[one.id] = max((depth[parent] + 1 for parent in one.parents if parent in depth), default=0)
        rows.extend([] for _ in range(depth[one.id] + 1 - len(rows)))
        rows[depth[one.id]].append(one)
    cell, widest = NODE + GAP, max(map(len, rows))
    head = LABEL + GAP if len(kept) < len(family) else 0
    sheet = Image.new("RGB", (widest * cell + GAP, head + len(rows) * (NODE + LABEL + GAP) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(LABEL - 5)
    if head:
        pen.text((GAP, GAP / 2), f"{len(family) - len(kept)} earlier ones are left out", "#666666", font)
    centre: dict[str, tuple[float, float]] = {}
    for level, row in enumerate(rows):
        # under the mean of its parents, as far as the others leave room
        row.sort(key=lambda one: _mean(centre[parent][0] for parent in one.parents if parent in centre))
        left = (sheet.width - len(row) * cell + GAP) / 2
        top = head + GAP + level * (NODE + LABEL + GAP)
        for index, one in enumerate(row):
            centre[one.id] = left + index * cell + NODE / 2, top + NODE / 2
    for one in kept.values():
        x, y = centre[one.id]
        for parent in one.parents:
            if parent in centre:
                px, py = centre[parent]
                pen.line((px, py + NODE / 2 + LABEL, x, y - NODE / 2), "#999999" if one.picked else "#cccccc", 2)
    for one in kept.values():
        x, y = centre[one.id]
        sheet.paste(draw(one, NODE).convert("RGB"), (round(x - NODE / 2), round(y - NODE / 2)))
        colour, width = ("#d62728", 3) if one.id in marked else ("#2ca02c", 3) if one.picked else ("#cccccc", 1)
        pen.rectangle(
            (x - NODE / 2 - 2, y - NODE / 2 - 2, x + NODE / 2 + 1, y + NODE / 2 + 1), outline=colour, width=width
        )
        pen.text((x, y + NODE / 2 + LABEL / 2), one.id, "#444444", font, "mm")
    return sheet


def _mean(values: Iterable[float]) -> float:
    some = list(values)
    return sum(some) / len(some) if some else 0.0
