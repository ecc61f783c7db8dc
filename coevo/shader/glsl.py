"""Programs as fragment shaders in GLSL ES 3.00, which WebGL2 draws: the same pictures on the GPU of whoever looks.

A shader draws any part of the plane at any size, and shows the picture or one of its parts. Numbers that a person may
change are uniforms, so a slider moves without a new shader.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from coevo.contract.drawings import Node, Shader
from coevo.errors import ConfigError
from coevo.shader.parts import Part
from coevo.shader.plan import Program

MOST_PARAMETERS = 800  # WebGL2 promises 224 vectors of four

HEAD = """#version 300 es
precision highp float;
precision highp int;
uniform vec4 view; // x and y of the pixel at the upper left; how far the next is, to the right and below
uniform float height; // in pixels
uniform int part; // which is shown
out vec4 colour;
"""


def fragment(programs: Sequence[Program], parameters: int = 0) -> str:
    """A whole shader.

    Args:
        programs: of one canvas, with one channel or three each; the uniform `part` says which is shown.
        parameters: how many numbers are given when the picture is drawn (`Canvas.parameter`), as the uniforms
            `parameters`, four to a vector.

    Returns:
        GLSL ES 3.00. The uniform `view` says which part of the plane is drawn.

    Raises:
        ConfigError: an instruction of a plugin has no GLSL, or there are more than `MOST_PARAMETERS` parameters.

    Example:
        >>> from coevo.shader import Canvas
        >>> canvas = Canvas()
        >>> print(body([((canvas.x * 3).sin(),)]))
        void main() {
            float x = view.x + view.z * (gl_FragCoord.x - 0.5), y = view.y + view.w * (height - 0.5 - gl_FragCoord.y);
            float n3 = x * 3.0;
            float n4 = sine(n3);
            vec3 value = vec3(n4, n4, n4);
            colour = vec4(vec3(shown(value.r), shown(value.g), shown(value.b)) * 0.5 + 0.5, 1.0);
        }
        <BLANKLINE>
    """
    return HEAD + prelude() + body(programs, parameters)


@cache
def prelude() -> str:
    """The functions of the instruction set in GLSL."""
    return (Path(__file__).parent / "prelude.glsl").read_text(encoding="utf-8")


def body(programs: Sequence[Program], parameters: int = 0) -> str:
    """The part of a shader that is a program's own, after `HEAD` and `prelude`. Arguments as of `fragment`."""
    if parameters > MOST_PARAMETERS:
        raise ConfigError(f"A shader takes {MOST_PARAMETERS} parameters at most, not {parameters}; fix some of them.")
    lines = [f"uniform vec4 parameters[{-(-parameters // 4)}];"] if parameters else []
    lines += ["void main() {"]
    lines += [f"    {line}" for line in _lines(programs)]
    return "\n".join([*lines, "}", ""])


def _lines(programs: Sequence[Program]) -> Iterator[str]:
    canvas = programs[0][0].canvas
    order = canvas.reached(channel.node for program in programs for channel in program)
    if canvas.inputs.keys() & set(order):
        raise ConfigError("A program that reads planes, as a cellular automaton does, has no shader.")
    yield ("float x = view.x + view.z * (gl_FragCoord.x - 0.5), y = view.y + view.w * (height - 0.5 - gl_FragCoord.y);")
    names = {0: "x", 1: "y"}
    for node in order:
        instruction = canvas.instructions[node]
        if node in canvas.constants:
            names[node] = literal(canvas.constants[node])
        elif node in canvas.parameters:
            index = canvas.parameters[node]
            names[node] = f"parameters[{index // 4}].{'xyzw'[index % 4]}"
        elif instruction is not None:
            if not instruction.glsl:
                raise ConfigError(
                    f"The instruction {instruction.name!r} of a plugin has no GLSL, so this program has no shader; "
                    "its author gives it by Instruction(..., glsl=...)."
                )
            value = instruction.glsl.format(*(names[argument] for argument in canvas.arguments[node]))
            names[node] = f"n{node}"
            yield f"float {names[node]} = {value};"

    def shown(program: Program) -> str:
        channels = [names[channel.node] for channel in program]
        return f"vec3({', '.join(channels * (3 // len(channels)))})"

    yield f"vec3 value = {shown(programs[0])};"
    for part, program in enumerate(programs[1:], start=1):
        yield f"if (part == {part}) value = {shown(program)};"
    yield "colour = vec4(vec3(shown(value.r), shown(value.g), shown(value.b)) * 0.5 + 0.5, 1.0);"


def literal(number: float) -> str:
    """A float32 number in GLSL, exactly."""
    if not math.isfinite(number):
        bits = "7f800000" if number > 0 else "ff800000" if number < 0 else "7fc00000"
        return f"uintBitsToFloat(0x{bits}u)"
    text = f"{number:.9g}"
    text = text if "." in text or "e" in text else f"{text}.0"
    return f"({text})" if text.startswith("-") else text


def shader_of(parts: Sequence[Part], constants: Sequence[float]) -> Shader:
    """The shaders of a genome.

    Args:
        parts: its nodes, each after those that it reads; the last is the picture. Its constants are parameters of the
            canvas.
        constants: their values.
    """
    nodes = tuple([Node(part.name, part.reads, part.constants) for part in parts])
    picture, all = body([parts[-1].value], len(constants)), body([part.value for part in parts], len(constants))
    return Shader(picture, all, nodes, tuple(constants))
