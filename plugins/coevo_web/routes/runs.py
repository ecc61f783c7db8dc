"""Runs: watched, stopped, gone on with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from coevo_web.rooms import run_named
from coevo_web.routes.reading import Body, read, site, visitor


class Resuming(Body):
    """How long a run goes on; without minutes as its options say."""

    minutes: Annotated[float, Field(gt=0, le=100_000)] | None = None


class Nothing(Body):
    """No fields."""


async def runs(request: Request) -> Response:
    return JSONResponse({"runs": await run_in_threadpool(site(request).watching.all)})


async def run(request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(site(request).watching.one, request.path_params["name"]))


async def events(request: Request) -> Response:
    watching, name = site(request).watching, request.path_params["name"]
    run_named(name, watching.runs)
    return StreamingResponse(watching.changes(name), media_type="text/event-stream")


async def sheet(request: Request) -> Response:
    name, file = request.path_params["name"], request.path_params["file"]
    content = await run_in_threadpool(site(request).watching.sheet, name, file)
    return Response(content, media_type="image/png", headers={"cache-control": "private, no-cache"})


async def stop(request: Request) -> Response:
    visitor(request, "owner")
    await read(request, Nothing)
    await run_in_threadpool(site(request).watching.processes.stop, request.path_params["name"])
    return JSONResponse({})


async def resume(request: Request) -> Response:
    visitor(request, "owner")
    asked = await read(request, Resuming)
    await run_in_threadpool(site(request).watching.processes.resume, request.path_params["name"], asked.minutes)
    return JSONResponse({}, 202)


ROUTES = [
    Route("/api/runs", runs, methods=["GET"]),
    Route("/api/runs/{name}", run, methods=["GET"]),
    Route("/api/runs/{name}/events", events, methods=["GET"]),
    Route("/api/runs/{name}/sheets/{file}", sheet, methods=["GET"]),
    Route("/api/runs/{name}/stop", stop, methods=["POST"]),
    Route("/api/runs/{name}/resume", resume, methods=["POST"]),
]
