"""Published works: shown, published, imported, rated, removed."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coevo.errors import StoreError
from coevo_web.gallery import ORDERS, TAG, TAGS, TITLE, Publication, imported, publishable
from coevo_web.routes.reading import Body, choice, content, label, number, read, site, text, visitor
from coevo_web.security import Refused

MOST = 2**53 - 1  # a work's number, as far as JavaScript counts
KEPT = "private, max-age=31536000, immutable"


class Publishing(Body):
    """A work of a session, and what is said of it."""

    session: Annotated[str, Field(max_length=500)]
    id: Annotated[str, Field(max_length=500)]
    title: Annotated[str, Field(min_length=1, max_length=TITLE)]
    author: Annotated[str, Field(max_length=40)] = ""
    tags: Annotated[list[Annotated[str, Field(max_length=TAG)]], Field(max_length=TAGS)] = []


class Rating(Body):
    stars: Annotated[int, Field(ge=0, le=5)]


class Nothing(Body):
    """No fields."""


def number_of(request: Request) -> int:
    """The work's number in the address."""
    given = request.path_params["id"]
    if not (given.isascii() and given.isdecimal() and len(given) <= 16 and int(given) <= MOST):
        raise StoreError("There is no such work in the gallery.")
    return int(given)


def with_pictures(work: dict[str, Any], request: Request) -> dict[str, Any]:
    """A work as a page shows it; only the visitor who published it learns that it is its own."""
    who = visitor(request)
    owner = work.pop("owner")
    own = who.may("owner") or owner == who.id
    return {**work, "picture": f"/api/works/{work['id']}/file", "own": own}


async def works(request: Request) -> Response:
    gallery = site(request).gallery
    order, tag = choice(request, "order", *ORDERS), text(request, "tag", TAG)
    found = await run_in_threadpool(gallery.works, order, tag, number(request, "page", 0, 0, 100_000))
    tags = await run_in_threadpool(gallery.tags)
    return JSONResponse({"works": [with_pictures(work, request) for work in found], "tags": tags})


async def work(request: Request) -> Response:
    found = await run_in_threadpool(site(request).gallery.work, number_of(request))
    return JSONResponse(with_pictures(found, request))


async def file(request: Request) -> Response:
    """The PNG with the genome, or the family tree."""
    column = choice(request, "of", "file", "family")
    content = await run_in_threadpool(site(request).gallery.file, number_of(request), column)
    return Response(content, media_type="image/png", headers={"cache-control": KEPT})


async def publish(request: Request) -> Response:
    asked, who, here = await read(request, Publishing), visitor(request, "voter"), site(request)
    about = Publication(
        label(asked.title, "A title", TITLE),
        label(asked.author, "A name"),
        [tag for tag in (label(tag, "A tag", TAG).lower() for tag in asked.tags) if tag],
    )
    if not about.title:
        raise Refused(422, "A work needs a title.")
    room = here.rooms.get(asked.session)
    content, artist, family = await room.do(partial(publishable, id=asked.id))
    id = await run_in_threadpool(here.gallery.publish, content, artist, about, who.id, family, room.name)
    return JSONResponse({"id": id}, 201)


async def import_file(request: Request) -> Response:
    """A picture or genome as the body, its name in the address."""
    who, here, name = visitor(request, "voter"), site(request), text(request, "name", 200)
    given = await content(request)
    png, artist = await run_in_threadpool(imported, given, name, here.rooms.runs)
    title = label(name.rpartition(".")[0][:TITLE], "A title", TITLE) or "Imported"
    about = Publication(title, label(text(request, "author"), "A name"), ["imported"])
    id = await run_in_threadpool(here.gallery.publish, png, artist, about, who.id, None)
    return JSONResponse({"id": id}, 201)


async def stars(request: Request) -> Response:
    asked, who, id = await read(request, Rating), visitor(request, "voter"), number_of(request)
    await run_in_threadpool(site(request).gallery.rate, id, who.id, asked.stars)
    return await work(request)


async def remove(request: Request) -> Response:
    who, id, gallery = visitor(request, "voter"), number_of(request), site(request).gallery
    await read(request, Nothing)
    found = await run_in_threadpool(gallery.work, id)
    if not (who.may("owner") or found["owner"] == who.id):
        raise Refused(403, "Only who published a work may remove it, or the owner of the page.")
    await run_in_threadpool(gallery.remove, id)
    return JSONResponse({})


ROUTES = [
    Route("/api/works", works, methods=["GET"]),
    Route("/api/works", publish, methods=["POST"]),
    Route("/api/works/import", import_file, methods=["POST"]),
    Route("/api/works/{id}", work, methods=["GET"]),
    Route("/api/works/{id}/file", file, methods=["GET"]),
    Route("/api/works/{id}/stars", stars, methods=["POST"]),
    Route("/api/works/{id}/remove", remove, methods=["POST"]),
]
