"""Views of the page in a notebook: sessions to breed in, runs to watch, walks, label maps to paint.

    from coevo_web.widget import show

    show("walk", "waves")     # walks between works of run waves
    show("breed", "mine")     # breed on in session mine; show() alone lists what there is

A view is the page's own module. What it asks goes through the widget's messages to a site in the kernel's process, so
that there is no port, no link and no other server; it works wherever widgets of the notebook do.
"""

from __future__ import annotations

import atexit
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from coevo.errors import CoevoError, ConfigError, unknown
from coevo.extras import needed
from coevo_web.linking import linked, scoped

if TYPE_CHECKING:
    from coevo_web.inside import Answer, Inside

VIEWS = ("", "breed", "tree", "runs", "compare", "paint", "walk", "gallery")


def show(view: str = "", name: str = "", runs_dir: str | Path = "runs") -> Any:
    """A view of the page as a widget.

    Args:
        view: breed, tree, runs, compare, paint, walk or gallery; by default what can be bred and what there is.
        name: of a session or run; two to four with commas between for compare.
        runs_dir: the folder of all runs.

    Returns:
        A widget of anywidget's, which a notebook shows. `path` leads it to another view.

    Raises:
        ConfigError: there is no such view, or anywidget is not installed.
        StoreError: there is no such session.
    """
    if view not in VIEWS:
        raise ConfigError(unknown("view", view, VIEWS[1:]))
    site = site_of(Path(runs_dir))
    if view in ("breed", "tree"):
        opened(site, name)
    return widget_class()(site, f"/{view}/{quote(name)}" if name else f"/{view}")


@cache
def site_of(runs: Path) -> Inside:
    """The site over a folder of runs, which ends with the kernel; sessions keep everything."""
    from coevo_web.app import make_site
    from coevo_web.inside import Inside
    from coevo_web.pictures import Pictures
    from coevo_web.rooms import Rooms

    rooms = Rooms(runs, Pictures())
    atexit.register(rooms.close)
    return Inside(make_site(rooms, runs / ".gallery" / "gallery.db"))


def opened(site: Inside, name: str) -> None:
    """Go on with a session. Raises CoevoError if there is none of that name."""
    answer = site.ask("/api/sessions", json.dumps({"run": name})).result()
    if answer.status >= 400:
        raise CoevoError(json.loads(answer.content)["error"])


@cache
def widget_class() -> Any:
    """The widget, whose class needs anywidget to be there."""
    anywidget: Any = needed("anywidget", "notebook", "A view in a notebook")
    traitlets: Any = needed("traitlets", "notebook", "A view in a notebook")

    class View(anywidget.AnyWidget):
        """A view of the page; `path` is what stands after # in the page's address."""

        _esm = module()
        _css = style()
        path = traitlets.Unicode("/").tag(sync=True)

        def __init__(self, site: Inside, path: str):
            super().__init__(path=path)
            self.site = site
            self.on_msg(self.asked)

        def asked(self, _: Any, message: Any, buffers: Any) -> None:
            """Answer a message: its path and its body, or a file, as the page would send them."""

            def answer(given: Answer) -> None:
                about = {"answers": message["asks"], "status": given.status, "type": given.type}
                self.send(about, buffers=[given.content])

            self.site.ask(str(message["path"]), bytes(buffers[0]) if buffers else message.get("body"), answer)

    return View


def module() -> str:
    """The views as one module."""
    from coevo_web.app import static_files

    sources = {path: file.content.decode() for path, file in static_files().items() if path.endswith(".js")}
    return linked("notebook.js", sources)


def style() -> str:
    """Their style, which touches nothing else of the notebook."""
    static = files("coevo_web") / "static"
    return scoped("\n".join((static / name).read_text(encoding="utf-8") for name in ("style.css", "notebook.css")))
