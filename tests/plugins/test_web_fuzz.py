"""Ten thousand requests that should not be sent: none breaks the server, and none learns what it may not know."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from faults import mutations
from standins import PICBREEDER_GENOME
from starlette.testclient import TestClient
from web_page import HOST, Page, begin, opened

from coevo_web.app import API
from coevo_web.links import Links, Visitor
from coevo_web.security import BODY_LIMIT, FILE_LIMIT, HEADERS

REQUESTS = 10_000
ROUTES = [
    ("GET", "/"),
    ("GET", "/static/main.js"),
    ("GET", "/pictures/{name}.png"),
    *((next(iter(route.methods - {"HEAD"})), route.path) for route in API),
]
COOKIE = "coevo-8765"
ODD = [
    "",
    "1",
    "-1",
    "0",
    "x" * 600,
    "é\u0000",
    "../..",
    "%00",
    "’;--",
    "{}",
    "1e9",
    "[1]",
    "\u202e",
    "latest",
    "\ud7ff",
]
SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</title><b>",
    "{{7*7}}",
]
CLIMBS = [
    "../app.py",
    "..%2fapp.py",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cx",
    "%2fetc%2fpasswd",
    "x%00.png",
    "....//x",
]
VALUES: list[Any] = [
    None, True, 0, -1, 2**63, 1.5, "", "x", "x" * 5000, [], [0], [[0]], {}, {"a": 1}, "1", [0] * 2000, *SCRIPTS,
]  # fmt: skip
FIELDS = [
    "places", "id", "steps", "name", "size", "advisor", "snapshot", "quorum", "seconds", "generations", "title", "tags",
    "author", "session", "stars", "run", "recipe", "artist", "work", "colour", "minutes",
]  # fmt: skip
COMMANDS = [
    "pick", "undo", "redo", "branch", "mutate", "mark", "vote", "rule", "size", "name", "advise", "evolve",
]  # fmt: skip
PARAMETERS = ["id", "size", "as", "of", "order", "tag", "page", "name", "author", "token"]
LEAKS = ("Traceback", "sqlite3", 'File "', "site-packages", "root:x:", "[artist]")


@dataclass
class Request:
    """One request, and what its answer may be."""

    method: str
    path: str
    headers: dict[str, str | bytes] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    content: Any = None
    statuses: tuple[int, ...] = ()
    """Empty: whatever is no error of the server."""


class Fuzzer:
    """Requests by chance.

    Args:
        page: what is asked.
        session: a session that is open there.
    """

    def __init__(self, page: Page, session: str):
        self.luck, self.page, self.session = random.Random(0), page, session
        self.visitors = {role: page.visitor(role) for role in ("owner", "voter", "watcher")}
        self.nobody = TestClient(page.app, f"http://{HOST}", raise_server_exceptions=False)
        owner = self.visitors["owner"]
        works = owner.get(f"/api/sessions/{session}").json()["works"]
        files = {kind: owner.get(f"/api/sessions/{session}/file", params={"id": works[0]["id"], "size": 64, "as": kind})
                 for kind in ("png", "svg")}  # fmt: skip
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(zipfile.ZipInfo("genome.xml"), PICBREEDER_GENOME)
        self.files = {
            "png": (files["png"].content, mutations.PNG),
            "svg": (files["svg"].content, mutations.XML),
            "zip": (archive.getvalue(), mutations.ZIP),
            "xml": (PICBREEDER_GENOME.encode(), mutations.XML),
        }
        self.kinds: dict[Callable[[], tuple[TestClient, Request]], int] = {
            self.without_a_key: 3, self.with_a_forged_key: 3, self.by_another_name: 3, self.from_another_page: 3,
            self.too_large: 1, self.malformed: 4, self.climbing: 4, self.with_scripts: 3, self.forged_file: 3,
            self.nearly_right: 20,
        }  # fmt: skip

    def next(self) -> tuple[str, TestClient, Request]:
        (kind,) = self.luck.choices(list(self.kinds), list(self.kinds.values()))
        return kind.__name__, *kind()

    # kinds

    def without_a_key(self) -> tuple[TestClient, Request]:
        return self.nobody, self.request(statuses=(401,))

    def with_a_forged_key(self) -> tuple[TestClient, Request]:
        id = f"{self.luck.getrandbits(64):016x}"
        mine = self.page.links.cookie(Visitor(id, "watcher"))
        cookie = self.luck.choice(
            [
                Links(b"f" * 32).cookie(Visitor(id, "owner")),
                mine.replace("watcher", "owner"),
                mine[:-1],
                mine[:-1] + ("0" if mine[-1] != "0" else "1"),
                mine.upper(),
                f'"{mine}x"',
                "\xff" * 40,
                "x" * 3000,
            ]
        )
        request = self.request(statuses=(401,))
        request.headers["cookie"] = f"{COOKIE}={cookie}".encode("latin-1")
        return self.nobody, request

    def by_another_name(self) -> tuple[TestClient, Request]:
        request = self.request(statuses=(403,))
        host = self.luck.choice(
            ["evil.example", "localhost", "localhost:80", f"x.{HOST}", f"{HOST}.evil.example", "", "[::1"]
        )
        request.headers |= {"host": host, "origin": f"http://{host}"}
        return self.anyone(), request

    def from_another_page(self) -> tuple[TestClient, Request]:
        request = self.request("POST", statuses=(403,))
        request.headers |= self.luck.choice(
            [{"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:9999"}, {"origin": ""},
             {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"}]
        )  # fmt: skip
        return self.anyone(), request

    def too_large(self) -> tuple[TestClient, Request]:
        request = self.request("POST")
        limit = FILE_LIMIT if request.path.endswith("/import") else BODY_LIMIT
        if self.luck.random() < 0.5:
            request.content = bytes(limit + 1)
            request.statuses = (413,)
        else:  # without a length in the header, so that it is read until it is too much, or not at all
            request.content = (bytes(65536) for _ in range(limit // 65536 + 2))
        return self.anyone(), request

    def malformed(self) -> tuple[TestClient, Request]:
        request = self.request("POST")
        spoil = self.luck.choice(mutations.TEXT)
        request.content = spoil(self.luck, json.dumps(self.body()).encode())
        if self.luck.random() < 0.2:
            request.headers["content-type"] = self.luck.choice(
                ["text/plain", "", "application/jsonx", "\x7f", "multipart/form-data"]
            )
        return self.anyone(), request

    def climbing(self) -> tuple[TestClient, Request]:
        climb = self.luck.choice(CLIMBS)
        path = self.luck.choice(
            [f"/static/{climb}", f"/pictures/{climb}", f"/api/runs/{climb}", f"/api/runs/{self.session}/sheets/{climb}",
             f"/api/sessions/{climb}", f"/api/works/{climb}/file", f"/{climb}"]
        )  # fmt: skip
        return self.anyone(), Request("GET", path, statuses=(400, 404))

    def with_scripts(self) -> tuple[TestClient, Request]:
        script = self.luck.choice(SCRIPTS)
        body = {"session": self.session, "id": "1", "title": script, "author": script[:40], "tags": [script[:30]]}
        if self.luck.random() < 0.5:
            body = {"do": "name", "name": script}
            return self.anyone(), self.request(
                "POST", f"/api/sessions/{self.session}/commands", json.dumps(body).encode()
            )
        return self.visitors["voter"], self.request("POST", "/api/works", json.dumps(body).encode())

    def forged_file(self) -> tuple[TestClient, Request]:
        kind = self.luck.choice(list(self.files))
        content, spoils = self.files[kind]
        content = self.luck.choice(spoils)(self.luck, content)
        for _ in range(self.luck.choice((0, 0, 1, 3))):
            content = self.luck.choice(mutations.ANY)(self.luck, content or b"x")
        name = self.luck.choice(
            [f"x.{kind}"] * 8 + ["x.png", "../../x.xml", "x", f"{SCRIPTS[0]}.{kind}", "é\u202e.png"]
        )
        query = {"name": name, "author": self.luck.choice(["", "Ada", SCRIPTS[1]])}
        return self.anyone(), Request("POST", "/api/works/import", query=query, content=content[:FILE_LIMIT])

    def nearly_right(self) -> tuple[TestClient, Request]:
        request = self.request()
        if request.method == "GET" and request.path.endswith("/events") and self.session in request.path:
            request.path = request.path.replace(self.session, "x")  # those that are right never end
        return self.anyone(), request

    # their parts

    def anyone(self) -> TestClient:
        return self.luck.choice(list(self.visitors.values()))

    def request(
        self, method: str = "", path: str = "", content: bytes | None = None, statuses: tuple[int, ...] = ()
    ) -> Request:
        asked, pattern = self.luck.choice([route for route in ROUTES if method in ("", route[0])])
        words = [self.session, self.session, "1", *ODD[:9]]
        filled = re.sub(r"\{\w+\}", lambda _: self.luck.choice(words).replace("/", "%2f") or "x", pattern)
        filled = "".join(sign for sign in filled if sign.isprintable())
        query = {self.luck.choice(PARAMETERS): self.luck.choice([*ODD, self.session, *SCRIPTS]) for _ in range(2)}
        if pattern == "/":
            query.pop("token", None)
        if query.get("size", "").isdecimal():
            query["size"] = "64"
        if content is None and asked == "POST":
            content = json.dumps(self.body()).encode()
        headers = {"content-type": "application/json"} if asked == "POST" else {}
        return Request(asked, path or filled, headers, {} if path else query, content, statuses)

    def body(self) -> Any:
        names = self.luck.sample(FIELDS, self.luck.randrange(4))
        some = {name: self.luck.choice([*VALUES, self.session]) for name in names}
        if self.luck.random() < 0.7:
            some["do"] = self.luck.choice(COMMANDS)
        return some


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with opened(tmp_path / "runs") as page:
        yield page


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:Duplicate name")  # a forged zip has it on purpose
def test_ten_thousand_bad_requests_break_nothing_and_leak_nothing(page: Page) -> None:
    session = begin(page.visitor(), recipe="blind-watchmaker")
    page.app.rate.allows = lambda id: True
    fuzzer, seen = Fuzzer(page, session), Counter[str]()
    secrets = [*LEAKS, str(page.rooms.runs.parent), *(page.links.token(role) for role in ("owner", "voter", "watcher"))]
    for number in range(REQUESTS):
        kind, client, request = fuzzer.next()
        answer = client.request(
            request.method, request.path, params=request.query, content=request.content, headers=request.headers,
            follow_redirects=False,
        )  # fmt: skip
        about = number, kind, request, answer.status_code, answer.text[:500]
        assert answer.status_code < 500, about
        assert not request.statuses or answer.status_code in request.statuses, about
        assert not [leak for leak in secrets if leak in answer.text], about
        assert answer.status_code not in (401, 403) or session not in answer.text, about
        assert HEADERS.items() <= dict(answer.headers).items(), about
        assert "html" not in answer.headers.get("content-type", "") or request.path == "/", about
        seen[kind] += 1
    assert min(seen.values()) > 100 and len(seen) == len(fuzzer.kinds)
    assert page.visitor().get(f"/api/sessions/{session}").json()["works"]
    left = {path.name for path in page.rooms.runs.parent.iterdir()}
    assert left == {page.rooms.runs.name}, "a file was written where none should be"
