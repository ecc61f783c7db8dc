"""Links of pages that are written for a forge, as they are on the site."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
OUTSIDE = {
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changes",
    "SECURITY.md": "security",
    "benchmarks/README.md": "benchmarks",
}
"""Pages that stand elsewhere in the repository, and their names in docs/generated."""
ELSEWHERE = {ROOT / file: DOCS / "generated" / f"{name}.md" for file, name in OUTSIDE.items()}
ELSEWHERE[ROOT / "README.md"] = DOCS / "index.md"

FENCED = re.compile(r"(^```.*?^```)", re.M | re.S)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def rewritten(text: str, page: Path, place: Path) -> str:
    """A page's text where it is read at another place.

    Args:
        text: Markdown.
        page: the file that it stands in.
        place: the file that Sphinx reads; its links are relative to it.

    Returns:
        The same with every link to a page of the site leading there; a link to any other file of the repository is its
        text alone, as the site has no sources.
    """

    def link(match: re.Match[str]) -> str:
        picture, words, target, anchor = match[1], match[2], match[3], match[4] or ""
        if "://" in target or target.startswith(("mailto:", "/")):
            return match[0]
        file = (page.parent / target).resolve()
        file = ELSEWHERE.get(file, file)
        if file.is_dir() and (file / "index.md").exists():
            file /= "index.md"
        if not file.is_relative_to(DOCS) or file.suffix not in (".md", ".png", ".webp"):
            return words
        return f"{picture}[{words}]({os.path.relpath(file, place.parent)}{anchor})"

    parts = FENCED.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


def rewrite_source(app: Any, name: str, source: list[str]) -> None:
    """Sphinx's event: a page was read."""
    page = DOCS / f"{name}.md"
    source[0] = rewritten(source[0], page, page)


def outside_pages() -> dict[str, str]:
    """The pages that stand elsewhere, by their names in docs/generated."""
    return {
        name: rewritten((ROOT / file).read_text(), ROOT / file, ELSEWHERE[ROOT / file])
        for file, name in OUTSIDE.items()
    }


def rewrite_docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """autodoc's event: a docstring was read. What stands in backticks is code, in reStructuredText too."""
    text = re.sub(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)", r"``\1``", "\n".join(lines))
    lines[:] = re.sub(r"(\w)_(?=[\s,.;:]|$)", r"\1\\_", text).split("\n")
