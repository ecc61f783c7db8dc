"""Sessions: opened, shown, bred."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from coevo.errors import CoevoError
from coevo.interactive.commands import SIZES, Branch, Command, Mutate, Pick, Redo, Take, Undo
from coevo.interactive.lineage import ancestors, picked_or_current
from coevo.interactive.sheet import Sheet
from coevo_web.advisors import advisor_for, known_advisors
from coevo_web.breedable import breedable
from coevo_web.links import Role, Visitor
from coevo_web.room import SHARPEST, Room
from coevo_web.routes.reading import Body, choice, label, number, read, site, text, visitor
from coevo_web.security import Refused
from coevo_web.sheet_state import file_of, found, individual_state, lineage_row, picture_of
from coevo_web.votes import Rule

Places = Annotated[list[Annotated[int, Field(ge=0, le=10_000)]], Field(max_length=1000)]
Name = Annotated[str, Field(max_length=500)]
NEEDS: dict[str, Role] = {"size": "watcher", "name": "watcher", "rule": "owner", "close": "owner"}
"""Who may give a command; all others are for voters."""
KINDS = {"png": "image/png", "svg": "image/svg+xml", "gif": "image/gif"}
TREE = 20_000  # individuals that a page gets at once; the newest ones


class Opening(Body):
    """A session to open: exactly one of these, but for the name and colour of a new one."""

    run: Name | None = None
    recipe: Name | None = None
    artist: Name | None = None
    work: Annotated[int, Field(ge=1)] | None = None
    colour: bool = False


class Asked(Body):
    """A command of a person."""

    do: Literal[
        "pick",
        "undo",
        "redo",
        "branch",
        "take",
        "mutate",
        "mark",
        "vote",
        "rule",
        "size",
        "name",
        "advise",
        "evolve",
        "close",
    ]
    snapshot: int | None = None
    """The sheet that it was meant for: it is not followed if another is shown by now."""
    places: Places = []
    id: Name = ""
    steps: Annotated[int, Field(ge=-40, le=40)] = 0
    name: Name = ""
    quorum: Annotated[int, Field(ge=0, le=1000)] = 0
    seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    own: bool = False
    size: Annotated[int, Field(ge=16, le=8192)] = 256
    advisor: Name = ""
    generations: Annotated[int, Field(ge=1, le=50)] = 1


async def start(request: Request) -> Response:
    """What a page needs to begin."""
    here, who = site(request), visitor(request)
    return JSONResponse(
        {
            "you": {"id": who.id, "role": who.role},
            "open": [{"name": room.name, "title": room.state.get("title", room.name)} for room in here.rooms.open()],
            "breedable": await run_in_threadpool(breedable),
            "advisors": await run_in_threadpool(known_advisors, here.rooms.runs),
        }
    )


async def open_session(request: Request) -> Response:
    asked, here = await read(request, Opening), site(request)
    chosen = {name for name in ("run", "recipe", "artist", "work") if getattr(asked, name) is not None}
    if len(chosen) != 1:
        raise Refused(422, "Say one of run, recipe, artist or work.")
    visitor(request, "voter" if asked.work is not None else "owner")
    if asked.run is not None:
        room = await run_in_threadpool(here.rooms.resume, asked.run)
    elif asked.work is not None:
        room = await run_in_threadpool(here.gallery.branch, asked.work, here.rooms)
    else:
        sections: dict[str, Any] = {"data": {"channels": 3}} if asked.colour else {}
        if asked.artist is not None:
            known = {one["name"] for one in await run_in_threadpool(breedable) if one["kind"] == "artist"}
            if asked.artist not in known:
                raise Refused(404, f"There is no artist named {asked.artist[:60]!r} that a person can breed.")
            sections |= {"artist": {"name": asked.artist}, "critic": {"name": "human"}}
        room = await run_in_threadpool(here.rooms.start, asked.recipe, sections)
    return JSONResponse({"name": room.name}, 201)


def room_of(request: Request) -> Room:
    return site(request).rooms.get(request.path_params["name"])


async def state(request: Request) -> Response:
    room, who = room_of(request), visitor(request)
    if room.is_own(who) and who.id not in room.own and not room.closed:
        await room.do(lambda sheet: room.give_own(sheet, who.id))
    return JSONResponse(room.state_for(who.id))


async def others_sheet(request: Request) -> Response:
    """What another person sees, of whom one may take copies."""
    room, id = room_of(request), text(request, "of", 40)
    shown = room.state_for(id)
    return JSONResponse({"works": shown.get("works", []), "generation": shown.get("generation", 0)})


async def events(request: Request) -> Response:
    """The states of a session as they come; while a page reads them its visitor is one of the people there."""
    room, who = room_of(request), visitor(request)
    if room.closed:
        await room.do(lambda sheet: None)  # says why
    if room.channel.is_full:
        raise Refused(503, "This session has as many viewers as it can have.")
    name = label(text(request, "name"), "A name") or who.role
    room.enter(who, name)
    stream = room.channel.read(partial(room.first_event, who.id), lambda: room.left(who), who.id)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def command(request: Request) -> Response:
    """Follow a command; the answer is the state after it."""
    room, asked = room_of(request), await read(request, Asked)
    who = visitor(request, NEEDS.get(asked.do, "voter"))
    if asked.do == "close":
        room.leave()
        return JSONResponse({"closed": True})
    user, times, runs = room.person(who).name, 1, site(request).rooms.runs
    if asked.do == "evolve":
        user, times = asked.advisor, asked.generations
    for _ in range(times):
        answer = await room.do(work_for(asked, room, who, runs), user, who.id)
        asked = asked.model_copy(update={"snapshot": None})  # an advisor goes on from the sheet that it bred
    return JSONResponse(answer)


def work_for(asked: Asked, room: Room, who: Visitor, runs: Path) -> Callable[[Sheet], Any]:
    """What a command does with the sheet."""

    def work(shown: Sheet) -> Command | dict[str, Any]:
        sheet = room.sheet_of(shown, who)
        if asked.snapshot is not None and sheet.db and asked.snapshot != sheet.snapshot:
            raise Refused(409, "Somebody was faster: another sheet is shown by now.")
        if problem := problem_of(asked, sheet):
            raise Refused(422, problem)
        match asked.do:
            case "mark":
                room.mark(who, asked.places)
            case "vote":
                return room.vote(shown, who, asked.places)
            case "pick" if room.votes.rule.votes and not who.may("owner"):
                raise Refused(409, "This session votes; give your vote.")
            case "advise":
                advisor = advisor_for(asked.advisor, sheet, runs)
                return {"scores": advisor.scores(sheet), "name": advisor.name}
            case "evolve":
                best = advisor_for(asked.advisor, sheet, runs).picks(sheet)
                return room.follow(shown, who, followed(sheet, Pick(tuple(best))))
            case "size":
                room.resize(shown, who, min(asked.size, SHARPEST))
            case "name":
                room.person(who).name = label(asked.name, "A name") or who.role
                room.tell_people()
            case "rule":
                room.set_rule(shown, Rule(asked.quorum, asked.seconds, asked.own), room.person(who).name)
            case _:
                return room.follow(shown, who, followed(sheet, plain_command(asked)))
        return room.state_for(who.id)

    return work


def problem_of(asked: Asked, sheet: Sheet) -> str:
    """What is wrong with the places that are picked; of marks, which may be too few yet, only what cannot be."""
    if asked.do == "mark":
        return next(filter(None, map(sheet.missing, asked.places)), "")
    return sheet.problem(Pick(tuple(asked.places))) if asked.do in ("pick", "vote") else ""


def plain_command(asked: Asked) -> Command:
    """The command of the terminal that a page's command is."""
    match asked.do:
        case "undo":
            return Undo()
        case "redo":
            return Redo()
        case "branch":
            return Branch(asked.id)
        case "take":
            return Take((asked.id,))
        case "mutate":
            return Mutate(asked.steps)
        case _:
            return Pick(tuple(asked.places))


