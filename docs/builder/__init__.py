"""What `make docs` writes before Sphinx reads: a page for each recipe and player, from the code that they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from builder import links, pictures, recipes, reference

GENERATED = Path(__file__).parents[1] / "generated"
PART = ".inc"  # the end of the name of what pages include


def write_pages(app: Any) -> None:
    """Write docs/generated anew, pages that have not changed excepted, so that a second build is quick."""
    scripts = pictures.scripts()
    subprocess.run(
        [sys.executable, pictures.__file__], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=True
    )
    pages = {**links.outside_pages(), **recipes.pages(scripts), **reference.pages()}
    for name, text in pages.items():
        page = GENERATED / (name if name.endswith(PART) else f"{name}.md")
        page.parent.mkdir(parents=True, exist_ok=True)
        if not page.exists() or page.read_text() != text:
            page.write_text(text)
    for page in GENERATED.rglob("*.md"):  # of a recipe or player that is gone
        if str(page.relative_to(GENERATED).with_suffix("")) not in pages:
            page.unlink()
    pictures.copy_to(GENERATED / "recipes", scripts.values())


def setup(app: Any) -> dict[str, Any]:
    app.connect("builder-inited", write_pages)
    app.connect("source-read", links.rewrite_source)
    app.connect("autodoc-process-docstring", links.rewrite_docstring, priority=100)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
