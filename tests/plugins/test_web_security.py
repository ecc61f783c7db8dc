"""The guard: what every route answers to those who should not ask, and to what nobody should send."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient
from web_page import HOST, Page, begin, give, opened
from web_server import served

from coevo.cli import main
from coevo.errors import ConfigError
from coevo_web import security
from coevo_web.app import API
from coevo_web.links import Links, Visitor
from coevo_web.security import BODY_LIMIT, Guard
from coevo_web.server import Address, local_names

ROUTES = [
    ("GET", "/"),
    ("GET", "/static/main.js"),
    ("GET", "/pictures/{name}.png"),
    *((next(iter(route.methods - {"HEAD"})), route.path) for route in API),
]
"""Every route of the application."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(tmp_path_factory.mktemp("web") / "runs") as page:
        yield page


@pytest.fixture(scope="module")
def session(page: Page) -> str:
    return begin(page.visitor(), recipe="blind-watchmaker")


def ask(client: TestClient, method: str, path: str, **more: Any) -> Any:
    where = path.replace("{name}", "x").replace("{id}", "1").replace("{file}", "x")
    return client.request(method, where, **({"json": {}} if method == "POST" else {}), **more)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_without_the_key(page: Page, method: str, path: str) -> None:
    nobody = TestClient(page.app, f"http://{HOST}", raise_server_exceptions=False)
    forged = Links(b"f" * 32)
    cookies = ["", "x", "0" * 16 + ".owner." + "0" * 64, forged.cookie(Visitor("0" * 16, "owner"))]
    raised = page.links.cookie(Visitor("0" * 16, "watcher")).replace("watcher", "owner")
    for cookie in [*cookies, raised]:
        answer = ask(nobody, method, path, headers={"cookie": f"coevo-8765={cookie}"})
        assert answer.status_code == 401, (path, cookie)
        assert "Open the link" in answer.text


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_to_another_name_of_the_host(page: Page, method: str, path: str) -> None:
    """Only this stops DNS rebinding: the cookie would be right, and so would Origin."""
    owner = page.visitor()
    for host in ("evil.example", "evil.example:8765", "localhost", "localhost:80", "127.0.0.1.evil.example:8765", ""):
        answer = ask(owner, method, path, headers={"host": host, "origin": f"http://{host}"})
        assert answer.status_code == 403, host


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST"])
def test_no_write_is_taken_from_another_page(page: Page, path: str) -> None:
    owner = page.visitor()
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": f"http://{HOST}"},
    ):
        answer = ask(owner, "POST", path, headers=headers)
        assert answer.status_code == 403 and "another page" in answer.text, headers
    ours = {"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"}
    assert ask(owner, "POST", path, headers=ours).status_code != 403


def test_a_link_becomes_a_cookie_that_no_script_and_no_other_site_can_use(page: Page) -> None:
    client = TestClient(page.app, f"http://{HOST}", follow_redirects=False)
    answer = client.get(f"/?token={page.links.token('owner')}")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    for token in ("", "x", page.links.token("owner")[:-1], Links(b"o" * 32).token("owner")):
        assert client.get("/", params={"token": token}, headers={"cookie": ""}).status_code == 401, token


def test_an_owner_who_opens_a_voters_link_stays_the_owner(page: Page) -> None:
    owner = page.visitor("owner")
    owner.get(f"/?token={page.links.token('voter')}")
    assert owner.get("/api/start").json()["you"]["role"] == "owner"


