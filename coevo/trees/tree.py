"""Trees as arrays: a program is its codes in prefix order, and the numbers of its constants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coevo.shader.forest import FIRST, SCALAR, VECTOR, Forest

NUMBERS = (1, 3)  # of a constant, by its code

Node = tuple[int, tuple[float, ...]]
"""A code, and the numbers of a constant."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A program of a `Language`. It never changes, and equals every tree of the same codes and numbers.

    Args:
        code_bytes: the codes, uint16, in prefix order: 0 is a constant of one number, 1 one of three, and the others
            are the language's primitives, in its order.
        number_bytes: the numbers of its constants, float64, in the same order.

    Example:
        >>> tree = Tree.of([(2, ()), (0, (0.5,))])
        >>> tree.codes.tolist(), tree.numbers.tolist(), len(tree)
        ([2, 0], [0.5], 2)
    """

    code_bytes: bytes
    number_bytes: bytes

    @staticmethod
    def of(nodes: Iterable[Node]) -> Tree:
        """The tree of nodes in prefix order."""
        nodes = list(nodes)
        codes = np.array([code for code, _ in nodes], np.uint16)
        numbers = np.array([number for _, its in nodes for number in its], np.float64)
        return Tree(codes.tobytes(), numbers.tobytes())

    @property
    def codes(self) -> np.ndarray:
        """[n] uint16."""
        return np.frombuffer(self.code_bytes, np.uint16)

    @property
    def numbers(self) -> np.ndarray:
        """[k] float64."""
        return np.frombuffer(self.number_bytes, np.float64)

    def nodes(self) -> list[Node]:
        """The nodes in prefix order."""
        rest = iter(self.numbers.tolist())
        return [
            (code, tuple([next(rest) for _ in range(NUMBERS[code])]) if code < FIRST else ())
            for code in self.codes.tolist()
        ]

    def with_numbers(self, numbers: Sequence[float]) -> Tree:
        """The same tree with other numbers of its constants."""
        return Tree(self.code_bytes, np.array(numbers, np.float64).tobytes())

    def __len__(self) -> int:
        return len(self.code_bytes) // 2


def forest(trees: Sequence[Tree]) -> Forest:
    """The arrays of trees.

    Example:
        >>> trees = [Tree.of([(2, ())]), Tree.of([(1, (0.1, 0.2, 0.3))])]
        >>> forest(trees).code_ends.tolist(), forest(trees).number_ends.tolist()
        ([1, 2], [0, 3])
        >>> trees_of(forest(trees)) == trees
        True
    """
    codes, numbers = [tree.code_bytes for tree in trees], [tree.number_bytes for tree in trees]
    return Forest(
        np.frombuffer(b"".join(codes), np.uint16),
        np.frombuffer(b"".join(numbers), np.float64),
        np.fromiter(map(len, codes), np.int64, len(codes)).cumsum() // 2,
        np.fromiter(map(len, numbers), np.int64, len(numbers)).cumsum() // 8,
    )


def trees_of(forest: Forest) -> list[Tree]:
    """The trees of arrays."""
    codes = _parts(forest.codes, forest.code_ends)
    return list(map(Tree, codes, _parts(forest.numbers, forest.number_ends)))


def _parts(values: np.ndarray, ends: np.ndarray) -> list[bytes]:
    all, size = values[: ends[-1] if len(ends) else 0].tobytes(), values.itemsize
    return [all[begin:end] for begin, end in pairwise([0, *(ends * size).tolist()])]


__all__ = ["FIRST", "NUMBERS", "SCALAR", "VECTOR", "Forest", "Node", "Tree", "forest", "trees_of"]
