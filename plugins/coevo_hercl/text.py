"""The text of programs: a line for each cell, a word for each instruction, and its argument after a space.

push 9 write output get 3 branch-back 1 |
get local jump-sub 1 | return
"""

from __future__ import annotations

import re

import numpy as np

from coevo.errors import DataError
from coevo_hercl.program import (
    ARGUMENT_OPS,
    HALT,
    LOCAL,
    MAX_ARGUMENT,
    MAX_CELLS,
    MAX_LENGTH,
    MAX_NUMBER,
    NO_ARGUMENT,
    REGISTER_OPS,
    RETURN,
    Codons,
    Opcode,
    Program,
    word,
)

MAX_TEXT = 32 * MAX_LENGTH  # characters
WORDS = {word(opcode): opcode for opcode in Opcode}
NAMES = [word(opcode) for opcode in Opcode]
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?(e-[0-9]{1,3})?", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,3}", re.ASCII)


def write(program: Program) -> str:
    """The text of a program; `read` reads an equal program from it.

    Example:
        >>> write(read("get  3 put local | halt  add |"))
        'get 3 put local | halt add |'
    """
    codes, arguments, values = (array.tolist() for array in program.codons)
    words = [
        f"{NAMES[code]} {_number(value)}"
        if code == Opcode.PUSH
        else NAMES[code]
        if argument == NO_ARGUMENT
        else f"{NAMES[code]} {_argument(code, argument)}"
        for code, argument, value in zip(codes, arguments, values, strict=True)
    ]
    return "\n".join(" ".join(words[start:stop]) for start, stop in program.cell_spans())


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _argument(code: int, argument: int) -> str:
    if code == Opcode.BAR:
        return "return" if argument == RETURN else "halt"
    return "local" if argument == LOCAL else str(argument)


def read(text: str) -> Program:
    """The program that a text is. Nothing in the text is trusted.

    Args:
        text: as `write` writes it: words with one or more spaces between them, and a line for each cell.

    Raises:
        DataError: the text is no program, or one beyond the limits; with the reason.

    Example:
        >>> len(read("push 0.5 write output |"))
        4
    """
    if len(text) > MAX_TEXT:
        raise _wrong(text, f"it has {len(text):,} characters, more than {MAX_TEXT:,}")
    lines = text.split("\n")
    if len(lines) > MAX_CELLS:
        raise _wrong(text, f"it has {len(lines):,} lines, more than {MAX_CELLS}")
    codes, arguments, values, cells = list[int](), list[int](), list[float](), list[int]()
    for line in lines:
        cells.append(len(codes))
        words = [one for one in line.split(" ") if one]
        if not words:
            raise _wrong(text, "it has an empty line")
        at = 0
        while at < len(words):
            opcode = WORDS.get(words[at])
            if opcode is None:
                raise _wrong(text, f"{words[at][:40]!r} is no instruction")
            at += 1
            argument, value = NO_ARGUMENT, np.nan
            follows = words[at] if at < len(words) and words[at] not in WORDS else None
            if opcode == Opcode.PUSH:
                value = 0.0 if follows is None else _read_number(text, follows)
            elif follows is not None:
                argument = _read_argument(text, opcode, follows)
            at += follows is not None
            codes.append(opcode)
            arguments.append(argument)
            values.append(value)
        if codes[-1] != Opcode.BAR:
            raise _wrong(text, "a line does not end with |")
    codons = Codons(np.array(codes, np.uint8), np.array(arguments, np.int16), np.array(values))
    try:
        return Program(codons, np.array(cells, np.int32))
    except ValueError as error:
        raise _wrong(text, str(error)) from None


def _read_number(text: str, found: str) -> float:
    value = float(found) if NUMBER.fullmatch(found) else np.inf
    if not abs(value) <= MAX_NUMBER:
        raise _wrong(text, f"{found[:40]!r} is no number up to {MAX_NUMBER:g}, as 'push' takes one")
    return value


def _read_argument(text: str, opcode: Opcode, found: str) -> int:
    if opcode == Opcode.BAR and found in ("return", "halt"):
        return RETURN if found == "return" else HALT
    if opcode in REGISTER_OPS and found == "local":
        return LOCAL
    if opcode in ARGUMENT_OPS and WHOLE.fullmatch(found) and int(found) <= MAX_ARGUMENT:
        return int(found)
    raise _wrong(text, f"{found[:40]!r} cannot follow {word(opcode)!r}")


def _wrong(text: str, why: str) -> DataError:
    return DataError(f"{text[:60]!r}{'…' * (len(text) > 60)} is not a program of HERCL: {why}.")
