"""The site without a network: requests of the same process, answered by the same routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from coevo_web.links import Visitor

OWNER = Visitor("0" * 16, "owner")


@dataclass(frozen=True)
class Answer:
    """What a route gave: HTTP's number, the type of the content, and the content."""

    status: int
    type: str
    content: bytes


class Inside:
    """A site that the same process asks, as its owner.

    Args:
        app: the application without its guard, which keeps out others.
    """

    def __init__(self, app: ASGIApp):
        self.app, self._loop = app, asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, name="site", daemon=True).start()

    def ask(
        self, path: str, body: str | bytes | None = None, then: Callable[[Answer], None] | None = None
    ) -> Future[Answer]:
        """Ask for a path; with a body it is a POST.

        Args:
            path: with its query. Where an answer leads to another address, that one is asked.
            body: JSON, or the bytes of a file.
            then: is given the answer, in the site's thread.
        """
        asked = asyncio.run_coroutine_threadsafe(self._ask(path, body), self._loop)
        if then:
            asked.add_done_callback(lambda done: then(done.result()))
        return asked

    async def _ask(self, path: str, body: str | bytes | None) -> Answer:
        where, _, query = path.partition("?")
        content = body.encode() if isinstance(body, str) else body or b""
        kind = b"application/octet-stream" if isinstance(body, bytes) else b"application/json"
        sent = [{"type": "http.request", "body": content, "more_body": False}]
        status, headers, given = 500, dict[str, str](), b""

        async def receive() -> Message:
            return sent.pop() if sent else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal status, headers, given
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            elif message["type"] == "http.response.body":
                given += message.get("body", b"")

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
            "method": "GET" if body is None else "POST", "path": unquote(where), "raw_path": where.encode(),
            "query_string": query.encode(), "headers": [(b"content-type", kind)],
            "server": ("notebook", 80), "client": ("notebook", 0), "visitor": OWNER,
        }  # fmt: skip
        try:
            await self.app(scope, receive, send)
        except Exception:  # Starlette answers with 500 and raises again; the terminal says more
            given = given or b'{"error": "The site made a mistake; the terminal says more."}'
        if status == 303:
            return await self._ask(headers["location"], None)
        return Answer(status, headers.get("content-type", ""), given)
