"""What routes read of a request: nothing of it is used before it was checked here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request

from coevo_web.links import Role, Visitor
from coevo_web.security import Refused

if TYPE_CHECKING:
    from coevo_web.app import Site


class Body(BaseModel):
    """The body of a request: no fields but those that are named, and no values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


B = TypeVar("B", bound=Body)


def site(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


def visitor(request: Request, role: Role = "watcher") -> Visitor:
    """Who asks. Raises Refused if it may not do what this role may."""
    found: Visitor = request.scope["visitor"]
    if not found.may(role):
        raise Refused(403, f"Only {'the owner' if role == 'owner' else 'who has a link for voters'} may do that.")
    return found


async def content(request: Request) -> bytes:
    """The body of a request."""
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise Refused(400, "The request was cut off.") from error


async def read(request: Request, model: type[B]) -> B:
    """The JSON body of a request. Raises Refused if it is not what it should be."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "The body should be JSON, with the content type application/json.")
    try:
        return model.model_validate_json(await content(request))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "The body"
        raise Refused(422, f"{where[:100]}: {first['msg'][:300]}.") from error


def text(request: Request, name: str, limit: int = 500) -> str:
    """A parameter of the address; empty if it is missing."""
    value = request.query_params.get(name, "")
    if len(value) > limit or not value.isprintable():
        raise Refused(422, f"{name} is no text that can be printed, of at most {limit} characters.")
    return value


def number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number among the parameters of the address."""
    value = request.query_params.get(name, str(default))
    if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
        raise Refused(422, f"{name} should be a whole number from {least} to {most}.")
    return int(value)


def choice(request: Request, name: str, *values: str) -> str:
    """One of some words among the parameters of the address; the first by default."""
    value = request.query_params.get(name, values[0])
    if value not in values:
        raise Refused(422, f"{name} should be one of {', '.join(values)}.")
    return value


def label(value: str, what: str, limit: int = 40) -> str:
    """A line of text that a person wrote, without what cannot be printed. Raises Refused if it is too long."""
    line = "".join(sign for sign in value if sign.isprintable()).strip()
    if len(line) > limit:
        raise Refused(422, f"{what} may have {limit} characters.")
    return line