def test_every_answer_says_what_a_page_may_load(page: Page) -> None:
    owner = page.visitor()
    nobody = TestClient(page.app, f"http://{HOST}")
    for answer in (owner.get("/"), owner.get("/api/runs"), owner.get("/nothing"), nobody.get("/"), owner.put("/")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_files_of_the_page_name_no_other_host() -> None:
    folder = Path(security.__file__).parent / "static"
    files = [
        path
        for path in folder.rglob("*")
        if path.suffix in (".js", ".css", ".html") and path.parent != folder / "vendor"
    ]
    assert len(files) > 10
    for path in files:
        found = set(re.findall(r"https?://[^\s\"'`]+", path.read_text()))
        assert found <= {"http://www.w3.org/2000/svg"}, path
        assert "innerHTML" not in path.read_text() and "eval(" not in path.read_text(), path


def test_no_path_of_a_request_leads_to_the_disk(page: Page, session: str) -> None:
    owner = page.visitor()
    for path in (
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/views/..%5c..%5capp.py",
        "/pictures/..%2f..%2fx.png",
        f"/api/runs/{session}/sheets/..%2fconfig.toml",
        f"/api/runs/..%2f{session}/sheets/config.toml",
        "/api/runs/%2e%2e",
        "/api/runs/..%00",
        f"/api/runs/%2ftmp%2f{session}",
        "/api/sessions/..%2f..%2fx",
    ):
        answer = owner.get(path)
        assert answer.status_code in (404, 400), path
        assert "root:" not in answer.text and "[artist]" not in answer.text and "import" not in answer.text


def test_what_is_too_large_is_not_read(page: Page, session: str) -> None:
    owner = page.visitor()
    where = f"/api/sessions/{session}/commands"
    json_type = {"content-type": "application/json"}
    assert owner.post(where, content=b" " * (BODY_LIMIT + 1), headers=json_type).status_code == 413
    parts = (b" " * 65536 for _ in range(BODY_LIMIT // 65536 + 2))  # without a length in the header
    assert owner.post(where, content=parts, headers=json_type).status_code == 413
    for length in ("-1", "x", "9" * 40):
        assert owner.post(where, content=b"{}", headers=json_type | {"content-length": length}).status_code == 413
    assert owner.get("/api/start").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"do":"pick"' + b'" "' * 10,
        b"[" * 100_000,
        b'{"do":"pick","places":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"do":"pick","places":[1e999]}',
        b'{"do":"pick","places":[1.5]}',
        b'{"do":"pick","places":["1"]}',
        b'{"do":"pick","places":[true]}',
        b'{"do":"pick","unknown":1}',
        b'{"do":"pick","places":[99999999999999999999]}',
        b'\xff\xfe{"do":"pick"}',
        b'{"do":"name","name":"\\ud800"}',
        json.dumps({"do": "pick", "places": [0] * 2000}).encode(),
    ],
)
def test_what_is_not_a_command_is_refused(page: Page, session: str, body: bytes) -> None:
    answer = page.visitor().post(
        f"/api/sessions/{session}/commands", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422 and answer.json()["error"]


def test_a_form_of_another_site_cannot_look_like_json(page: Page, session: str) -> None:
    answer = page.visitor().post(
        f"/api/sessions/{session}/commands", content='{"do":"undo"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 415


def test_scripts_in_names_titles_and_tags_stay_text(page: Page, session: str) -> None:
    owner, evil = page.visitor(), "<script>alert(1)</script>"
    give(owner, session, "name", name=evil)
    answer = owner.post(
        "/api/works", json={"session": session, "id": "1", "title": evil, "author": evil, "tags": ["<b>"]}
    )
    assert answer.status_code == 201
    found = owner.get(f"/api/works/{answer.json()['id']}")
    assert found.json()["title"] == evil and found.headers["content-type"] == "application/json"


def test_a_visitor_who_asks_too_often_waits() -> None:
    time = [0.0]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    guard = Guard(app, Links(b"s" * 32), [HOST], "c", now=lambda: time[0])
    assert all(guard.rate.allows("a") for _ in range(security.BURST))
    assert not guard.rate.allows("a") and guard.rate.allows("b")
    time[0] = 1.0
    assert sum(guard.rate.allows("a") for _ in range(1000)) == security.PER_SECOND


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "BODY_SECONDS", 0.05)

    async def never() -> Any:
        await asyncio.sleep(60)

    with pytest.raises(security.Refused, match="arrive within"):
        asyncio.run(security.limited(never, 10)())


def test_the_secret_is_kept_for_its_user_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    links = Links.of_user()
    file = tmp_path / "web-secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert Links.of_user().token("owner") == links.token("owner")
    assert Links.of_user(renew=True).token("owner") != links.token("owner")
    file.chmod(0o644)  # others may have read it
    now = file.read_bytes()
    Links.of_user()
    assert file.read_bytes() != now and file.stat().st_mode & 0o777 == 0o600


def test_other_machines_connect_only_where_that_was_said_twice(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["web", "--host", "0.0.0.0", "--runs-dir", str(tmp_path)])
    assert answer.exit_code == 2 and "--share" in answer.stderr and "nothing is encrypted" in answer.stderr
    assert "evil.example:80" not in Address("0.0.0.0").hosts(80)
    assert Address("10.1.2.3").hosts(8765)[-1] == "10.1.2.3:8765"
    assert Address(names=("Art.example",)).hosts(1)[-1].lower() == "art.example:1"
    with pytest.raises(ConfigError, match="name of a host"):
        local_names(["a/b"])


@pytest.mark.slow
def test_requests_that_never_end_keep_nobody_waiting(tmp_path: Path) -> None:
    """A hundred connections send their headers a byte at a time, and twenty a body that stops in the middle."""
    with served(tmp_path / "runs", "blind-watchmaker", "--name", "slow") as server, ExitStack() as all_closed:
        cookie = httpx2.get(server.links[0].partition("#")[0]).headers["set-cookie"].partition(";")[0]

        def connection(text: str) -> socket.socket:
            one = all_closed.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            one.sendall(text.encode())
            return one

        head = f"Host: 127.0.0.1:{server.port}\r\nCookie: {cookie}\r\n"
        endless = [connection("GET / HTTP/1.1\r\nX-Long: ") for _ in range(100)]
        where = "/api/sessions/slow/commands"
        cut = [
            connection(f"POST {where} HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{")
            for _ in range(20)
        ]
        for _ in range(10):
            for one in endless:
                one.sendall(b"x")
            assert httpx2.get(f"{server.address}{where[:18]}", headers={"cookie": cookie}, timeout=5).status_code == 200
        for one in cut:
            assert one.recv(100).startswith(b"HTTP/1.1 408")
