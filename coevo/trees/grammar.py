"""Grammars: what variation knows of a language, as lists for Python and as arrays for machine code."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from coevo.native import address
from coevo.trees.tree import SCALAR, VECTOR

TYPES = SCALAR, VECTOR  # as the codes of their constants
MOST_READS, MOST_OWN = 2**16, 2**30


class Rule(NamedTuple):
    """A primitive: what it takes and gives, and its price.

    Args:
        symbol: its name in the text of a program.
        gives: the type of its value.
        takes: the types of its arguments.
        own: its price, besides that of its arguments.
        reads: how often it pays for each argument.
    """

    symbol: str
    gives: int
    takes: tuple[int, ...]
    own: int
    reads: tuple[int, ...]


class _Arrays(ctypes.Structure):
    """`Grammar` in trees.c."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("gives", "first", "takes", "reads", "own")),
        *((name, ctypes.c_void_p) for name in ("choices_first", "choices", "symbols", "symbols_first")),
        *((name, ctypes.c_int64) for name in ("codes", "varied")),
        ("leaf_share", ctypes.c_double),
    ]


class Grammar:
    """The rules of a typed language.

    Args:
        rules: by code; the first two are the constants of one number and of three, whose types are 0 and 1.
        varied: the code of the primitive that makes a vector of a scalar.
        coordinates: the codes of what varies over a picture.
        leaf_share: the probability that a branch of a random program ends where it may (Koza 1992).

    Attributes:
        functions, leaves: codes of each type with arguments and without.
        wrappers: those functions of each type that take an argument of the same type.
        arrays: the same for machine code.
    """

    def __init__(self, rules: Sequence[Rule], varied: int, coordinates: Sequence[int], leaf_share: float):
        self.rules, self.varied, self.coordinates, self.leaf_share = tuple(rules), varied, list(coordinates), leaf_share
        coded = list(enumerate(rules))
        self.functions = [[code for code, rule in coded if rule.takes and rule.gives == type] for type in TYPES]
        self.leaves = [[code for code, rule in coded if not rule.takes and rule.gives == type] for type in TYPES]
        self.wrappers = [[code for code, rule in coded if type in rule.takes and rule.gives == type] for type in TYPES]
        choices = [*self.functions, *self.leaves, *self.wrappers, self.coordinates]
        symbols = [rule.symbol.encode() for rule in rules]
        self.longest_symbol = max(map(len, symbols))
        self._kept = [
            np.array([rule.gives for rule in rules], np.int32),
            _starts([len(rule.takes) for rule in rules]),
            np.array([type for rule in rules for type in rule.takes], np.int32),
            np.array([min(times, MOST_READS) for rule in rules for times in rule.reads], np.int32),
            np.array([min(rule.own, MOST_OWN) for rule in rules], np.int32),
            _starts(list(map(len, choices))),
            np.array([code for some in choices for code in some], np.int32),
            np.frombuffer(b"".join(symbols), np.uint8),
            _starts(list(map(len, symbols))),
        ]
        self.arrays = _Arrays(*map(address, self._kept), len(rules), varied, leaf_share)

    def ends(self, codes: Sequence[int]) -> list[int]:
        """Where the subtree of each node ends.

        Raises:
            ValueError: the codes are not one program of these rules.
        """
        ends = [0] * len(codes)
        for node in reversed(range(len(codes))):
            end = node + 1
            for type in self.rules[codes[node]].takes:
                if end == len(codes) or self.rules[codes[end]].gives != type:
                    raise ValueError(f"node {node} lacks an argument of type {type}")
                end = ends[end]
            ends[node] = end
        if not ends or ends[0] != len(codes):
            raise ValueError(f"{len(codes)} nodes are more, or fewer, than one program")
        return ends

    def height(self, codes: Sequence[int]) -> int:
        """How deep a tree is; one node alone is 0 deep."""
        deep = 0
        missing: list[int] = []  # arguments of each open function
        for code in codes:
            deep = max(deep, len(missing))
            if self.rules[code].takes:
                missing.append(len(self.rules[code].takes))
                continue
            while missing:
                missing[-1] -= 1
                if missing[-1]:
                    break
                missing.pop()
        return deep

    def price(self, codes: Sequence[int]) -> int:
        """An upper estimate of a program's instructions, without compiling it: equal parts count as often as they
        occur, and an argument counts as often as it is read, by a blur nine times."""
        stack: list[int] = []
        for code in reversed(codes):
            rule = self.rules[code]
            stack.append(rule.own + sum([times * stack.pop() for times in rule.reads]))
        return stack[0]


def _starts(lengths: Sequence[int]) -> np.ndarray:
    return np.array([0, *accumulate(lengths)], np.int32)
