"""--from: where a run starts that does not start anew, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from conftest import CommandLine

from coevo.plugin.registry import registry
from coevo.runs.config import read_toml, resolve
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder
from coevo.storage.state_tools import equal_states

EVOLVED = ("run", "gp-dcnn", "--size", 16, "--batch", 8, "--rounds", 2, "-o", "artist.islands=1")


@pytest.fixture
def command(coevo_command: CommandLine) -> CommandLine:
    coevo_command.play("trained", "--rounds", 2)
    return coevo_command


def test_options_that_networks_need_are_taken_over_and_said(command: CommandLine) -> None:
    answer = command("run", "dcgan", "--from", "trained", "--name", "next", "--rounds", 1)
    assert answer.code == 0, answer.err
    taken = "--size 16 --batch 8 -o artist.latent=8 -o artist.width=4 -o critic.width=4"
    assert f"Taken over from run 'trained': {taken}." in answer.err


def test_options_of_ones_own_that_do_not_fit_the_networks_are_refused(command: CommandLine) -> None:
    *_, said = command.refuses("run", "dcgan", "--from", "trained", "-o", "artist.width=8").splitlines()
    assert "have other shapes in run 'trained'" in said and "-o artist.width=4" in said and "state_dict" not in said
    assert "critic.width" not in said and "seed" not in said


def test_a_society_and_a_pair_do_not_start_from_each_other(command: CommandLine) -> None:
    assert command(*EVOLVED, "--name", "pair").code == 0
    said = command.refuses(*EVOLVED, "--agents", 2, "--from", "pair")
    assert "'pair' is one pair; leave out --agents" in said
    assert command(*EVOLVED, "--name", "society", "--agents", 2).code == 0
    assert "'society' is a society of 2 agents; say --agents 2" in command.refuses(*EVOLVED, "--from", "society")


def test_a_population_starts_from_another_one_with_ids_of_its_own(command: CommandLine) -> None:
    assert command(*EVOLVED, "--name", "first").code == 0
    tree = read_toml(command.runs / "first" / "config.toml")
    config = resolve(tree, registry()).changed(start="first", seed=3)
    with Run.create(config, command.runs, "second") as run:
        population = run.artist.make(8, None).individuals
        assert len({one.id for one in population}) == len(population)
        assert all(one.id.isdecimal() for one in population)
        immigrants = [one for one in population if one.parents[0].startswith("first/")]
        own = {one.id for one in population}
        assert immigrants and all(set(one.parents) <= own for one in population if one not in immigrants)
        assert run.config.run.seed == run.studio.seed == 3
        turns = run.turns()
        next(turns)
        turns.close()


def test_a_run_that_lost_its_checkpoints_or_its_session_is_refused(command: CommandLine) -> None:
    checkpoints = command.runs / "trained" / "checkpoints"
    checkpoints.rename(command.runs / "elsewhere")
    assert "has lost its folder of checkpoints" in command.refuses("resume", "trained", "--rounds", 4)
    picks = command.runs / "one.picks"
    picks.write_text("3\nq\n")
    assert command("run", "blind-watchmaker", "--size", 32, "--name", "bred", "--picks", picks).code == 0
    (command.runs / "bred" / "session.db").unlink()
    assert "was bred by picks, and its database" in command.refuses("resume", "bred", "--picks", picks)


def test_a_run_whose_checkpoints_are_gone_is_refused_and_nothing_is_rewritten(command: CommandLine) -> None:
    folder = command.play("emptied", "--rounds", 2, "-o", "run.log_every=1")
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoints").mkdir()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for words in (("resume", "emptied"), ("sample", "emptied", "-o", command.runs / "x.png")):
        said = command.refuses(*words)
        assert "'emptied' was played, and all its checkpoints are gone" in said
        assert f"Start it anew with: coevo run --config {folder / 'config.toml'}" in said
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert command("run", "--config", folder / "config.toml", "--name", "anew", "--rounds", 1).code == 0


def test_a_run_killed_before_its_first_turn_starts_again_from_the_same_run(command: CommandLine) -> None:
    folder = command.play("again", "--from", "trained", "--rounds", 2)
    expected = RunFolder(folder).load()[0].state["artist"]
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoints").mkdir()
    (folder / "timing.jsonl").unlink()
    assert command("resume", "again", "--rounds", 2).code == 0
    assert equal_states(RunFolder(folder).load()[0].state["artist"], expected)


def test_codes_of_a_trained_artist_are_bred_to_the_same_sheets_after_a_pause(command: CommandLine) -> None:
    """The first codes are chosen by what the trained networks draw, not by what they drew before they were read."""
    for picks in (3, 2, 1):
        (command.runs / f"{picks}.picks").write_text("1\n" * picks)

    def play(*words: object, picks: int) -> None:
        answer = command(*words, "--picks", command.runs / f"{picks}.picks")
        assert answer.code == 0, answer.err

    breed = ("run", "--artist", "dcgan", "--critic", "human", "--from", "trained", "--name")
    play(*breed, "whole", picks=3)
    play(*breed, "twice", picks=2)
    play("resume", "twice", picks=1)
    sheets = []
    for name in ("whole", "twice"):
        with closing(sqlite3.connect(command.runs / name / "session.db")) as database:
            sheets.append(database.execute("SELECT number, genome FROM individuals ORDER BY number").fetchall())
    assert sheets[0] == sheets[1]


def test_an_artist_that_has_learnt_nothing_is_not_drawn_from(command: CommandLine) -> None:
    folder = command.play("young", "--rounds", 1)
    store = RunFolder(folder)
    assert store.names() == ["00000000", "00000001"]
    for path in (folder / "checkpoints").glob("00000001.*"):
        path.unlink()
    for words in (("sample", "young", "-o", "x.png"), ("interpolate", "young")):
        assert "has learnt nothing yet; play it with: coevo resume young" in command.refuses(*words)
    for path in [*(folder / "checkpoints").iterdir(), folder / "timing.jsonl"]:  # as if the disk had been full at once
        path.unlink()
    assert "has learnt nothing yet; play it with: coevo resume young" in command.refuses(
        "sample", "young", "-o", "x.png"
    )


def test_of_a_run_that_was_killed_rounds_played_and_rounds_saved_are_said(command: CommandLine) -> None:
    folder = command.play("killed", "--rounds", 6, "-o", "run.save_every=4", "-o", "run.log_every=1")
    for path in (folder / "checkpoints").glob("00000006.*"):
        path.unlink()
    row = next(row for row in json.loads(command("runs", "--json").out) if row["run"] == "killed")
    assert (row["rounds"], row["unsaved"]) == (6, "saved at round 4")
    assert "6, saved at round 4" in command("runs").out
    assert re.search(r"killed, 6 rounds in 0:0\d, saved at round 4", command("show", "killed", "--plain").out)
    answer = command("resume", "killed", "--rounds", 7)
    assert "It was killed in round 6, and saved last at round 4: it goes on from there." in answer.err


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_starts_is_there_whole_or_not_at_all(command: CommandLine) -> None:
    for wait in (0.9, 1.4, 1.7, 2.0):
        name = f"killed-{wait}"
        words = [sys.executable, "-m", "coevo", "run", "dcgan", "--name", name, "--size", "16", "--rounds", "2"]
        process = subprocess.Popen([*words, "--runs-dir", str(command.runs)], stdout=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.communicate()
        if (command.runs / name).exists():
            assert command("resume", name, "--rounds", 3).code == 0
        else:
            assert command.play(name, "--rounds", 2)
    assert "starting" not in command("runs").out


def test_damage_is_said_where_only_the_first_checkpoint_is_whole(command: CommandLine) -> None:
    newest = command.runs / "trained" / "checkpoints" / "00000002.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    for words in (("sample", "trained", "-o", command.runs / "x.png"), ("interpolate", "trained")):
        said = command.refuses(*words)
        assert f"{newest} is damaged" in said and "learnt nothing" not in said
        assert "Of run 'trained' only round 0 is whole; start again from there with: coevo resume trained" in said


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(command: CommandLine) -> None:
    folder = command.play("saved", "--rounds", 4, "-o", "run.save_every=2")
    newest = folder / "checkpoints" / "00000004.json"
    newest.write_bytes(newest.read_bytes()[:-1])
    for words in (("sample", "saved", "-n", 4), ("interpolate", "saved", "--rows", 2)):
        answer = command(*words, "-o", command.runs / "x.png")
        assert answer.code == 0
        assert answer.err.count("00000004.json") == 1 and "Round 2 is used instead." in answer.err


def test_a_population_that_cannot_use_the_works_of_a_run_names_both(command: CommandLine) -> None:
    said = command.refuses("run", "blind-watchmaker", "--from", "trained", "--ui", "plain")
    assert "Artist 'biomorph' cannot start from run 'trained' of artist 'dcgan': these works have no genomes" in said


def test_a_run_that_another_one_taught_is_not_called_short(command: CommandLine) -> None:
    assert "are few" in command("resume", "trained", "--rounds", 3).out
    assert "few" not in command("run", "dcgan", "--from", "trained", "--rounds", 3).out
