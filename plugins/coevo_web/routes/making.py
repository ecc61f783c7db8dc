"""What the artist of a saved run makes for a page: pictures of label maps, and walks through its latent space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coevo.errors import ConfigError
from coevo_web.painting import LARGEST_BRUSH, LabelMap
from coevo_web.routes.reading import Body, number, read, site, visitor

Coordinate = Annotated[int, Field(ge=0, le=65_535)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Change(Body):
    """A change of a label map."""

    do: Literal["stroke", "fill", "cover", "undo", "redo", "style"]
    region: Annotated[int, Field(ge=0, le=255)] = 0
    width: Annotated[int, Field(ge=1, le=LARGEST_BRUSH)] = 1
    points: Annotated[list[Annotated[list[Coordinate], Field(min_length=2, max_length=2)]], Field(max_length=5000)] = []
    seed: Seed = 0


def changed(map: LabelMap, asked: Change) -> dict[str, Any]:
    """Follow a change; the state after it."""
    points = [(x, y) for x, y in asked.points]
    if asked.do in ("stroke", "fill") and not points:
        raise ConfigError("Say in points where to paint.")
    match asked.do:
        case "stroke":
            return map.stroke(asked.region, asked.width, points)
        case "fill":
            return map.fill(asked.region, points[0])
        case "cover":
            return map.cover(asked.region)
        case "style":
            return map.restyle(asked.seed)
        case way:
            return map.go(way)


async def of_map(request: Request, use: Callable[[LabelMap], Any]) -> Any:
    maps, name = site(request).maps, request.path_params["name"]
    return await run_in_threadpool(lambda: use(maps.get(name)))


async def painting(request: Request) -> Response:
    return JSONResponse(await of_map(request, LabelMap.state))


async def paint(request: Request) -> Response:
    visitor(request, "voter")
    asked = await read(request, Change)
    return JSONResponse(await of_map(request, lambda map: changed(map, asked)))


async def painted(request: Request) -> Response:
    """The picture to save; coevo paint --from goes on with it."""
    content = await of_map(request, LabelMap.file)
    headers = {"content-disposition": 'attachment; filename="painted.png"'}
    return Response(content, media_type="image/png", headers=headers)


async def samples(request: Request) -> Response:
    walks, name, seed = site(request).walks, request.path_params["name"], number(request, "seed", 0, 0, 999_999_999)
    return JSONResponse({"works": await run_in_threadpool(lambda: walks.get(name).works(seed))})


async def walk(request: Request) -> Response:
    walks, name, seed = site(request).walks, request.path_params["name"], number(request, "seed", 0, 0, 999_999_999)
    start, stop = number(request, "from", 0, 0, 999), number(request, "to", 1, 0, 999)
    return JSONResponse({"steps": await run_in_threadpool(lambda: walks.get(name).walk(seed, start, stop))})


ROUTES = [
    Route("/api/runs/{name}/painting", painting, methods=["GET"]),
    Route("/api/runs/{name}/painting", paint, methods=["POST"]),
    Route("/api/runs/{name}/painting/file", painted, methods=["GET"]),
    Route("/api/runs/{name}/samples", samples, methods=["GET"]),
    Route("/api/runs/{name}/walk", walk, methods=["GET"]),
]
