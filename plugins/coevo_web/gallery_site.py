"""The gallery as a folder of pages that need no server and no script: one page a work, and one of all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from coevo.errors import StoreError
from coevo.storage.atomic import OUTPUT, write_whole, writing
from coevo_web.gallery import Gallery

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'self'">
<title>{title}</title>
<link rel="stylesheet" href="style.css">
</head>
<body class="site">
<main>
"""
FOOT = "</main>\n</body>\n</html>\n"


def write_site(path: Path, folder: Path) -> int:
    """Write every work of a gallery as pages; the number of works.

    Args:
        path: the gallery's file.
        folder: where the pages are written; index.html comes last.

    Raises:
        StoreError: there is no gallery, or the folder cannot be written to.
    """
    if not path.is_file():
        raise StoreError(f"There is no gallery {path}; `coevo web` publishes works into one.")
    gallery = Gallery(path)
    with writing(folder, OUTPUT):
        folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "style.css", (files("coevo_web") / "static" / "style.css").read_bytes(), OUTPUT)
    works = [work for page in iter(partial(next_page, gallery, count()), []) for work in page]
    titles = {work["id"]: work["title"] for work in works}
    for work in works:
        id = work["id"]
        write_whole(folder / f"work-{id}.png", gallery.file(id), OUTPUT)
        if work["family"]:
            write_whole(folder / f"work-{id}-family.png", gallery.file(id, "family"), OUTPUT)
        write_whole(folder / f"work-{id}.html", work_page(work, titles).encode(), OUTPUT)
    write_whole(folder / "index.html", index_page(works).encode(), OUTPUT)
    gallery.close()
    return len(works)


def next_page(gallery: Gallery, numbers: Iterator[int]) -> list[dict[str, Any]]:
    return gallery.works(page=next(numbers))


def index_page(works: list[dict[str, Any]]) -> str:
    cards = "\n".join(
        f'<li class="card"><a href="work-{work["id"]}.html"><img src="work-{work["id"]}.png" alt="" width="256" '
        f'height="256" loading="lazy"><span class="name">{escape(work["title"])}</span></a>'
        f'<span class="quiet">{escape(said_of(work))}</span></li>'
        for work in works
    )
    return f'{HEAD.format(title="Gallery")}<h1>Gallery</h1>\n<ul class="cards">\n{cards}\n</ul>\n{FOOT}'


def work_page(work: dict[str, Any], titles: dict[int, str]) -> str:
    """A work with its family tree, and the work that it was branched from."""
    id, title = work["id"], escape(work["title"])
    origin = work["origin"]
    branched = (
        f'<p>Branched from <a href="work-{origin}.html">{escape(titles[origin])}</a>.</p>\n' if origin in titles else ""
    )
    family = (
        f'<h2>Family tree</h2>\n<a href="work-{id}-family.png"><img class="family" src="work-{id}-family.png" '
        f'alt="Ancestors of this work above their children"></a>\n'
        if work["family"]
        else ""
    )
    return (
        f'{HEAD.format(title=title)}<p><a href="index.html">All works</a></p>\n<h1>{title}</h1>\n'
        f'<p class="quiet">{escape(said_of(work))}</p>\n'
        f'<img class="work" src="work-{id}.png" alt="{title}">\n{branched}'
        "<p>The picture carries its genome, and this goes on from it: "
        f"<code>coevo web --artist {escape(work['artist'])} -o run.start=work-{id}.png</code></p>\n{family}{FOOT}"
    )


def said_of(work: dict[str, Any]) -> str:
    """Author, artist, date and tags in a line."""
    facts = [work["author"], work["artist"], work["at"][:10], *(f"#{tag}" for tag in work["tags"])]
    return " · ".join(fact for fact in facts if fact)
