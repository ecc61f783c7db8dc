"""Programs as source: formulas to read, and Python that draws the picture with nothing but NumPy."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from coevo.shader import instructions as its
from coevo.shader.plan import Program

INLINE = 48  # characters of a part that still stands within another


@dataclass(frozen=True)
class Language:
    """How a language writes programs.

    Args:
        templates: of the instructions, by their names; {0}, {1} and {2} are their arguments.
        number: of a number that is finite; it is given as text with the digits of float32.
        odd: of one that is not: nan, inf or -inf.
    """

    templates: Mapping[str, str]
    number: str = "{0}"
    odd: str = "{0}"


def statements(program: Program, language: Language) -> Iterator[tuple[str, str]]:
    """A program as assignments: a part that is read twice, or is long, has a name of its own.

    Args:
        program: the expressions of a picture's channels, without parameters and inputs.
        language: how they are written.

    Yields:
        (name, expression), each only of names before it; the last are those of the channels, c0, c1, ….

    Example:
        >>> from coevo.shader import Canvas
        >>> canvas = Canvas()
        >>> rings = (canvas.x * canvas.x + canvas.y * canvas.y).root()
        >>> list(statements([rings * 0.5], FORMULA))
        [('c0', '(sqrt(abs(((x * x) + (y * y)))) * 0.5)')]
    """
    canvas = program[0].canvas
    order = canvas.reached([channel.node for channel in program])
    uses = Counter(node for reader in order for node in canvas.arguments[reader])
    texts = {0: "x", 1: "y"}
    for node in order:
        instruction = canvas.instructions[node]
        if instruction is None:
            if node in canvas.constants:
                value = canvas.constants[node]
                texts[node] = (language.number if isfinite(value) else language.odd).format(np.float32(value))
            continue
        text = language.templates[instruction.name].format(*(texts[argument] for argument in canvas.arguments[node]))
        if uses[node] > 1 or len(text) > INLINE:
            yield f"v{node}", text
            text = f"v{node}"
        texts[node] = text
    for number, channel in enumerate(program):
        yield f"c{number}", texts[channel.node]


def formula(program: Program) -> str:
    """A program as lines of mathematics, a name and what it is.

    x runs from -1 at the left to 1 at the right edge, y from -1 at the top to 1 at the bottom; a channel of the picture
    is c0, or c0, c1 and c2 for red, green and blue, dark at -1 and bright at 1.
    """
    return "".join(f"{name} = {text}\n" for name, text in statements(program, FORMULA))


def python(program: Program, title: str) -> str:
    """A program as a file of Python that needs NumPy alone; called, it writes a PNG.

    Args:
        program: as of `statements`.
        title: what the picture is, in one line.
    """
    lines = "\n".join(f"    {name} = {text}" for name, text in statements(program, NUMPY))
    channels = ", ".join(f"c{number}" for number in range(len(program))) + ("," if len(program) == 1 else "")
    used = "\n\n\n".join(part for name, part in HELPERS.items() if f"{name}(" in lines)
    return FILE.format(
        title=title.replace('"', "'"), helpers=used + "\n\n\n" if used else "", lines=lines, channels=channels
    )


SIGNS = {its.ADD: "+", its.SUBTRACT: "-", its.MULTIPLY: "*", its.DIVIDE: "/"}
ARITHMETIC = {
    **{instruction.name: f"({{0}} {sign} {{1}})" for instruction, sign in SIGNS.items()},
    its.MULTIPLY_ADD.name: "({0} * {1} + {2})",
    its.NEGATE.name: "(-{0})",
}

FORMULA = Language(
    {
        **ARITHMETIC,
        its.ABSOLUTE.name: "abs({0})",
        its.FLOOR.name: "floor({0})",
        its.ROUND.name: "round({0})",
        its.MINIMUM.name: "min({0}, {1})",
        its.MAXIMUM.name: "max({0}, {1})",
        its.ROOT.name: "sqrt(abs({0}))",
        its.EXP.name: "exp({0})",
        its.LOG.name: "ln(abs({0}))",
        its.POWER.name: "(abs({0}) ^ {1})",
        its.SIN.name: "sin({0})",
        its.COS.name: "cos({0})",
        its.TANH.name: "tanh({0})",
        its.ANGLE.name: "atan2({0}, {1})",
        its.LESS.name: "({0} < {1})",
        its.SELECT.name: "({1} if {0} > 0 else {2})",
        its.AND.name: "and({0}, {1})",
        its.OR.name: "or({0}, {1})",
        its.XOR.name: "xor({0}, {1})",
        its.NOISE.name: "noise({0}, {1}, {2})",
    }
)
NUMPY = Language(
    {
        **ARITHMETIC,
        its.ABSOLUTE.name: "np.abs({0})",
        its.FLOOR.name: "np.floor({0})",
        its.ROUND.name: "np.rint({0})",
        its.MINIMUM.name: "np.minimum({0}, {1})",
        its.MAXIMUM.name: "np.maximum({0}, {1})",
        its.ROOT.name: "np.sqrt(np.abs({0}))",
        its.EXP.name: "np.exp({0})",
        its.LOG.name: "np.log(np.abs({0}))",
        its.POWER.name: "(np.abs({0}) ** {1})",
        its.SIN.name: "np.sin({0})",
        its.COS.name: "np.cos({0})",
        its.TANH.name: "np.tanh({0})",
        its.ANGLE.name: "np.arctan2({0}, {1})",
        its.LESS.name: "np.float32({0} < {1})",
        its.SELECT.name: "np.where({0} > 0, {1}, {2})",
        its.AND.name: "bits(np.bitwise_and, {0}, {1})",
        its.OR.name: "bits(np.bitwise_or, {0}, {1})",
        its.XOR.name: "bits(np.bitwise_xor, {0}, {1})",
        its.NOISE.name: "noise({0}, {1}, {2})",
    },
    number="f({0})",
    odd='f("{0}")',
)

HELPERS = {
    "noise": "pi = np.pi\n\n\n"
    + inspect.getsource(its.noise_of).replace(": Any", "").replace(" -> Any", "")
    + """

