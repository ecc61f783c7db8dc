"""Breeding by picks: plain lines and scripts, pictures that carry their genome, sessions that are killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from conftest import SMALL, Answer, CommandLine
from PIL import Image

from coevo import Metrics, Works
from coevo.images.files import read_origin
from coevo.images.rendering import render
from coevo.interactive.commands import Command, Pick, Quit
from coevo.interactive.script import export_script
from coevo.interactive.session_db import FILE, SessionDB
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI
from coevo.plugin.registry import registry
from coevo.runs.effects import unmet
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line with a small trained dcgan, named `base`, to breed from."""
    command = CommandLine(tmp_path_factory.mktemp("trained") / "runs")
    command.play("base", "--rounds", 3)
    return command


@pytest.fixture
def coevo_command(trained: CommandLine, tmp_path: Path) -> CommandLine:
    shutil.copytree(trained.runs / "base", tmp_path / "runs" / "base")
    return CommandLine(tmp_path / "runs")


def breed(coevo_command: CommandLine, name: str, script: str, *words: object) -> Answer:
    """A session of dcgan × human that follows a script."""
    path = coevo_command.runs / f"{name}.picks"
    path.write_text(script)
    return coevo_command("run", *DCGAN, "--name", name, "--picks", path, *words)


DCGAN = ("--artist", "dcgan", "--critic", "human", "--from", "base", *SMALL[:2], *SMALL[4:6], *SMALL[8:])


def session_db(coevo_command: CommandLine, name: str) -> SessionDB:
    return SessionDB(coevo_command.runs / name / FILE)


def individuals(coevo_command: CommandLine, name: str) -> list[tuple[str, tuple[str, ...], str]]:
    return [(one.id, one.parents, one.genome) for one in session_db(coevo_command, name).individuals().values()]


# a session


def test_the_picked_have_offspring_and_an_undo_takes_them_back(coevo_command: CommandLine) -> None:
    answer = breed(coevo_command, "a", "3 7\nu\n1\nq")
    assert answer.code == 0 and "generation 1" in answer.out
    db = session_db(coevo_command, "a")
    assert [db.parent(snapshot) for snapshot in (1, 2, 3)] == [None, 1, 1]
    assert db.sheet(2)[:2] == ["3", "7"] and db.sheet(3)[0] == "1"
    assert {parent for one in db.individuals(*db.sheet(3)).values() for parent in one.parents} == {"1"}
    assert len(db.sheet(1)) == 15


def test_a_replay_gives_the_very_same_pictures(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "3 7\nu\n3 7\n+\n2\nu\nu\nr\n15 1\nb 4\n.\nq")
    coevo_command("export", "a", "-o", coevo_command.runs / "a.script")
    again = breed(coevo_command, "b", (coevo_command.runs / "a.script").read_text())
    assert again.code == 0, again.err
    assert individuals(coevo_command, "a") == individuals(coevo_command, "b")
    sheets = [sorted((coevo_command.runs / name / "sheets").glob("*.png"))[-1] for name in "ab"]
    assert Image.open(sheets[0]).tobytes() == Image.open(sheets[1]).tobytes()


def test_breeding_after_an_undo_gives_new_offspring_with_new_ids(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "3\nu\n3\nq")
    db = session_db(coevo_command, "a")
    first, second = db.sheet(2)[1:], db.sheet(3)[1:]
    assert set(first).isdisjoint(second)
    genomes = db.individuals()
    assert {genomes[id].genome for id in first}.isdisjoint(genomes[id].genome for id in second)


