"""Programs as fragment shaders, beside the pictures that the processor draws."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from browsers import browser
from hypothesis import given
from hypothesis import strategies as some

from coevo.contract.works import Genome, Works
from coevo.errors import ConfigError
from coevo.evolution.programs import ProgramPopulation
from coevo.plugin.registry import registry
from coevo.shader import Canvas, Instruction, glsl, render
from coevo.shader.instructions import BUILT_IN
from coevo.studio import Studio
from coevo.tools.pages import genome_module

SIZE = 64


@given(some.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_numbers_are_written_exactly(number: float) -> None:
    text = glsl.literal(number).strip("()")
    assert "." in text or "e" in text
    assert np.float32(text) == np.float32(number)


def test_numbers_that_are_not_finite_are_written_by_their_bits() -> None:
    written = [glsl.literal(number) for number in (float("inf"), float("-inf"), float("nan"))]
    assert written == [f"uintBitsToFloat(0x{bits}u)" for bits in ("7f800000", "ff800000", "7fc00000")]


def test_every_instruction_has_its_glsl() -> None:
    assert [one.name for one in BUILT_IN if not one.glsl] == []


def test_a_parameter_is_a_uniform_and_a_number_is_not() -> None:
    canvas = Canvas()
    text = glsl.body([(canvas.x * canvas.parameter(5) + 0.25,)], parameters=6)
    assert "uniform vec4 parameters[2];" in text and "parameters[1].y" in text and "0.25" in text


def test_what_has_no_shader_is_refused() -> None:
    canvas = Canvas()
    own = canvas.apply(Instruction("wobble", np.sin, torch.sin), canvas.x)
    with pytest.raises(ConfigError, match="'wobble' of a plugin has no GLSL"):
        glsl.body([(own,)])
    with pytest.raises(ConfigError, match="reads planes"):
        glsl.body([(canvas.input(0),)])
    with pytest.raises(ConfigError, match="800 parameters at most, not 801"):
        glsl.body([(canvas.x,)], parameters=801)


@pytest.mark.parametrize("name", ["gp", "cppn"])
def test_the_parts_of_a_genome_end_with_its_picture(name: str) -> None:
    artist = bred(name, 8, rounds=3)[0]
    for genome in artist.random_genomes(8):
        canvas = Canvas()
        parts, program = artist.parts(genome, canvas), artist.program(genome, canvas)
        assert [number.node for number in parts[-1].value][: len(program)] == [number.node for number in program]
        assert all(read < i for i, part in enumerate(parts) for read in part.reads)
        used = sorted(constant for part in parts for constant in part.constants)
        assert used == sorted({*used}) and len(used) <= len(artist.constants(genome))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gp", "cppn"])
def test_a_browser_draws_evolved_programs_as_the_processor_does(name: str) -> None:
    """Within 1/255 wherever a picture does not itself change by more if the point is moved by a millionth: programs
    with noise, bits and quotients have points at which no two processors agree."""
    artist, genomes = bred(name, 60 if name == "gp" else 200, rounds=12)
    drawn = levels(artist.draw(genomes, SIZE, SIZE).numpy())
    steady = np.ones(drawn.shape, bool)
    for i, genome in enumerate(genomes):
        for dx, dy in ((1e-6, 0), (-1e-6, 0), (0, 1e-6), (0, -1e-6), (3e-7, 3e-7), (-3e-7, -3e-7)):
            canvas = Canvas()
            near = canvas.moved(artist.program(genome, canvas), canvas.x + dx, canvas.y + dy)
            steady[i] &= np.abs(levels(render([near], SIZE, SIZE))[0] - drawn[i]) <= 1
    apart = (np.abs(by_browser(artist, genomes)[:, : drawn.shape[1]] - drawn) > 1) & steady
    assert steady.mean() > 0.97
    assert apart.mean() < (1e-3 if name == "gp" else 1e-6)
    assert apart.any((1, 2, 3)).mean() < (0.2 if name == "gp" else 0.005)


def bred(name: str, n: int, rounds: int) -> tuple[ProgramPopulation[Any], list[Any]]:
    """An artist, and genomes that have been mutated and mated."""
    random.seed(3)
    cls = registry().load("artist", name)
    artist = cls(cls.Options(population=n), Studio(image=(3, SIZE, SIZE)))
    genomes = artist.random_genomes(n)
    for _ in range(rounds):
        mates = [random.choice(genomes) if random.random() < 0.5 else None for _ in range(n)]
        genomes = artist.offspring_of([(random.choice(genomes), mate) for mate in mates])
    return artist, genomes


def levels(pictures: np.ndarray) -> np.ndarray:
    """0 to 255, of [-1, 1]."""
    return np.rint((pictures + 1) * 127.5)


def by_browser(artist: ProgramPopulation[Any], genomes: Sequence[Any]) -> np.ndarray:
    """Pictures [N, 3, SIZE, SIZE] in levels, drawn by WebGL2 through the page's own painter."""
    head, shaders = glsl.HEAD + glsl.prelude(), []
    for text in artist.serialize_all(genomes):
        shader = artist.shader(Works(genomes=(Genome("1", (), text),)))
        shaders.append([head + shader.picture, shader.constants])
    painter = genome_module(inline=True)
    with browser() as opened:
        page = opened.new_page()
        page.set_content("<canvas></canvas>")
        bytes = page.evaluate(
            f"""([shaders, size]) => {{
                {painter}
                const painter = new Painter(), canvas = document.querySelector("canvas");
                canvas.width = canvas.height = size;
                return shaders.map(([source, constants]) => {{
                    painter.draw(source, constants, canvas);
                    const {{ data }} = canvas.getContext("2d").getImageData(0, 0, size, size);
                    return Array.from(data);
                }});
            }}""",
            [shaders, SIZE],
        )
    pictures = np.array(bytes, float).reshape(len(genomes), SIZE, SIZE, 4)
    return pictures[..., :3].transpose(0, 3, 1, 2)
