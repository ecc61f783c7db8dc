"""Variation of whole generations, and their texts, in machine code; `variation.py` and `text.py` are what it does."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import partial

import numpy as np

from coevo.native import address, native
from coevo.native.threads import in_threads, parts, processors
from coevo.trees.grammar import Grammar
from coevo.trees.tree import Forest, Tree, forest, trees_of
from coevo.trees.variation import Bounds, offspring, random_tree

AT_ONCE = 1024  # trees of a call, for which memory is taken
WORTH_A_THREAD = 128  # trees
Parents = tuple[Tree, Tree | None]


class _Bounds(ctypes.Structure):
    """As in trees.c."""

    _fields_ = [("nodes", ctypes.c_int64), ("price", ctypes.c_int64), ("mutation", ctypes.c_double)]


class _Forest(ctypes.Structure):
    """As in trees.c."""

    _fields_ = [(name, ctypes.c_void_p) for name in Forest._fields]


def vary(grammar: Grammar, parents: Sequence[Parents], seeds: Sequence[int], bounds: Bounds) -> list[Tree]:
    """The child of each mother and father, by a stream of draws of its own (`variation.offspring`).

    Args:
        grammar: of all trees.
        parents: a mother and a father each; without a father the child is mutated alone.
        seeds: one of 64 bits for each child.
        bounds: of children; a mother beyond them is her own child, if no other is found.

    Raises:
        ValueError: a parent is no program of the grammar.
    """
    if not native():
        return [offspring(grammar, seed, *pair, bounds) for pair, seed in zip(parents, seeds, strict=True)]
    children: list[Tree] = []
    for first in range(0, len(parents), AT_ONCE):
        for made in _varied(grammar, parents[first : first + AT_ONCE], seeds[first : first + AT_ONCE], bounds):
            children += trees_of(made)
    return children


def _varied(grammar: Grammar, parents: Sequence[Parents], seeds: Sequence[int], bounds: Bounds) -> list[Forest]:
    """The children, in parts that were made at the same time."""
    # a parent of several children is handed over once
    distinct = {id(tree): tree for pair in parents for tree in pair if tree is not None}
    place = {key: i for i, key in enumerate(distinct)} | {id(None): -1}
    both = (place[id(tree)] for pair in parents for tree in pair)
    pairs = np.fromiter(both, np.int64, 2 * len(parents)).reshape(-1, 2)
    trees = list(distinct.values())
    given = forest(trees)
    capacity = max(bounds.nodes, *map(len, trees))
    words = np.array(seeds, np.uint64)

    def vary(part: slice) -> Forest:
        made = _empty(part.stop - part.start, capacity)
        _call(
            "coevo_vary_trees",
            *(grammar.arrays, _Bounds(*bounds), _pointers(given)),
            *(address(pairs[part]), address(words[part]), part.stop - part.start, capacity, _pointers(made)),
        )
        return made

    threads = processors()
    return in_threads((partial(vary, part) for part in parts(len(parents), threads, WORTH_A_THREAD)), threads)


def grow(grammar: Grammar, seeds: Sequence[int], type: int, low: int, high: int, bounds: Bounds) -> list[Tree]:
    """Random programs of a type whose depth is between `low` and `high`, one for each seed
    (`variation.random_tree`)."""
    if not native():
        return [random_tree(grammar, seed, type, low, high, bounds) for seed in seeds]
    trees: list[Tree] = []
    capacity = max(bounds.nodes, *(1 + 2 * len(rule.takes) for rule in grammar.rules))
    for first in range(0, len(seeds), AT_ONCE):
        words = np.array(seeds[first : first + AT_ONCE], np.uint64)
        made = _empty(len(words), capacity)
        _call(
            "coevo_grow_trees",
            *(grammar.arrays, _Bounds(*bounds), type, low, high),
            *(address(words), len(words), capacity, _pointers(made)),
        )
        trees += trees_of(made)
    return trees


def write(grammar: Grammar, trees: Sequence[Tree]) -> list[str | None]:
    """The texts of trees; None for one with a number of more than four decimals, which Python is to write, and for all
    without machine code."""
    if not native() or not trees:
        return [None] * len(trees)
    given = forest(trees)
    room = len(given.codes) * (grammar.longest_symbol + 3) + 32 * len(given.numbers)
    text, ends, whole = np.empty(room, np.uint8), np.empty(len(trees), np.int64), np.empty(len(trees), np.uint8)
    _call(
        "coevo_write_trees",
        *(grammar.arrays, _pointers(given), len(trees), max(map(len, trees))),
        *(address(text), address(ends), address(whole)),
    )
    written, begin = list[str | None](), 0
    all = text[: ends[-1]].tobytes()
    for end, good in zip(ends.tolist(), whole.tolist(), strict=True):
        written.append(all[begin:end].decode() if good else None)
        begin = end
    return written


def _call(function: str, *arguments: object) -> None:
    library = native()
    assert library
    outcome = getattr(library, function)(
        *[ctypes.byref(one) if isinstance(one, ctypes.Structure) else one for one in arguments]
    )
    if outcome == NO_MEMORY:
        raise MemoryError("there is no memory to vary programs; lower artist.population or artist.max_nodes")
    if outcome == NO_PROGRAM:
        raise ValueError("a tree is not a program of this grammar in prefix order, with the numbers of its constants")


NO_MEMORY, NO_PROGRAM = 1, 2  # outcomes, as in trees.c


def _empty(count: int, capacity: int) -> Forest:
    return Forest(
        np.empty(count * capacity, np.uint16),
        np.empty(count * capacity * 3, np.float64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
    )


def _pointers(arrays: Forest) -> _Forest:
    return _Forest(*map(address, arrays))