def test_no_pick_rolls_again(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", ".\nq")
    db = session_db(coevo_command, "a")
    assert set(db.sheet(1)).isdisjoint(db.sheet(2))
    assert all(one.parents == () for one in db.individuals().values())


def test_resumed_it_stands_at_its_last_sheet_with_its_mutation_and_its_undo(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "3\n++\n5\nu\nq")
    run = Run.resume(RunFolder.open("a", coevo_command.runs))
    try:
        assert run.round == 1
        assert run.artist.options.mutation == pytest.approx(0.3 * 1.25**2, abs=1e-3)
        assert [genome.id for genome in run.artist.make(0, None).genomes] == run.session.db.sheet(2)
        assert run.session.can_undo and run.session.can_redo
    finally:
        run.close()
    (coevo_command.runs / "more").write_text("r\n1\n")
    answer = coevo_command("resume", "a", "--picks", coevo_command.runs / "more")
    assert answer.code == 0 and "generation 3" in answer.out


def test_rounds_end_a_session(coevo_command: CommandLine) -> None:
    assert breed(coevo_command, "a", "1\n2\n3\n4", "--rounds", 2).code == 0
    db = session_db(coevo_command, "a")
    assert len(db.events("pick")) == 2 and db.head.snapshot == 3


def test_the_run_that_was_bred_from_may_go(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "1\nq")
    shutil.rmtree(coevo_command.runs / "base")
    (coevo_command.runs / "more").write_text("2\n")
    assert coevo_command("resume", "a", "--picks", coevo_command.runs / "more").code == 0


def test_a_bred_run_can_be_bred_further_in_another(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "1\nq")
    words = ["a" if word == "base" else word for word in DCGAN]
    (coevo_command.runs / "one").write_text("1\n")
    assert coevo_command("run", *words, "--name", "b", "--picks", coevo_command.runs / "one").code == 0
    assert session_db(coevo_command, "b").individual("16").parents == ("a/1",)


def test_breeding_takes_its_own_options(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "1\nq", "-o", "latent_population.mutation=0.9", "--batch", 6)
    assert len(session_db(coevo_command, "a").sheet(1)) == 6
    assert "mutation = 0.9" in (coevo_command.runs / "a" / "config.toml").read_text()
    assert "latent_population.mutation" in coevo_command.refuses(
        "run", *DCGAN, "--picks", "x", "-o", "latent_population.mutation=7"
    )


# saved pictures


def test_a_saved_picture_carries_its_genome_and_can_be_gone_on_from(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", f"3\ns 2 64\ns 1 40 {coevo_command.runs / 'mine.png'}\nq")
    saved = coevo_command.runs / "a" / "saved" / "16.png"
    with Image.open(saved) as picture:
        assert picture.size == (64, 64)
        about = json.loads(picture.info["coevo"])
        assert picture.info["Software"].startswith("coevo ")
    assert about["artist"] == "dcgan" and about["parents"] == ["3"] and about["run"] == "a" and about["version"]
    with Image.open(coevo_command.runs / "mine.png") as picture:
        assert picture.size == (40, 40)
    words = [str(saved) if word == "base" else word for word in DCGAN]
    (coevo_command.runs / "one").write_text("q\n")
    answer = coevo_command("run", *words, "--name", "b", "--picks", coevo_command.runs / "one")
    assert answer.code == 0, answer.err
    heir = session_db(coevo_command, "b").individual(session_db(coevo_command, "b").sheet(1)[0])
    assert heir.parents == ("a/16",)
    assert heir.genome == session_db(coevo_command, "a").individual("16").genome


def test_the_same_picture_is_drawn_from_its_genome(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "3\ns 2 16\nq")
    origin = read_origin(coevo_command.runs / "a" / "saved" / "16.png")
    run = Run.resume(RunFolder.open("a", coevo_command.runs), lock=False)
    images = run.artist.make(0, None).images[1:2]
    assert torch.allclose(render(run.artist, origin.works, 16), images, atol=1e-6)
    run.close()


def test_pictures_without_a_genome_or_with_a_foreign_one_are_refused(coevo_command: CommandLine) -> None:
    plain = coevo_command.runs / "plain.png"
    Image.new("L", (8, 8)).save(plain)
    words = ["--artist", "dcgan", "--critic", "human", "--picks", "x", "--from"]
    (coevo_command.runs / "x").write_text("q")
    words[5] = str(coevo_command.runs / "x")
    assert "carries no genome" in coevo_command.refuses("run", *words, plain)
    text = coevo_command.runs / "text.png"
    text.write_text("no picture")
    assert "cannot be read as a picture" in coevo_command.refuses("run", *words, text)
    foreign = coevo_command.runs / "foreign.png"
    from coevo.images.png import save_png

    about = {"artist": "muse", "id": "1", "parents": [], "genome": "x"}
    save_png(foreign, Image.new("L", (8, 8)), about)
    said = coevo_command.refuses("run", *words, foreign)
    assert "shows a work of artist 'muse'" in said and len(said.splitlines()) == 1
    save_png(foreign, Image.new("L", (8, 8)), about | {"artist": "dcgan", "run": "gone"})
    assert "no run named 'gone'" in coevo_command.refuses("run", *words, foreign)
    assert not (coevo_command.runs / "dcgan-human-digits-1").exists()


# plain lines


def talk(coevo_command: CommandLine, lines: str, name: str = "a", of: Sequence[object] | None = None) -> Answer:
    from click.testing import CliRunner

    from coevo.cli import main

    words = ["run", *(of or DCGAN), "--name", name, "--plain"]
    result = CliRunner().invoke(main, [str(w) for w in words], input=lines, env={"COEVO_RUNS": str(coevo_command.runs)})
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def test_plain_lines_show_a_numbered_sheet_and_take_typed_picks(coevo_command: CommandLine) -> None:
    answer = talk(coevo_command, "3 7\nl 4\nz 2\nh\nq\n")
    assert answer.code == 0, answer.err
    assert "a · dcgan × human · generation 1 · mutation 0.3" in answer.out
    assert "[15]" in answer.out and "sheet.png" in answer.out and "3: breed" not in answer.out.split("\n")[0]
    assert "picked by human" in answer.out
    with Image.open(coevo_command.runs / "a" / "sheet.png") as sheet:
        assert sheet.width > 100


def test_wrong_picks_are_said_in_place_and_asked_again(coevo_command: CommandLine) -> None:
    answer = talk(coevo_command, "99\n0\nthree\n2 2\n1.5\nr\nu\ns 3 9\ns 3 x.gif\nb 77\n3\n")
    for said in (
        "There is no picture 99; there are 1 to 15.",
        "There is no picture 0;",
        "'three' is not a command.",
        "One picture is picked twice.",
        "'1.5' is not a number.",
        "nothing to redo",
        "nothing to undo",
        "16 to 8192 px, not 9",
        "no individual '77'",
    ):
        assert said in answer.out
    assert answer.code == 0 and "generation 1" in answer.out


def test_the_mutation_rate_stays_within_the_bounds_of_its_option(coevo_command: CommandLine) -> None:
    answer = talk(coevo_command, "+\n++++++++\n+\n-\nq\n")  # of latent codes: 0.3, at most 1
    for said in (
        "The mutation rate is 0.375 from the next sheet on.",
        "The mutation rate is 1 from the next sheet on, the highest possible.",
        "The mutation rate is 1 already, the highest possible.",
        "The mutation rate is 0.8 from the next sheet on.",
    ):
        assert said in answer.out


@pytest.mark.parametrize(
    ("artist", "options", "line", "said"),
    [
        ("gp", (), "+", "The mutation rate is 1.25 from the next sheet on."),
        ("gp", ("-o", "artist.mutation=0"), "-", "The mutation rate is 0 already, the lowest possible."),
        ("biomorph", ("-o", "artist.mutation=0.9"), "+", "The mutation rate is 1 from the next sheet on, the highest"),
    ],
)
def test_every_artist_has_bounds_of_its_own(
    tmp_path: Path, artist: str, options: tuple[str, ...], line: str, said: str
) -> None:
    words = ("--artist", artist, "--critic", "human", "--size", 32, *options)
    assert said in talk(CommandLine(tmp_path), f"{line}\nq\n", of=words).out


def test_an_artist_says_how_many_picks_it_can_breed(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1 2\n")
    words = ("run", "--artist", "biomorph", "--critic", "human", "--size", 32, "--picks", tmp_path / "x")
    assert "Artist 'biomorph' can breed one pick at a time, not 2." in CommandLine(tmp_path / "runs")(*words).err


def test_two_branches_have_common_offspring_after_a_copy_was_taken(tmp_path: Path) -> None:
    """Picture 16 is bred in the first branch; its copy stands last on a sheet of the second, and undo removes it."""
    coevo, commands = CommandLine(tmp_path / "runs"), "3\nu\n5\nt 16\nu\nr\n1 15\nq\n"
    (tmp_path / "x").write_text(commands)
    words = ("run", "--artist", "cppn", "--critic", "human", "--size", 16, "--batch", 15, "--picks", tmp_path / "x")
    answer = coevo(*words, "--name", "a")
    assert answer.code == 0, answer.err
    db = session_db(coevo, "a")
    before, after = db.sheet(3), db.sheet(4)
    (copy,) = set(after) - set(before)
    assert after[:14] == before[:14] and db.individual(copy).parents == ("16",)
    assert db.individual(copy).genome == db.individual("16").genome
    offspring = [db.individual(id) for id in db.sheet(5) if id not in after]
    assert {parent for one in offspring for parent in one.parents} == {after[0], copy}
    assert "\n".join(export_script(db)) == commands.strip()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("t nobody", "There is no individual 'nobody' in this session."),
        (f"t {' '.join(map(str, range(1, 16)))}", "A sheet of 15 has room for 1 to 14 others, not 15."),
    ],
)
def test_a_copy_of_what_there_is_not_or_of_too_many_is_refused(tmp_path: Path, line: str, said: str) -> None:
    words = ("--artist", "biomorph", "--critic", "human", "--size", 16, "--batch", 15)
    assert said in talk(CommandLine(tmp_path), f"{line}\nq\n", of=words).out


def test_the_end_of_the_input_keeps_everything(coevo_command: CommandLine) -> None:
    answer = talk(coevo_command, "3\n5\n")
    assert answer.code == 0 and "Kept everything, at generation 2" in answer.out
    assert len(session_db(coevo_command, "a").events("pick")) == 2


def test_ctrl_c_while_the_players_are_at_work_keeps_everything(
    coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coevo.evolution.latent_population import LatentPopulation

    breed = LatentPopulation.breed

    def interrupted(self: LatentPopulation, works: Works, picked: Sequence[int]) -> Metrics:
        if len(session_db(coevo_command, "a").events("pick")) == 2:
            raise KeyboardInterrupt
        return breed(self, works, picked)

    monkeypatch.setattr(LatentPopulation, "breed", interrupted)
    answer = talk(coevo_command, "1\n2\n3\n")
    assert answer.code == 130 and "Kept everything" in answer.out and "coevo resume a" in answer.out
    monkeypatch.undo()
    assert coevo_command("resume", "a", "--plain").code == 0
    assert session_db(coevo_command, "a").pending("pick") == []


def test_without_a_terminal_it_says_what_else_there_is(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("run", *DCGAN)
    assert "no terminal" in said and "--plain" in said and "--picks" in said and len(said.splitlines()) == 1
    assert sorted(path.name for path in coevo_command.runs.iterdir()) == ["base"]


def test_a_run_without_picks_has_no_lineage(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("lineage", "base")
    assert "Run 'base' has no lineage: only runs with a critic that picks record one." in said


def test_a_script_is_for_a_person(coevo_command: CommandLine) -> None:
    (coevo_command.runs / "x").write_text("1")
    assert "need an interactive critic" in coevo_command.refuses("run", "dcgan", "--picks", coevo_command.runs / "x")
    said = coevo_command.refuses("run", *DCGAN, "--picks", "nowhere")
    assert "Cannot read the picks in nowhere: no such file or directory." in said
    (coevo_command.runs / "x").write_bytes(b"\xff")
    assert "it is not text in UTF-8." in coevo_command.refuses("run", *DCGAN, "--picks", coevo_command.runs / "x")


def test_a_script_that_cannot_be_followed_ends_with_its_line(coevo_command: CommandLine) -> None:
    answer = breed(coevo_command, "a", "1\n\n99\n")
    assert answer.code == 2 and "line 3: There is no picture 99" in answer.err
    assert len(session_db(coevo_command, "a").events("pick")) == 1


def test_a_damaged_session_is_not_bred_further_but_can_be_looked_at(coevo_command: CommandLine) -> None:
    breed(coevo_command, "a", "\n".join(["1"] * 12))
    path = coevo_command.runs / "a" / FILE
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    (coevo_command.runs / "x").write_text("1")
    said = coevo_command.refuses("resume", "a", "--picks", coevo_command.runs / "x")
    assert "damaged" in said and "not written to any more" in said
    answer = coevo_command("lineage", "a")
    assert answer.code == 0 and "can be read" in answer.err and "generation" in answer.out
    picture = coevo_command.runs / "x.png"
    assert coevo_command("export", "a", "1", "-o", picture).code == 0 and picture.exists()
    assert path.read_bytes() == content


# pairs


SMALL_NETWORKS = {"width": 4, "latent": 8, "hidden": [16]}
OTHER_HIDDEN = {"nca": 16, "rbm": 16, "bm": 16}  # a number of units, not a list of layers
WITHOUT_CODES = {"rbm", "bm", "dbn", "ppgn", "pix2pix", "cyclegan", "unit", "spade"}  # there is nothing to breed
OWN_OPTIONS = {"aae-labelled-prior": ("-o", "artist.latent=2")}
WHILE_TRAINED = {"aae-semi-supervised": ("-o", "data.labelled=100")}


@pytest.mark.slow
@pytest.mark.parametrize("artist", sorted(registry().offers("artist").keys() - WITHOUT_CODES))
def test_every_artist_breeds_with_a_person_once_it_is_trained(artist: str, coevo_command: CommandLine) -> None:
    script = coevo_command.runs / "five"
    script.write_text("1\n2\n.\nu\n1\n3\n2\nq")
    kind = registry().load("artist", artist).Options
    known = [key for key in SMALL_NETWORKS.keys() & kind.model_fields if not unmet(kind(), key)]
    sizes = SMALL_NETWORKS | ({"hidden": OTHER_HIDDEN[artist]} if artist in OTHER_HIDDEN else {})
    small = [word for key in sorted(known) for word in ("-o", f"artist.{key}={sizes[key]}")]
    options = ("--artist", artist, "--size", 16, *small, *OWN_OPTIONS.get(artist, ()))
    words = ("run", *options, "--critic", "human", "--name", "bred", "--picks", script)
    answer = coevo_command(*words)
    if answer.code:
        assert answer.code == 2 and artist in answer.err and len(answer.err.splitlines()) == 1
        assert "--from" in answer.err
        while_trained = ("--critic", "dcnn", "--name", "trained", "--rounds", 2, *WHILE_TRAINED.get(artist, ()))
        trained = coevo_command("run", *options, *while_trained)
        assert trained.code == 0, trained.err
        answer = coevo_command(*words, "--from", "trained")
    assert answer.code == 0, answer.err
    assert len(session_db(coevo_command, "bred").events("pick")) == 6


class Eager(UI):
    """Picks the first, three times."""

    def ask(self, sheet: Sheet) -> Command:
        return Pick((0,)) if sheet.generation < 3 else Quit()


def test_a_ui_of_ones_own_is_one_method(tmp_path: Path) -> None:
    import coevo

    run = coevo.run(artist="biomorph", critic="human", runs_dir=tmp_path, name="mine", ui=Eager())
    assert run.round == 3
    assert len(SessionDB(tmp_path / "mine" / FILE).events("pick")) == 3


# kill -9


def spawn(runs: Path, *words: object) -> subprocess.Popen[str]:
    """coevo in a process of its own, lines in and out."""
    return subprocess.Popen(
        [sys.executable, "-c", "from coevo.cli import main; main()", *map(str, words), "--plain"],
        env={**os.environ, "COEVO_RUNS": str(runs), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=0,
    )


def wait_for(process: subprocess.Popen[str], prompts: int) -> None:
    """Read until this number of prompts has come."""
    heard = ""
    while heard.count("h for help> ") < prompts:
        more = process.stdout.read(1)
        assert more, heard
        heard += more


@pytest.mark.slow
@pytest.mark.timeout(900)  # twenty starts of the whole program, on a machine of any speed
def test_kill_9_at_twenty_random_moments_loses_no_pick_no_save_and_no_undo(coevo_command: CommandLine) -> None:
    rng = random.Random(20261121)
    said: list[str] = []  # everything the session had answered to before it was killed
    process = spawn(coevo_command.runs, "run", *DCGAN, "--name", "k", "-o", "run.device=cpu")
    wait_for(process, 1)
    for kill in range(20):
        for _ in range(rng.randint(0, 2)):
            line = rng.choice(["1", "2 3", ".", "u", "+", "s 1 32", "r", "4"])
            process.stdin.write(line + "\n")
            wait_for(process, 1)
            said.append(line)
        last = rng.choice(["1", "3", "u", "s 2 48"])
        process.stdin.write(last + "\n")
        time.sleep(rng.uniform(0, 0.03))  # anywhere between the pick, its children and the next sheet
        process.send_signal(signal.SIGKILL)
        process.communicate()
        db = session_db(coevo_command, "k")
        kinds = [event.kind for event in db.events()]
        assert kinds.count("pick") >= sum(line[0] in ".1234" for line in said)
        assert kinds.count("save") >= sum(line[0] == "s" for line in said), kill
        db.close()
        process = spawn(coevo_command.runs, "resume", "k")
        wait_for(process, 1)
        db = session_db(coevo_command, "k")
        assert not db.pending("pick") and not db.pending("save")
        for event in db.events("save"):
            assert Path(event.detail["path"]).is_file()
        said = list(as_lines(db))
        db.close()
    process.stdin.write("q\n")
    process.communicate()
    # the whole of it is what one session without any kill would have bred
    coevo_command("export", "k", "-o", coevo_command.runs / "k.script")
    whole = breed(coevo_command, "whole", (coevo_command.runs / "k.script").read_text())
    assert whole.code == 0, whole.err
    assert individuals(coevo_command, "k") == individuals(coevo_command, "whole")
    assert session_db(coevo_command, "k").head == session_db(coevo_command, "whole").head


def as_lines(db: SessionDB) -> list[str]:
    """What has been done, a line an event."""
    line_of = {"pick": "1", "undo": "u", "redo": "r", "tune": "+", "save": "s"}
    return [line_of[event.kind] for event in db.events()]
