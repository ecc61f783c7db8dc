"""Programs as source: a file of Python draws the same picture, and a formula can be read."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CommandLine
from PIL import Image

from coevo.images.sheets import to_bytes
from coevo.plugin.registry import registry
from coevo.shader import Canvas, render
from coevo.shader import instructions as its
from coevo.shader.source import FORMULA, NUMPY, formula, python
from coevo.studio import Studio


def drawn_by(source: str, folder: Path, size: int) -> np.ndarray:
    """What a file of Python draws, uint8 [size, size, channels]."""
    (folder / "it.py").write_text(source)
    pixels: np.ndarray = runpy.run_path(str(folder / "it.py"))["draw"](size)
    return pixels


@pytest.mark.parametrize(("name", "channels"), [("gp", 1), ("gp", 3), ("cppn", 1), ("cppn", 3)])
def test_python_draws_what_the_artist_draws(name: str, channels: int, tmp_path: Path) -> None:
    player = registry().load("artist", name)
    artist = player(player.Options(), Studio((channels, 48, 48), batch=16, seed=3))
    with artist.studio.playing():
        artist.build()
    works = artist.exhibit(16, seed=1)
    apart = []
    for one in range(16):
        ours = to_bytes(works[one : one + 1].pixels)[0].astype(int)
        theirs = drawn_by(artist.source(works[one : one + 1], "python"), tmp_path, 48).astype(int)
        assert theirs.shape == (48, 48, channels)
        off = np.abs(ours - theirs).max(-1)
        apart.append((off > 1).mean())
    # where a program jumps, a last digit decides on which side of it a pixel lies: of one, a row of pixels
    assert max(apart) <= 1 / 48 and np.mean(apart) < 0.003


def test_every_instruction_has_a_line_in_each_language() -> None:
    names = {instruction.name for instruction in its.BUILT_IN}
    assert names == FORMULA.templates.keys() == NUMPY.templates.keys()


@pytest.mark.parametrize("instruction", its.BUILT_IN, ids=lambda one: one.name)
def test_python_computes_every_instruction_alike(instruction: its.Instruction, tmp_path: Path) -> None:
    takes = {its.NOISE: 3, its.SELECT: 3, its.MULTIPLY_ADD: 3}.get(instruction) or 1 + instruction.commutes
    takes = (
        2
        if instruction in (its.SUBTRACT, its.DIVIDE, its.POWER, its.ANGLE, its.LESS, its.MINIMUM, its.MAXIMUM)
        else takes
    )
    canvas = Canvas()
    arguments = [canvas.x * 1.7 + canvas.y * 0.3, canvas.y * 2.1 - canvas.x, canvas.x * canvas.y * 3]
    program = [canvas.apply(instruction, *arguments[:takes]) * 0.3]
    ours = to_bytes(torch.from_numpy(render([program], 31, 31)))[0].astype(int)
    assert np.abs(ours - drawn_by(python(program, "It."), tmp_path, 31)).max() <= 1


def test_values_that_are_no_numbers_are_dark_and_infinite_ones_are_cut_off(tmp_path: Path) -> None:
    canvas = Canvas()
    program = [canvas.x / 0.0, canvas.constant(float("nan")), canvas.constant(float("-inf"))]
    pixels = drawn_by(python(program, "It."), tmp_path, 8)
    assert (pixels[:, 5:, 0] == 255).all() and not pixels[:, :3, 0].any() and not pixels[..., 1:].any()


def test_a_formula_names_what_is_read_twice() -> None:
    canvas = Canvas()
    wave = (canvas.x * 3).sin()
    assert formula([wave * wave + 1]) == "v4 = sin((x * 3.0))\nc0 = ((v4 * v4) + 1.0)\n"


def test_a_picture_becomes_a_program_that_runs_alone(coevo_command: CommandLine, tmp_path: Path) -> None:
    runs = coevo_command.runs
    play = ("run", "gp-dcnn", "--size", 16, "--channels", 3, "--batch", 8, "--rounds", 1, "--name", "it")
    assert coevo_command(*play, "-o", "artist.population=8", "-o", "artist.elites=1").code == 0
    assert coevo_command("sample", "it", "-n", 1, "-o", runs / "some").code == 0
    (png,) = (runs / "some").glob("*.png")
    assert "The source is" in coevo_command("render", png, "-o", tmp_path / "it.py").out
    answer = subprocess.run(
        [sys.executable, "-I", tmp_path / "it.py", tmp_path / "theirs.png", "64"], capture_output=True, text=True
    )
    assert not answer.stderr, answer.stderr
    coevo_command("render", png, "--size", 64, "-o", tmp_path / "ours.png")
    with Image.open(tmp_path / "theirs.png") as theirs, Image.open(tmp_path / "ours.png") as ours:
        off = np.abs(np.asarray(theirs).astype(int) - np.asarray(ours))
    assert theirs.size == (64, 64) and (off > 1).mean() < 0.01
    assert coevo_command("render", png, "-o", tmp_path / "it.txt").code == 0
    assert "c2 = " in (tmp_path / "it.txt").read_text()
    assert coevo_command("render", png, "-o", tmp_path / "it.glsl").code == 0
    assert (tmp_path / "it.glsl").read_text().startswith("#version 300 es")


def test_works_that_are_no_programs_have_no_source(coevo_command: CommandLine, tmp_path: Path) -> None:
    coevo_command.play("it", "--rounds", 1)
    assert coevo_command("sample", "it", "-n", 1, "-o", tmp_path / "some").code == 0
    (png,) = (tmp_path / "some").glob("*.png")
    said = coevo_command.refuses("render", png, "-o", tmp_path / "it.py")
    assert "Works of artist 'dcgan' are no programs, so there is no source" in said
    assert not (tmp_path / "it.py").exists()