def followed(sheet: Sheet, command: Command) -> Command:
    """A command that can be followed. Raises Refused if it cannot."""
    if problem := sheet.problem(command):
        raise Refused(409, problem)
    return command


async def individual(request: Request) -> Response:
    return JSONResponse(await room_of(request).do(partial(individual_state, id=text(request, "id"))))


async def picture(request: Request) -> Response:
    """Any individual as a picture; the answer says where that is, so that it is kept by its content."""
    room, id, size = room_of(request), text(request, "id"), number(request, "size", 256, 16, 4096)
    name = await room.do(lambda sheet: room.pictures.add(picture_of(sheet, id, size)))
    return Response(
        status_code=303, headers={"location": f"/pictures/{name}.png", "cache-control": "private, max-age=60"}
    )


async def file(request: Request) -> Response:
    """An individual as a file to save."""
    room, id, ending = room_of(request), text(request, "id"), choice(request, "as", *KINDS)
    size = number(request, "size", 1024, *SIZES)
    content = await room.do(partial(file_of, id=id, size=size, ending=ending))
    name = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in id)
    headers = {"content-disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(content, media_type=KINDS[ending], headers=headers)


async def lineage(request: Request) -> Response:
    """A family: everyone who was picked and the newest sheet, all, or the ancestors of one."""
    room, id, which = room_of(request), text(request, "id"), choice(request, "of", "picked", "all")
    who = visitor(request)

    def rows(sheet: Sheet) -> list[dict[str, Any]]:
        if sheet.db is None or sheet.works.genomes is None:
            raise CoevoError("These works have no genomes, so they have no lineage.")
        if id:
            found(sheet, id)
            family = ancestors(sheet.db, id)
        else:
            family = sheet.db.individuals() if which == "all" else picked_or_current(sheet.db)
            family = family | sheet.db.individuals(*sheet.db.sheet(room.sheet_of(sheet, who).snapshot))
        newest = sorted(family.values(), key=lambda one: one.first_snapshot)[-TREE:]
        return [lineage_row(one) for one in newest]

    return JSONResponse({"individuals": await room.do(rows)})


ROUTES = [
    Route("/api/start", start, methods=["GET"]),
    Route("/api/sessions", open_session, methods=["POST"]),
    Route("/api/sessions/{name}", state, methods=["GET"]),
    Route("/api/sessions/{name}/events", events, methods=["GET"]),
    Route("/api/sessions/{name}/sheet", others_sheet, methods=["GET"]),
    Route("/api/sessions/{name}/commands", command, methods=["POST"]),
    Route("/api/sessions/{name}/individual", individual, methods=["GET"]),
    Route("/api/sessions/{name}/picture", picture, methods=["GET"]),
    Route("/api/sessions/{name}/file", file, methods=["GET"]),
    Route("/api/sessions/{name}/lineage", lineage, methods=["GET"]),
]
