"""The guard: every request passes it, also one for a static file, and every answer leaves with its headers.

The order matters. A page of another site can reach a server on loopback: by a name that it points there (DNS
rebinding), which only the Host header shows, or by a form or an image, which the cookie and Sec-Fetch-Site stop.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coevo.errors import CoevoError
from coevo_web.links import Links

BODY_LIMIT, FILE_LIMIT = 1 << 20, 8 << 20  # bytes of a request: of a command, of a picture that is dropped
BODY_SECONDS = 10  # in which a body has to come
PER_SECOND, BURST = 200, 2000  # requests of a visitor; a sheet of 400 pictures is no attack
VISITORS = 10_000  # of whom the rate is known at once
FILE_ROUTES = frozenset({"/api/works/import", "/api/sessions/photograph"})
SAFE = frozenset({"GET", "HEAD"})
COOKIE_SECONDS = 30 * 24 * 3600
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Lets a request through to the application if nothing speaks against it.

    Args:
        app: the application. It finds the visitor in `scope["visitor"]`.
        links: tokens and cookies.
        hosts: what Host may say, with the port.
        cookie: the cookie's name; browsers send a cookie to all ports of a host, so it names the port.
        now: a clock in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        links: Links,
        hosts: Iterable[str],
        cookie: str,
        now: Callable[[], float] = time.monotonic,
    ):
        self.app, self.links, self.hosts, self.cookie = app, links, frozenset(hosts), cookie
        self.rate = Rate(now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # a WebSocket, which this server has none of
            await send({"type": "websocket.close", "code": 1008})
            return
        send = with_headers(send)
        refusal = self.refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        limit = FILE_LIMIT if scope["path"] in FILE_ROUTES else BODY_LIMIT
        await self.app(scope, limited(receive, limit), send)

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that may not pass; None if it may."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.getlist("host") == [] or {*headers.getlist("host")} - self.hosts:
            return refused(
                403, "This address is not one that the page was opened for; use the link that coevo printed."
            )
        if method not in SAFE | {"POST"}:
            return refused(405, "This server answers GET and POST.")
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if scope["path"] == "/" and method == "GET" and token:
            return self.entrance(token[0], cookie_of(headers, self.cookie))
        visitor = self.links.known(cookie_of(headers, self.cookie))
        if visitor is None:
            return refused(401, "Open the link that coevo printed; it carries the key to this page.")
        if not self.rate.allows(visitor.id):
            return refused(429, "These are too many requests; wait a second.")
        if method == "POST" and not same_origin(headers):
            return refused(403, "This request comes from another page.")
        length = headers.get("content-length", "0")
        limit = FILE_LIMIT if scope["path"] in FILE_ROUTES else BODY_LIMIT
        if not length.isdecimal() or len(length) > 12 or int(length) > limit:
            return refused(413, f"A request may have {limit:,} bytes.")
        scope["visitor"] = visitor
        return None

    def entrance(self, token: str, cookie: str) -> Response:
        """A link's token becomes a cookie, and the page opens without it. A known visitor keeps the better role."""
        visitor, known = self.links.visitor(token), self.links.known(cookie)
        if visitor is None:
            return refused(401, "This link does not hold any more; use the one that coevo printed last.")
        if known is not None and known.may(visitor.role):
            visitor = known
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self.cookie, self.links.cookie(visitor), COOKIE_SECONDS, path="/", httponly=True, samesite="strict"
        )
        return answer


class Rate:
    """A bucket of requests for each visitor, that fills again with time."""

    def __init__(self, now: Callable[[], float]):
        self.now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, id: str) -> bool:
        now = self.now()
        left, then = self._buckets.pop(id, (float(BURST), now))
        left = min(BURST, left + (now - then) * PER_SECOND)
        self._buckets[id] = max(left - 1, 0.0), now
        if len(self._buckets) > VISITORS:
            self._buckets.popitem(last=False)
        return left >= 1


class Refused(CoevoError):
    """A request is not followed; `status` says why in HTTP's way."""

    def __init__(self, status: int, said: str):
        super().__init__(said)
        self.status = status


def limited(receive: Receive, limit: int) -> Receive:
    """The same messages, as long as the body stays within its limits of length and time."""
    seen, whole, deadline = 0, False, time.monotonic() + BODY_SECONDS

    async def next_message() -> Message:
        nonlocal seen, whole
        if whole:  # the body is here; what comes now is the end of the connection, at any time
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            raise Refused(408, f"A request has to arrive within {BODY_SECONDS} seconds.") from error
        seen, whole = seen + len(message.get("body", b"")), not message.get("more_body", False)
        if seen > limit:
            raise Refused(413, f"A request may have {limit:,} bytes.")
        return message

    return next_message


def with_headers(send: Send) -> Send:
    """Every answer with the headers that are the same for all."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sent


def same_origin(headers: Headers) -> bool:
    """Whether a write comes from our own page, by what browsers set; a program that is none sets neither."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin.partition("://")[2] == headers["host"]


def cookie_of(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie("; ".join(headers.getlist("cookie"))).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def refused(status: int, said: str) -> Response:
    """An answer that says in a sentence why there is no other."""
    kind = PlainTextResponse if status in (401, 403) else JSONResponse
    return kind(said if kind is PlainTextResponse else {"error": said}, status)
