"""A work as one page: a file that opens anywhere, zooms, and shows the genome and its ancestors."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from coevo.contract.capabilities import ShaderRenderer
from coevo.contract.drawings import Shader
from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.errors import ConfigError
from coevo.images.origin import describe, origin_text, signature
from coevo.images.rendering import render
from coevo.images.sheets import to_bytes, to_picture
from coevo.interactive.session_db import Individual
from coevo.shader.glsl import HEAD, prelude
from coevo.tools.lineage_charts import works_of_individuals
from coevo.tools.output import write_output
from coevo.version import __version__

HERE = Path(__file__).parent / "page"
LARGEST = 100_000  # bytes of a page
THUMB, PICTURE = 64, 192  # px


def write_page(artist: Artist, run: str, works: Works, ancestors: Sequence[Individual], output: Path) -> None:
    """Write a program as a page (.html) of 100 kB at most.

    The page asks nothing of anybody: shaders draw the picture and the nodes of its genome, and its ancestors are shown
    small. If they are too many for the page, those in the middle are left out.

    Args:
        artist: who draws it.
        run: the name of its run.
        works: the one work, by its genome.
        ancestors: from the first on.
        output: the page.

    Raises:
        ConfigError: the artist's works are no programs, or the genome alone is larger than a page.
    """
    if not isinstance(artist, ShaderRenderer) or works.genomes is None:
        raise ConfigError(
            f"Only programs become a page that zooms, and works of artist {artist.name!r} are none; "
            f"-o {output.with_suffix('.png')} gives a picture."
        )
    genome = works.genomes[0]
    data = {"name": genome.id.replace("/", "-"), "shader": shader_data(artist.shader(works))}
    origin = origin_text(signature(artist, run) | describe(works, 0))
    known = {
        "title": html.escape(f"{genome.id.removeprefix(f'{run}/')} of {run}"),
        "picture": _inlined(artist, works, PICTURE),
        "genome": html.escape(genome.text),
        "version": __version__,
        "data": _packed(data | {"origin": origin}),
        "script": genome_module(inline=True),
    }
    page = Template((HERE / "page.html").read_text(encoding="utf-8"))
    room = LARGEST - len(page.substitute(known, ancestors="").encode())
    if room < 0:
        raise ConfigError(
            f"The genome of {genome.id} is too large for a page of {LARGEST // 1000} kB, by {-room:,} bytes; "
            f"-o {output.with_suffix('.png')} gives a picture."
        )
    write_output(output, page.substitute(known, ancestors=_gallery(artist, ancestors, room)).encode())


def shader_data(shader: Shader) -> dict[str, Any]:
    """What genome.js draws, for JSON."""
    nodes = [{"name": node.name, "reads": node.reads, "constants": node.constants} for node in shader.nodes]
    sources = {"head": HEAD + prelude(), "picture": shader.picture, "parts": shader.parts}
    return sources | {"nodes": nodes, "constants": shader.constants}


def genome_module(inline: bool = False) -> str:
    """The source of genome.js, an anywidget module; inline, without what it exports."""
    source = (HERE / "genome.js").read_text(encoding="utf-8")
    return source.replace("export default { render };", "").replace("export ", "") if inline else source


def _gallery(artist: Artist, line: Sequence[Individual], room: int) -> str:
    """Pictures of ancestors, the first and the newest, as far as there is room for them in bytes."""
    first, newest = "", ""
    for one in [*line[:1], *line[:0:-1]]:
        image = f'<img src="{_inlined(artist, works_of_individuals([one]), THUMB)}" alt="" width="{THUMB}">'
        figure = f"<li><figure>{image}{html.escape(one.id)}</figure></li>"
        room -= len(figure.encode())
        if room < 0:
            break
        first, newest = (figure, "") if one is line[0] else (first, figure + newest)
    return first + newest


def _inlined(artist: Artist, works: Works, size: int) -> str:
    """A picture as a URL that holds it."""
    content = io.BytesIO()
    to_picture(to_bytes(render(artist, works, size))[0]).save(content, "WEBP", quality=70)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def _packed(data: dict[str, Any]) -> str:
    """JSON as text that a page may hold, a tenth as long."""
    return base64.b64encode(gzip.compress(json.dumps(data).encode(), mtime=0)).decode()
