"""Sessions on a page: the same commands, history and pictures as in the terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine
from PIL import Image
from starlette.testclient import TestClient
from web_page import Page, begin, give, opened, wait_for

from coevo.images.files import read_origin
from coevo.interactive.session_db import FILE, SessionDB
from coevo.loop import Position
from coevo_web.branches import Branches, Place
from coevo_web.links import Visitor


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with opened(tmp_path / "runs") as page:
        yield page


@pytest.fixture
def owner(page: Page) -> TestClient:
    return page.visitor()


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.size


def test_a_pick_breeds_a_new_sheet_and_undo_shows_the_old_one_again(owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    first = owner.get(f"/api/sessions/{name}").json()
    assert len(first["works"]) == 15 and not first["undo"]

    second = give(owner, name, "pick", places=[3], snapshot=first["snapshot"]).json()
    assert second["generation"] == 1 and second["undo"]
    picked = first["works"][3]["id"]
    assert {tuple(work["parents"]) for work in second["works"] if work["id"] != picked} == {(picked,)}

    again = give(owner, name, "undo").json()
    assert again["works"] == first["works"] and again["redo"]
    assert give(owner, name, "redo").json()["works"] == second["works"]


def test_a_session_goes_on_in_the_terminal_and_here_again(page: Page, owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    seen = give(owner, name, "pick", places=[1]).json()
    give(owner, name, "close")
    wait_for(lambda: page.rooms.get(name).closed and not page.rooms._threads[0].is_alive())

    (tmp_path / "more.picks").write_text("2\nq\n")
    answer = CommandLine(tmp_path / "runs")("resume", name, "--picks", tmp_path / "more.picks")
    assert answer.code == 0, answer.err

    assert begin(owner, run=name) == name
    now = owner.get(f"/api/sessions/{name}").json()
    assert now["generation"] == 2
    assert give(owner, name, "undo").json()["works"] == seen["works"]


def test_pictures_are_named_by_their_content_and_never_change(owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    works = owner.get(f"/api/sessions/{name}").json()["works"]
    answer = owner.get(works[0]["picture"])
    assert "immutable" in answer.headers["cache-control"]
    assert size_of(answer.content) == (256, 256)
    assert owner.get("/pictures/" + "0" * 32 + ".png").status_code == 404


def test_a_saved_picture_carries_its_genome_at_any_size(owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    id = owner.get(f"/api/sessions/{name}").json()["works"][2]["id"]
    answer = owner.get(f"/api/sessions/{name}/file", params={"id": id, "size": 700, "as": "png"})
    assert "attachment" in answer.headers["content-disposition"]
    (tmp_path / "it.png").write_bytes(answer.content)
    assert size_of(answer.content) == (700, 700)
    (genome,) = read_origin(tmp_path / "it.png").works.genomes or ()
    assert genome.id.endswith(id)
    drawn = owner.get(f"/api/sessions/{name}/file", params={"id": id, "as": "svg"})
    assert "<svg" in drawn.text[:200]


def test_the_film_leads_from_the_first_ancestor(owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    for _ in range(3):
        now = give(owner, name, "pick", places=[4]).json()
    last = now["works"][4]["id"]
    line = owner.get(f"/api/sessions/{name}/lineage", params={"id": last}).json()["individuals"]
    film = owner.get(f"/api/sessions/{name}/file", params={"id": last, "as": "gif", "size": 64})
    with Image.open(io.BytesIO(film.content)) as frames:
        assert frames.n_frames == len(line) > 3  # type: ignore[attr-defined] # a film's


def test_the_family_tree_has_parents_and_picks_and_any_ancestor_can_be_branched_from(owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    first = owner.get(f"/api/sessions/{name}").json()
    give(owner, name, "pick", places=[5])
    now = give(owner, name, "pick", places=[6]).json()
    family = owner.get(f"/api/sessions/{name}/lineage", params={"id": now["works"][2]["id"]}).json()["individuals"]
    assert [one["generation"] for one in family][-3:] == [0, 1, 2]
    assert {one["id"] for one in family if one["picked"]} == {first["works"][5]["id"], family[-2]["id"]}
    everyone = owner.get(f"/api/sessions/{name}/lineage", params={"of": "all"}).json()["individuals"]
    assert len(everyone) > 30

    branched = give(owner, name, "branch", id=family[0]["id"]).json()
    assert branched["works"] == first["works"]
    about = owner.get(f"/api/sessions/{name}/individual", params={"id": family[-2]["id"]}).json()
    assert about["genome"] and about["picked"][0][0] == "owner"
    drawn = owner.get(f"/api/sessions/{name}/picture", params={"id": family[-1]["id"], "size": 100})
    assert size_of(drawn.content) == (100, 100)


def test_the_mutation_rate_changes_by_steps_as_in_the_terminal(owner: TestClient) -> None:
    name = begin(owner, recipe="picbreeder")
    before = owner.get(f"/api/sessions/{name}").json()["mutation"]
    after = give(owner, name, "mutate", steps=-2).json()
    assert after["mutation"]["rate"] == pytest.approx(before["rate"] / 1.25**2, rel=0.01)
    assert "mutation rate" in after["note"]


def test_a_command_for_a_sheet_that_is_not_shown_any_more_does_nothing(owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    snapshot = owner.get(f"/api/sessions/{name}").json()["snapshot"]
    assert give(owner, name, "pick", places=[0], snapshot=snapshot).status_code == 200
    late = give(owner, name, "pick", places=[1], snapshot=snapshot)
    assert late.status_code == 409 and "faster" in late.json()["error"]
    assert owner.get(f"/api/sessions/{name}").json()["generation"] == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ({"do": "pick", "places": [99]}, "There is no picture 100"),
        ({"do": "pick", "places": [1, 2]}, "can breed one pick"),
        ({"do": "undo"}, "nothing to undo"),
        ({"do": "branch", "id": "nobody"}, "no individual 'nobody'"),
        ({"do": "dance"}, "do:"),
        ({"do": "pick", "places": [-1]}, "places.0:"),
        ({"do": "advise", "advisor": "../x"}, "There is no advisor named"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_a_sentence(
    owner: TestClient, command: dict[str, object], said: str
) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    answer = owner.post(f"/api/sessions/{name}/commands", json=command)
    assert 400 <= answer.status_code < 500 and said in answer.json()["error"]
    assert owner.get(f"/api/sessions/{name}").json()["generation"] == 0


def test_an_advisor_scores_the_sheet_and_breeds_some_generations_by_itself(owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    scores = give(owner, name, "advise", advisor="aspect-ratio").json()["scores"]
    assert len(scores) == 15 and len(set(scores)) > 1
    now = give(owner, name, "evolve", advisor="aspect-ratio", generations=3).json()
    assert now["generation"] == 3
    with SessionDB(tmp_path / "runs" / name / FILE) as db:
        picks = db.events("pick")
    assert {event.user for event in picks} == {"aspect-ratio"}
    assert picks[0].detail["places"] == [max(range(15), key=lambda place: scores[place])]


# together


def test_all_see_the_marks_of_all_and_a_quorum_of_votes_breeds(page: Page, owner: TestClient, tmp_path: Path) -> None:
    name = begin(owner, recipe="sims")
    room = page.rooms.get(name)
    ada, ben = page.visitor("voter"), page.visitor("voter")
    give(owner, name, "rule", quorum=2)
    assert give(ada, name, "pick", places=[1]).status_code == 409  # a voter votes
    state = give(ada, name, "vote", places=[1, 4]).json()
    assert state["votes"] == 1 and state["generation"] == 0
    assert give(ada, name, "vote", places=[4, 7]).json()["votes"] == 1  # it changed its mind
    assert give(ben, name, "vote", places=[4]).json()["generation"] == 1
    with SessionDB(tmp_path / "runs" / name / FILE) as db:
        assert db.events("pick")[0].detail["places"] == [4]
        assert len(db.events("vote")) == 3
    assert not room.votes.given


def test_time_decides_a_vote(page: Page, owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    give(owner, name, "rule", seconds=1)
    give(page.visitor("voter"), name, "vote", places=[2])
    wait_for(lambda: owner.get(f"/api/sessions/{name}").json()["generation"] == 1)
    assert owner.get(f"/api/sessions/{name}").json()["votes"] == 0


def test_votes_of_a_session_that_was_closed_count_when_it_goes_on(page: Page, owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    give(owner, name, "rule", quorum=2)
    voter = page.visitor("voter")
    give(voter, name, "vote", places=[2])
    give(owner, name, "close")
    wait_for(lambda: not page.rooms._threads[0].is_alive())
    begin(owner, run=name)
    assert owner.get(f"/api/sessions/{name}").json()["votes"] == 1
    assert give(owner, name, "vote", places=[2]).json()["generation"] == 1


def test_a_watcher_looks_and_changes_nothing(page: Page, owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    watcher = page.visitor("watcher")
    assert watcher.get(f"/api/sessions/{name}").json()["works"]
    for do in ("pick", "undo", "mark", "vote", "rule", "close", "mutate", "evolve"):
        assert give(watcher, name, do, advisor="symmetry").status_code == 403, do
    assert watcher.post("/api/sessions", json={"recipe": "sims"}).status_code == 403
    assert page.visitor("voter").post("/api/sessions", json={"recipe": "sims"}).status_code == 403


def test_events_tell_a_page_the_state_and_every_change(page: Page, owner: TestClient) -> None:
    name = begin(owner, recipe="blind-watchmaker")
    room = page.rooms.get(name)
    told: list[tuple[str, int]] = []
    room.channel.publish = lambda kind, data, to=None: told.append((kind, data.get("generation", -1)))  # type: ignore[method-assign]
    give(owner, name, "pick", places=[0])
    assert ("state", 1) in told
    kind, data = room.first_event().decode().removesuffix("\n\n").split("\ndata: ")
    assert kind == "event: state" and json.loads(data) == room.state


def test_works_of_a_trained_decoder_are_bred_too(page: Page, owner: TestClient, tmp_path: Path) -> None:
    CommandLine(tmp_path / "runs").play("small", "--rounds", 2)
    room = page.rooms.start(None, {"artist": {"name": "dcgan"}, "critic": {"name": "human"}, "run": {"start": "small"}})
    wait_for(lambda: "works" in room.state)
    now = give(owner, room.name, "pick", places=[0, 1]).json()
    assert now["generation"] == 1 and now["works"][0]["picture"]


def test_what_cannot_be_opened_is_refused(owner: TestClient, tmp_path: Path) -> None:
    CommandLine(tmp_path / "runs").play("small", "--rounds", 1)
    for body, said in (
        ({"run": "small"}, "is no session"),
        ({"run": "../runs/small"}, "There is no run named"),
        ({"recipe": "dcgan"}, "no person breeds"),
        ({"artist": "./evil.py:Evil"}, "There is no artist"),
        ({"artist": "dcgan", "run": "small"}, "Say one of"),
        ({}, "Say one of"),
    ):
        answer = owner.post("/api/sessions", json=body)
        assert 400 <= answer.status_code < 500 and said in answer.json()["error"], (body, answer.text)


# each their own branch of one session


def enters(page: Page, session: str, client: TestClient, name: str) -> str:
    """A person opens the page; its id."""
    me = client.get("/api/start").json()["you"]
    page.rooms.get(session).enter(Visitor(me["id"], me["role"]), name)
    return str(me["id"])


def state(client: TestClient, session: str) -> Any:
    return client.get(f"/api/sessions/{session}").json()


def ids(state: Any) -> list[str]:
    return [work["id"] for work in state["works"]]


def test_each_person_breeds_a_branch_of_their_own(page: Page, owner: TestClient) -> None:
    name, ben = begin(owner, recipe="blind-watchmaker"), page.visitor("voter")
    enters(page, name, owner, "Ada")
    enters(page, name, ben, "Ben")
    first = give(owner, name, "rule", own=True).json()
    adas = give(owner, name, "pick", places=[1]).json()
    assert state(ben, name)["works"] == first["works"]  # he still stands where he was
    bens = give(ben, name, "pick", places=[5]).json()
    picked = first["works"][5]["id"]
    assert {tuple(work["parents"]) for work in bens["works"] if work["id"] != picked} == {(picked,)}
    assert ids(state(owner, name)) == ids(adas) and ids(state(ben, name)) == ids(bens)

    assert ids(give(ben, name, "undo").json()) == ids(first) and state(ben, name)["redo"]
    assert ids(state(owner, name)) == ids(adas)  # an undo is one's own
    assert ids(give(ben, name, "redo").json()) == ids(bens)
    stale = give(ben, name, "pick", places=[0], snapshot=first["snapshot"])
    assert stale.status_code == 409
    again = give(owner, name, "pick", places=[2], snapshot=adas["snapshot"]).json()
    assert again["generation"] == 2 and adas["works"][2]["id"] in ids(again)
    assert {one["name"]: one["generation"] for one in again["people"]} == {"Ada": 2, "Ben": 1}


def test_a_copy_from_anothers_sheet_joins_two_branches(page: Page, owner: TestClient) -> None:
    name, ben = begin(owner, artist="cppn"), page.visitor("voter")
    enters(page, name, owner, "Ada")
    his = enters(page, name, ben, "Ben")
    give(owner, name, "rule", own=True)
    give(owner, name, "pick", places=[1])
    give(ben, name, "pick", places=[5])
    theirs = owner.get(f"/api/sessions/{name}/sheet", params={"of": his}).json()["works"][3]["id"]
    taken = give(owner, name, "take", id=theirs).json()
    place, copy = next((n, one) for n, one in enumerate(taken["works"]) if one["parents"] == [theirs])
    both = give(owner, name, "pick", places=[0, place]).json()
    assert {parent for one in both["works"] for parent in one["parents"]} >= {taken["works"][0]["id"], copy["id"]}
    family = owner.get(f"/api/sessions/{name}/lineage", params={"of": "picked"}).json()["individuals"]
    assert {tuple(one["by"]) for one in family} >= {("Ada",), ("Ben",)}


def test_branches_of_a_session_that_was_closed_go_on_where_they_were(page: Page, owner: TestClient) -> None:
    name, ben = begin(owner, recipe="blind-watchmaker"), page.visitor("voter")
    enters(page, name, owner, "Ada")
    enters(page, name, ben, "Ben")
    give(owner, name, "rule", own=True)
    give(owner, name, "pick", places=[1])
    bens = give(ben, name, "pick", places=[5]).json()
    give(owner, name, "pick", places=[4])
    adas = give(owner, name, "undo").json()
    give(owner, name, "close")
    wait_for(lambda: not page.rooms._threads[0].is_alive())
    begin(owner, run=name)
    enters(page, name, owner, "Ada")
    enters(page, name, ben, "Ben")
    wait_for(lambda: len(state(owner, name)["people"]) == 2)
    now = state(owner, name)
    assert ids(now) == ids(adas) and now["redo"] and ids(state(ben, name)) == ids(bens)
    give(owner, name, "rule")
    assert ids(state(ben, name)) == ids(state(owner, name))  # one sheet for all again


def test_a_kill_before_the_new_sheet_was_shown_loses_no_step_of_a_branch(tmp_path: Path) -> None:
    """What was recorded before the players began to breed says whose branch the newest sheet is."""
    db, position = SessionDB(tmp_path / "s.db", "create"), Position()
    for parent in (None, 1):
        db.add_snapshot(parent, position, {"artist": {}, "critic": {}, "studio": {}}, 0, {})
    branches = Branches(db)
    branches.moves("ada", "Ada", Place(1))
    branches.begins("ada", "Ada")
    db.add_snapshot(1, position, {"artist": {}, "critic": {}, "studio": {}}, 0, {})
    assert Branches(db).place("ada") == Place(3)
    assert Branches(db).place("ada") == Place(3)  # and once only
    db.close()