def noise(x, y, seed):
    return noise_of(x, y, seed, np.floor, np.rint, np.clip, np.cos, np.sin)""",
    "bits": '''def bits(operation, *values):
    """A bitwise operation on values in [-1, 1] as eight bits each."""
    a, b = (np.rint(np.clip(np.nan_to_num(value), -1, 1) * 127.5 + 127.5).astype(np.int32) for value in values)
    return np.float32(operation(a, b) / 127.5) - f(1)''',
}
"""What Python needs beside NumPy's functions, by name."""

FILE = '''"""{title}

python FILE.py [OUT.png [PX]] draws it; it needs NumPy alone.
"""

import struct
import sys
import zlib

import numpy as np

f = np.float32


{helpers}def picture(x, y):
    """The channels at points, in [-1, 1]: x from -1 at the left to 1 at the right, y from -1 at the top to 1 below."""
{lines}
    return {channels}


def draw(size):
    """uint8 [size, size, channels]."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    with np.errstate(all="ignore"):
        channels = [np.broadcast_to(each, (size, size)) for each in picture(line[None, :], line[:, None])]
    shown = np.clip(np.nan_to_num(np.stack(channels, -1), nan=-1.0, posinf=1.0, neginf=-1.0), -1, 1)
    return ((shown + 1) * 127.5).round().astype(np.uint8)


def png(pixels):
    """Pixels as the content of a PNG."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, channels = pixels.shape
    rows = b"".join(b"\\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    out, size = (sys.argv[1:] + ["picture.png", "512"][len(sys.argv) - 1 :])[:2]
    with open(out, "wb") as file:
        file.write(png(draw(int(size))))
'''
