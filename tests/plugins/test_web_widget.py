"""Views in a notebook: one module that a browser loads alone, and a site that answers in the kernel's process."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from browsers import browser as chromium
from conftest import CommandLine

from coevo.errors import ConfigError
from coevo_web.app import make_site, static_files
from coevo_web.inside import Inside
from coevo_web.linking import linked, scoped
from coevo_web.pictures import Pictures
from coevo_web.rooms import Rooms
from coevo_web.widget import module, show, style

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOTEBOOK = """
async ([source, css, path]) => {
    document.body.innerHTML = '<div id="cell"></div><p id="beside" class="bar">A cell</p>';
    const sheet = document.createElement("style");
    sheet.textContent = css;
    document.head.append(sheet);
    const { default: view } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const listeners = new Map();
    const host = {
        values: { path },
        get: (name) => host.values[name],
        on: (event, f) => listeners.set(event, f),
        off: (event) => listeners.delete(event),
        send: async (message, callbacks, buffers) => {
            const given = buffers.map((one) => btoa(String.fromCharCode(...new Uint8Array(one))));
            const [about, content] = await kernel([message, given]);
            const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
            listeners.get("msg:custom")?.(about, [new DataView(bytes.buffer)]);
        },
    };
    window.host = host;
    window.change = (path) => { host.values.path = path; listeners.get("change:path")(); };
    window.end = view.render({ model: host, el: document.getElementById("cell") });
}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, and a session of one generation."""
    folder = tmp_path_factory.mktemp("notebook") / "runs"
    command = CommandLine(folder)
    command.play("one", "--rounds", 20, "-o", "run.sheet_every=10")
    (folder / "picks").write_text("3\nq\n")
    answer = command("run", "blind-watchmaker", "--name", "bw", "--picks", folder / "picks")
    assert answer.code == 0, answer.err
    return folder


def test_the_site_answers_in_the_same_process(tmp_path: Path) -> None:
    CommandLine(tmp_path / "runs").play("one", "--rounds", 10, "-o", "run.sheet_every=10")
    rooms = Rooms(tmp_path / "runs", Pictures())
    site = Inside(make_site(rooms, tmp_path / "gallery.db"))
    assert json.loads(site.ask("/api/start").result(60).content)["you"]["role"] == "owner"
    assert site.ask("/api/runs/one/sheets/00000010.png").result(60).type == "image/png"
    refused = site.ask("/api/sessions", json.dumps({"run": "one"})).result(60)
    assert refused.status == 400 and b"is no session" in refused.content
    begun = site.ask("/api/sessions", json.dumps({"recipe": "blind-watchmaker"})).result(60)
    picture = site.ask(f"/api/sessions/{json.loads(begun.content)['name']}/picture?id=1&size=64").result(60)
    assert picture.status == 200 and picture.content.startswith(b"\x89PNG")
    rooms.close()


def test_the_views_become_one_module_that_imports_nothing() -> None:
    text = module()
    assert not re.search(r"^import |\bimport\(|^export (?!default m\d+\.default;$)", text, re.M)
    sources = {path: file.content.decode() for path, file in static_files().items() if path.endswith(".js")}
    for view in ("breed", "paint", "run", "tree", "walk"):
        assert linked(f"views/{view}.js", sources).endswith(".default;")


def test_the_style_touches_nothing_outside() -> None:
    css = style()
    assert css.startswith("@scope (.coevo-view) {") and "\nbody" not in css and ":root" not in css
    assert scoped("p { margin: 0; }") == "@scope (.coevo-view) {\np { margin: 0; }\n}"


def test_what_there_is_not_cannot_be_shown(runs: Path) -> None:
    with pytest.raises(ConfigError, match="no view named 'bred'"):
        show("bred", runs_dir=runs)


@pytest.mark.slow
class TestInABrowser:
    """A notebook is a page with a cell here, and its messages go to the widget's own method."""

    @pytest.fixture
    def page(self) -> Iterator[Page]:
        with chromium() as browser:
            page, problems = browser.new_page(), list[str]()
            page.on("pageerror", lambda error: problems.append(str(error)))
            empty = {"body": "<!doctype html>", "content_type": "text/html"}
            page.route("http://notebook/", lambda route: route.fulfill(**empty))
            page.goto("http://notebook/")
            yield page
            assert not problems

    def opened(self, page: Page, widget: Any) -> None:
        sent: Queue[Any] = Queue()
        widget.send = lambda about, buffers: sent.put((about, buffers))

        def kernel(sent_by_page: Any) -> Any:
            message, given = sent_by_page
            widget.asked(widget, message, [memoryview(base64.b64decode(one)) for one in given])
            about, (content,) = sent.get(timeout=60)
            return about, base64.b64encode(content).decode()

        page.expose_function("kernel", kernel)
        page.evaluate(NOTEBOOK, [module(), style(), widget.path])

    def test_a_session_is_bred_in_a_cell(self, page: Page, runs: Path) -> None:
        pytest.importorskip("anywidget")
        self.opened(page, show("breed", "bw", runs_dir=runs))
        page.wait_for_selector("#cell .tile img[src^='blob:']")
        assert page.locator("#cell .tile").count() == 15
        before = page.evaluate("document.querySelector('.sheet').dataset.snapshot")
        page.locator("#cell .tile").nth(4).click()
        page.locator("#cell").get_by_role("button", name="Breed", exact=True).click()
        page.wait_for_function("before => document.querySelector('.sheet').dataset.snapshot !== before", arg=before)
        assert "Generation 2" in page.locator("#cell .facts").inner_text()
        page.locator("#cell").get_by_role("button", name="Family tree").click()
        page.wait_for_selector("#cell .node image[href^='blob:']")
        colour = "getComputedStyle(document.getElementById('beside')).display"
        assert page.evaluate(colour) == "block"  # .bar is the page's own class, and touches no other cell's
        page.evaluate("end()")

    def test_a_run_is_watched_and_walked_through_in_a_cell(self, page: Page, runs: Path) -> None:
        pytest.importorskip("anywidget")
        self.opened(page, show("runs", runs_dir=runs))
        page.locator("#cell .card a", has_text="one").click()
        page.wait_for_selector("#cell .newest[src^='blob:']")
        page.wait_for_selector("#cell canvas")
        page.get_by_role("link", name="Walk between works").click()
        page.wait_for_selector("#cell .walked[src^='blob:']")
        page.evaluate("change('/gallery')")  # as the kernel sets path
        page.get_by_text("Nothing is published yet").wait_for()
        picture = runs / "it.png"
        picture.write_bytes(
            show("breed", "bw", runs_dir=runs).site.ask("/api/sessions/bw/file?id=1").result(60).content
        )
        page.locator("#cell input[type=file]").set_input_files(picture)
        page.wait_for_selector("#cell .card img[src^='blob:']")
        assert page.locator("#cell .card img").count() == 1
        page.evaluate("end()")
