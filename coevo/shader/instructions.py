"""The instruction set: pointwise functions of which all programs consist.

A plugin may use instructions of its own beside them. Each is defined for NumPy and for torch, and gives the same
picture on both.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any, NamedTuple

import numpy as np
import torch


class Instruction(NamedTuple):
    """A pointwise function of at most three float32 values.

    Args:
        name: its identity; two instructions of one name are taken for the same.
        numpy: (*arguments, out) writes into `out`; arguments broadcast.
        torch: (*arguments) → value.
        commutes: whether its two arguments may change places.
        glsl: the value in GLSL ES 3.00, with {0}, {1} and {2} for the arguments; without it a program with this
            instruction has no shader (`coevo.shader.glsl`).

    Neither function may keep anything between calls: tiles are computed in any order, and by several threads.
    """

    name: str
    numpy: Callable[..., Any]
    torch: Callable[..., torch.Tensor]
    commutes: bool = False
    glsl: str = ""


def _less(a: Any, b: Any, out: np.ndarray) -> None:
    np.less(a, b, out=out, casting="unsafe")


def _select(condition: Any, then: Any, otherwise: Any, out: np.ndarray) -> None:
    """`then` where the condition is above 0, else `otherwise`; by bits, which is five times as fast as np.where."""
    mask = np.asarray(np.greater(condition, 0)).astype(np.int32)
    one, other, into = np.asarray(then).view(np.int32), np.asarray(otherwise).view(np.int32), out.view(np.int32)
    if out is otherwise:  # in place: the other way round
        one, other = other, one
        np.subtract(mask, 1, mask)
    else:
        np.negative(mask, mask)
    np.bitwise_and(np.bitwise_xor(one, other, into), mask, into)
    np.bitwise_xor(into, other, into)


def _minimum(a: Any, b: Any, out: np.ndarray) -> None:
    np.minimum(a, b, out=out)


def _maximum(a: Any, b: Any, out: np.ndarray) -> None:
    np.maximum(a, b, out=out)


def _multiply_add(a: Any, b: Any, c: Any, out: np.ndarray) -> None:
    np.multiply(a, b, out)
    np.add(out, c, out)


def _power(a: Any, b: Any, out: np.ndarray) -> None:
    np.power(np.abs(a), b, out=out)


def _log(a: Any, out: np.ndarray) -> None:
    np.log(np.abs(a, out), out)


def _root(a: Any, out: np.ndarray) -> None:
    np.sqrt(np.abs(a, out), out)


def noise_of(x: Any, y: Any, seed: Any, floor: Any, round: Any, clip: Any, cos: Any, sin: Any) -> Any:
    """Gradient noise (Perlin 1985) in [-1, 1], by the functions of NumPy or of torch.

    A lattice point's gradient is hashed by arithmetic that is exact in float32 (permutation polynomials, Gustavson &
    McEwan 2022), so it is the same on every machine.
    """

    def modulo(n: Any) -> Any:
        return n - floor((n + 0.5) * (1 / 289)) * 289

    def permuted(n: Any) -> Any:
        n = modulo(n)
        return modulo((n * 34 + 10) * n)

    def slope(hashed: Any, x: Any, y: Any) -> Any:
        turn = hashed * (2 * pi / 289)
        return cos(turn) * x + sin(turn) * y

    def lattice(n: Any) -> Any:  # there are no more points than can be hashed
        return clip(n, -(2.0**20), 2.0**20)

    u, v = x - floor(x), y - floor(y)
    top = lattice(floor(y))
    begin = lattice(floor(x)) + modulo(lattice(round(seed)))
    columns = [permuted(begin), permuted(begin + 1)]
    corners = [[slope(permuted(c + top + j), u - i, v - j) for i, c in enumerate(columns)] for j in (0, 1)]
    ease = [(t * (t * 6 - 15) + 10) * t * t * t for t in (u, v)]  # Perlin 2002
    upper, lower = (a + (b - a) * ease[0] for a, b in corners)
    return (upper + (lower - upper) * ease[1]) * 1.5


def _noise(x: Any, y: Any, seed: Any, out: np.ndarray) -> None:
    out[...] = noise_of(x, y, seed, np.floor, np.rint, np.clip, np.cos, np.sin)


def _noise_of_torch(x: torch.Tensor, y: torch.Tensor, seed: torch.Tensor) -> torch.Tensor:
    value: torch.Tensor = noise_of(x, y, seed, torch.floor, torch.round, torch.clamp, torch.cos, torch.sin)
    return value


def _bits(numpy: Callable[..., Any], torch_: Callable[..., torch.Tensor], name: str, glsl: str) -> Instruction:
    """A bitwise operation on values in [-1, 1] as eight bits each: Sims' and, or and xor."""

    def on_numpy(a: Any, b: Any, out: np.ndarray) -> None:
        bytes = [np.rint(np.clip(np.nan_to_num(v), -1, 1) * 127.5 + 127.5).astype(np.int32) for v in (a, b)]
        np.multiply(numpy(*bytes), np.float32(1 / 127.5), out=out, casting="unsafe")
        np.subtract(out, np.float32(1), out)

    def on_torch(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        bytes = [(v.nan_to_num().clamp(-1, 1) * 127.5 + 127.5).round().int() for v in (a, b)]
        return torch_(*bytes) * (1 / 127.5) - 1

    return Instruction(name, on_numpy, on_torch, commutes=True, glsl=f"of_byte(byte({{0}}) {glsl} byte({{1}}))")


ADD = Instruction("add", np.add, torch.add, commutes=True, glsl="{0} + {1}")
SUBTRACT = Instruction("subtract", np.subtract, torch.sub, glsl="{0} - {1}")
MULTIPLY = Instruction("multiply", np.multiply, torch.mul, commutes=True, glsl="{0} * {1}")
DIVIDE = Instruction("divide", np.divide, torch.div, glsl="{0} / {1}")
MULTIPLY_ADD = Instruction("multiply-add", _multiply_add, lambda a, b, c: a * b + c, glsl="{0} * {1} + {2}")
NEGATE = Instruction("negate", np.negative, torch.neg, glsl="-{0}")
ABSOLUTE = Instruction("absolute", np.abs, torch.abs, glsl="abs({0})")
FLOOR = Instruction("floor", np.floor, torch.floor, glsl="floor({0})")
ROUND = Instruction("round", np.rint, torch.round, glsl="roundEven({0})")
MINIMUM = Instruction("minimum", _minimum, torch.minimum, glsl="minimum({0}, {1})")  # of 0 and -0 it is the second
MAXIMUM = Instruction("maximum", _maximum, torch.maximum, glsl="maximum({0}, {1})")
ROOT = Instruction("root", _root, lambda a: a.abs().sqrt(), glsl="sqrt(abs({0}))")
EXP = Instruction("exp", np.exp, torch.exp, glsl="exponential({0})")
LOG = Instruction("log", _log, lambda a: a.abs().log(), glsl="logarithm({0})")
POWER = Instruction("power", _power, lambda a, b: a.abs().pow(b), glsl="power({0}, {1})")
SIN = Instruction("sin", np.sin, torch.sin, glsl="sine({0})")
COS = Instruction("cos", np.cos, torch.cos, glsl="cosine({0})")
TANH = Instruction("tanh", np.tanh, torch.tanh, glsl="tangent({0})")
ANGLE = Instruction("angle", np.arctan2, torch.atan2, glsl="angle({0}, {1})")
LESS = Instruction("less", _less, lambda a, b: (a < b).to(torch.float32), glsl="{0} < {1} ? 1.0 : 0.0")
SELECT = Instruction("select", _select, lambda c, a, b: torch.where(c > 0, a, b), glsl="{0} > 0.0 ? {1} : {2}")
AND = _bits(np.bitwise_and, torch.bitwise_and, "and", "&")
OR = _bits(np.bitwise_or, torch.bitwise_or, "or", "|")
XOR = _bits(np.bitwise_xor, torch.bitwise_xor, "xor", "^")
NOISE = Instruction("noise", _noise, _noise_of_torch, glsl="noise({0}, {1}, {2})")

BUILT_IN = (
    *(ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM, LESS, MULTIPLY_ADD),
    *(NEGATE, ABSOLUTE, FLOOR, ROUND, ROOT, EXP, LOG, SIN, COS, TANH, POWER, ANGLE, AND, OR, XOR, SELECT, NOISE),
)
"""In the order of coevo/native/instructions.h."""
