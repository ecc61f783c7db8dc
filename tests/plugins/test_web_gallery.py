"""Published works: browsed, rated, branched from, imported, and written as pages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient
from web_page import Page, begin, give, opened, wait_for

from coevo.errors import DataError, StoreError
from coevo.images.files import read_origin
from coevo_web.gallery import Gallery, Publication, imported


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with opened(tmp_path / "runs") as page:
        yield page


@pytest.fixture
def owner(page: Page) -> TestClient:
    return page.visitor()


def publish(client: TestClient, session: str, title: str, id: str = "1", **more: Any) -> int:
    answer = client.post("/api/works", json={"session": session, "id": id, "title": title, **more})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def titles(client: TestClient, **query: str) -> list[str]:
    return [work["title"] for work in client.get("/api/works", params=query).json()["works"]]


def test_works_are_browsed_by_time_by_stars_by_branches_and_by_tag(page: Page, owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    assert titles(owner) == []
    first = publish(owner, name, "First", tags=["Insect", "tree"], author="Ada")
    second = publish(owner, name, "Second", id="2", tags=["tree"])
    publish(owner, name, "Third", id="3")
    assert titles(owner) == ["Third", "Second", "First"]
    assert titles(owner, tag="insect") == ["First"] and titles(owner, tag="tree") == ["Second", "First"]

    assert page.visitor("voter").post(f"/api/works/{second}/stars", json={"stars": 5}).json()["rating"] == 5
    owner.post(f"/api/works/{second}/stars", json={"stars": 1})
    assert owner.post(f"/api/works/{second}/stars", json={"stars": 2}).json()["voters"] == 2
    assert titles(owner, order="rated")[0] == "Second"

    branched = owner.post("/api/sessions", json={"work": first}).json()["name"]
    assert titles(owner, order="branched")[0] == "First"
    wait_for(lambda: "works" in owner.get(f"/api/sessions/{branched}").json())
    works = owner.get(f"/api/sessions/{branched}").json()["works"]
    child = publish(owner, branched, "Child", id=works[0]["id"])
    assert owner.get(f"/api/works/{child}").json()["origin"] == first


def test_a_branch_goes_on_from_the_very_genome(owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="sims")
    id = publish(owner, name, "A program", id="4")
    genome = owner.get(f"/api/sessions/{name}/individual", params={"id": "4"}).json()["genome"]
    branched = owner.post("/api/sessions", json={"work": id}).json()["name"]
    wait_for(lambda: "works" in owner.get(f"/api/sessions/{branched}").json())
    family = owner.get(f"/api/sessions/{branched}/lineage", params={"of": "all"}).json()["individuals"]
    ids = [one["id"] for one in family]
    genomes = [owner.get(f"/api/sessions/{branched}/individual", params={"id": one}).json()["genome"] for one in ids]
    assert genome in genomes
    assert give(owner, branched, "pick", places=[0]).json()["generation"] == 1


def test_a_work_carries_its_genome_and_shows_its_family_tree(owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    now = give(owner, name, "pick", places=[2]).json()
    id = publish(owner, name, "Grandchild", id=now["works"][3]["id"])
    (tmp_path / "it.png").write_bytes(owner.get(f"/api/works/{id}/file").content)
    assert read_origin(tmp_path / "it.png").artist == "biomorph"
    with Image.open(io.BytesIO(owner.get(f"/api/works/{id}/file", params={"of": "family"}).content)) as tree:
        assert tree.height > 300  # three generations


def test_only_who_published_a_work_and_the_owner_remove_it(page: Page, owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    ada, ben = page.visitor("voter"), page.visitor("voter")
    id = publish(ada, name, "Ada's")
    assert ada.get(f"/api/works/{id}").json()["own"] and not ben.get(f"/api/works/{id}").json()["own"]
    assert "owner" not in ben.get(f"/api/works/{id}").json()
    assert ben.post(f"/api/works/{id}/remove", json={}).status_code == 403
    assert ada.post(f"/api/works/{id}/remove", json={}).status_code == 200
    assert ada.get(f"/api/works/{id}").status_code == 404


def test_a_dropped_picture_is_drawn_anew_from_its_genome(owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    file = owner.get(f"/api/sessions/{name}/file", params={"id": "1", "size": 64}).content
    answer = owner.post("/api/works/import", params={"name": "../../bug.png"}, content=file)
    assert answer.status_code == 201, answer.text
    found = owner.get(f"/api/works/{answer.json()['id']}")
    assert found.json()["tags"] == ["imported"] and found.json()["artist"] == "biomorph"
    with Image.open(io.BytesIO(owner.get(found.json()["picture"]).content)) as drawn:
        assert drawn.size == (512, 512)


def forged(text: str) -> bytes:
    """A PNG that carries a text in the place of a genome."""
    about, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    about.add_text("coevo", text)
    Image.new("L", (4, 4)).save(buffer, "png", pnginfo=about)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.png", b"", "The file cannot be read"),
        ("x.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "The file"),
        ("x.png", forged("{}"), "carries no genome"),
        ("x.png", forged('{"artist":"../../x","genome":"1","id":"a","parents":[]}'), "not a name"),
        ("x.png", forged('{"artist":"nobody","genome":"1","id":"a","parents":[]}'), "no artist"),
        ("x.png", forged('{"artist":"biomorph","genome":"[[[","id":"a","parents":[]}'), ""),
        ("x.png", forged('{"artist":"gp","genome":"__import__(1)","id":"a","parents":[]}'), ""),
        ("x.png", forged('{"artist":"dcgan","run":"../..","code":[1,2]}'), "not a name"),
        ("x.svg", b"<svg xmlns:x='y'><!ENTITY a 'b'></svg>", ""),
        ("x.zip", b"PK\x03\x04", ""),
        ("x.xml", b"<genome", ""),
        ("x.exe", b"MZ", "Drop a picture"),
        ("x", b"", "Drop a picture"),
    ],
)
def test_a_forged_file_is_refused_in_a_sentence(owner: TestClient, name: str, content: bytes, said: str) -> None:
    answer = owner.post("/api/works/import", params={"name": name}, content=content)
    assert 400 <= answer.status_code < 500, answer.text
    assert said in answer.json()["error"] and "/tmp" not in answer.json()["error"]
    assert titles(owner) == []


@given(content=some.binary(max_size=200), ending=some.sampled_from([".png", ".svg", ".zip", ".xml", ".PNG", ""]))
@settings(max_examples=30, deadline=None)
def test_whatever_is_dropped_is_a_work_or_refused(content: bytes, ending: str) -> None:
    with pytest.raises(DataError):
        imported(content, f"x{ending}", Path("nowhere"))


def test_the_file_of_a_gallery_can_be_copied_and_is_never_half(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "a" / "gallery.db")
    id = gallery.publish(b"png", "gp", Publication("T", "A", ("x", "y")), "o", None)
    gallery.close()
    (tmp_path / "copy.db").write_bytes((tmp_path / "a" / "gallery.db").read_bytes())
    copy = Gallery(tmp_path / "copy.db")
    assert copy.work(id)["tags"] == ["x", "y"] and copy.tags() == ["x", "y"]
    copy.close()
    (tmp_path / "copy.db").write_bytes(b"no database at all, but long enough to be one" * 100)
    with pytest.raises(StoreError, match="cannot be read or written"):
        Gallery(tmp_path / "copy.db").works()


def test_the_gallery_is_written_as_pages_that_need_no_server(owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    publish(owner, name, "<b>Bold</b>", tags=["a&b"])
    coevo = CommandLine(tmp_path / "runs")
    answer = coevo("web", "--export", tmp_path / "pages")
    assert answer.code == 0 and "1 work in" in answer.out, answer.err
    index, work = (tmp_path / "pages" / file for file in ("index.html", "work-1.html"))
    assert "&lt;b&gt;Bold&lt;/b&gt;" in index.read_text() and "<b>" not in index.read_text() + work.read_text()
    assert "<script" not in index.read_text() + work.read_text()
    assert read_origin(tmp_path / "pages" / "work-1.png").artist == "biomorph"
    assert (tmp_path / "pages" / "work-1-family.png").is_file()
    assert "There is no gallery" in coevo.refuses("web", "--export", tmp_path / "x", "--gallery", tmp_path / "none.db")
