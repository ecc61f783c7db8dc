"""The application: what is served at which path, behind the guard."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from coevo.errors import CoevoError, StoreError
from coevo.tools.pages import genome_module
from coevo_web.gallery import Gallery
from coevo_web.jobs import Closed
from coevo_web.links import Links
from coevo_web.opened import Opened
from coevo_web.painting import LabelMap
from coevo_web.rooms import Rooms
from coevo_web.routes import making, runs, sessions, works
from coevo_web.security import Guard, Refused
from coevo_web.walking import Walks
from coevo_web.watching import Watching

TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
FOR_EVER = "private, max-age=31536000, immutable"
API = [*sessions.ROUTES, *runs.ROUTES, *making.ROUTES, *works.ROUTES]
LOG = logging.getLogger("coevo.web")


@dataclass
class Site:
    """What the routes answer from."""

    rooms: Rooms
    gallery: Gallery
    watching: Watching
    maps: Opened[LabelMap]
    walks: Opened[Walks]


def make_app(rooms: Rooms, gallery: Path, links: Links, hosts: Iterable[str], cookie: str) -> ASGIApp:
    """The application, behind its guard.

    Args:
        rooms, gallery: as `make_site` takes them.
        links: tokens and cookies.
        hosts: what the header Host may say.
        cookie: the cookie's name.
    """
    return Guard(make_site(rooms, gallery), links, hosts, cookie)


def make_site(rooms: Rooms, gallery: Path) -> Starlette:
    """The application without a guard: it believes what `scope["visitor"]` says.

    Args:
        rooms: the sessions.
        gallery: the file of published works; made when the first is published.
    """
    static = static_files()

    async def page(request: Request) -> Response:
        return static["index.html"].answer(request)

    async def static_file(request: Request) -> Response:
        file = static.get(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        return file.answer(request)

    async def picture(request: Request) -> Response:
        content = rooms.pictures.get(request.path_params["name"])
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="image/png", headers={"cache-control": FOR_EVER})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        app.state.site.watching.close()
        app.state.site.gallery.close()

    app = Starlette(
        routes=[
            Route("/", page, methods=["GET"]),
            Route("/static/{path:path}", static_file, methods=["GET"]),
            Route("/pictures/{name}.png", picture, methods=["GET"]),
            *API,
        ],
        exception_handlers={CoevoError: said, HTTPException: said, Exception: said},
        lifespan=lifespan,
    )
    maps = Opened(rooms.runs, lambda run: LabelMap(run, rooms.pictures))
    walks = Opened(rooms.runs, lambda run: Walks(run, rooms.pictures))
    app.state.site = Site(rooms, Gallery(gallery), Watching(rooms.runs), maps, walks)
    return app


@dataclass(frozen=True)
class StaticFile:
    """A file of the page, read once."""

    content: bytes
    kind: str
    tag: str

    def answer(self, request: Request) -> Response:
        headers = {"etag": self.tag, "cache-control": "no-cache"}  # asked for again, and sent if it changed
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.kind, headers=headers)


def static_files() -> dict[str, StaticFile]:
    """Every file of the page by its path: no path of a request is looked up on the disk."""
    found: dict[str, StaticFile] = {}

    def read(folder: Traversable, path: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                read(entry, f"{path}{entry.name}/")
            elif (kind := TYPES.get(Path(entry.name).suffix)) is not None:
                content = entry.read_bytes()
                tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
                found[f"{path}{entry.name}"] = StaticFile(content, kind, tag)

    read(files("coevo_web") / "static", "")
    source = genome_module().encode()  # the view that exported pages have too
    found["views/genome.js"] = StaticFile(source, TYPES[".js"], f'"{hashlib.sha256(source).hexdigest()[:32]}"')
    return found


async def said(request: Request, error: Exception) -> Response:
    """An answer with what went wrong, as a sentence."""
    if isinstance(error, HTTPException):
        text = {404: "There is nothing at this address.", 405: "This address does not answer that."}
        return JSONResponse({"error": text.get(error.status_code, error.detail)}, error.status_code, error.headers)
    if isinstance(error, CoevoError):
        return JSONResponse({"error": str(error)}, status_of(error))
    LOG.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return JSONResponse({"error": "The server made a mistake; the terminal says more."}, 500)


def status_of(error: CoevoError) -> int:
    """HTTP's number for what coevo says when it cannot go on."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, Closed):
        return 410
    return 404 if isinstance(error, StoreError) and str(error).startswith("There is no") else 400
