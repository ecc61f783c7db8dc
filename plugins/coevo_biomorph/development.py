"""Development: from genes to lines, of many biomorphs at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coevo_biomorph.genotype import TRICKLE, Genotype

BITS = 16  # of a coordinate within a tree, which is less than 2**14 for every genotype within bounds


class Trees(NamedTuple):
    """The trees of some biomorphs, one for each segment: T of them.

    Args:
        owner: [T], whose they are.
        genes: [T, 8], in tenths.
        y: [T], where they grow from, on the vertical axis.
        depth: [T].
        taper: [T], -1 if trunks are thicker than twigs, 1 if they are thinner.
        turns: [T, 2], whether the trunk has a branch to the left, and one to the right.
    """

    owner: np.ndarray
    genes: np.ndarray
    y: np.ndarray
    depth: np.ndarray
    taper: np.ndarray
    turns: np.ndarray


def develop(genotypes: Sequence[Genotype]) -> tuple[np.ndarray, np.ndarray]:
    """The lines of biomorphs.

    Returns:
        Lines int64 [S, 5], each x0, y0, x1, y1 in whole units and thickness, with y pointing down; and `first` int64
        [N + 1]: biomorph i has the lines from first[i] to first[i + 1].
    """
    trees = planted(genotypes)
    lines, tree = grown(trees)
    bones, owner = backbones(trees)
    lines, owner = np.concatenate([lines, bones]), np.concatenate([trees.owner[tree], owner])
    flipped = np.array([one.spokes != "north" for one in genotypes])[owner]
    lines, owner = np.concatenate([lines, lines[flipped] * [1, -1, 1, -1, 1]]), np.append(owner, owner[flipped])
    turned = np.array([one.spokes == "radial" for one in genotypes])[owner]
    lines, owner = np.concatenate([lines, lines[turned][:, [1, 0, 3, 2, 4]]]), np.append(owner, owner[turned])
    first = np.cumsum([0, *np.bincount(owner, minlength=len(genotypes))])
    return lines[owner.argsort(kind="stable")], first


def planted(genotypes: Sequence[Genotype]) -> Trees:
    """A tree for every segment: gradients change its genes, and its distance from the one above."""
    segments = np.array([one.segments for one in genotypes])
    owner = np.repeat(np.arange(len(genotypes)), segments)
    number = np.arange(len(owner)) - (segments.cumsum() - segments)[owner]
    genes = np.array([one.genes for one in genotypes])[owner]
    gradients = np.array([one.gradients for one in genotypes])[owner]
    distances = np.array([one.distance for one in genotypes])[owner] + gradients[:, 9] * TRICKLE * (number - 1)
    y = np.where(number > 0, divided(distances), 0).cumsum()
    bilateral, odd = np.array([one.bilateral for one in genotypes])[owner], number % 2 == 0
    return Trees(
        owner,
        genes[:, :8] + number[:, None] * gradients[:, :8] * TRICKLE,
        y - y[number == 0][owner],
        genes[:, 8],
        gradients[:, 8],
        np.stack([bilateral | ~odd, bilateral | odd], 1),
    )


def backbones(trees: Trees) -> tuple[np.ndarray, np.ndarray]:
    """The lines between trees of the same biomorph, as `develop` gives lines, and whose they are."""
    under = np.flatnonzero(trees.owner[1:] == trees.owner[:-1])
    thick = np.where(trees.taper < 0, trees.depth, 1)
    zero = np.zeros(len(under), np.int64)
    return np.stack([zero, trees.y[under], zero, trees.y[under + 1], thick[under]], 1), trees.owner[under]


def grown(trees: Trees) -> tuple[np.ndarray, np.ndarray]:
    """The lines of trees, and the tree of each.

    Dawkins' recursion `tree(x, y, length, dir)` draws a line of length · d[dir], and from its end one shorter tree to
    either side. Here all branches of a level grow at once, and equal ones once, so thousands of twigs take no longer
    than hundreds. A one-sided tree begins with one branch only: `dir` + 1 in odd segments, `dir` - 1 in even ones.
    """
    ways = directions(trees.genes)
    tree = np.arange(len(trees.owner))
    x, y, way = np.zeros_like(tree), np.zeros_like(tree), np.full_like(tree, 2)
    lines, whose = list[np.ndarray](), list[np.ndarray]()
    for level in range(int(trees.depth.max())):
        length = trees.depth - level
        across, down = divided(length[:, None] * ways)[:, tree, way]
        thick = np.where(trees.taper < 0, length, np.where(trees.taper > 0, 1 + level, 1))[tree]
        start = trees.y[tree]
        lines.append(np.stack([x, y + start, x + across, y + down + start, thick], 1))
        whose.append(tree)
        branches = (length > 1)[:, None] & (trees.turns | (level > 0))
        side, some = branches[tree].T.nonzero()
        tree, x, y, way = distinct(tree[some], (x + across)[some], (y + down)[some], way[some] + 2 * side - 1 & 7)
    return np.concatenate(lines), np.concatenate(whose)


def distinct(tree: np.ndarray, x: np.ndarray, y: np.ndarray, way: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each tree, place and direction once. Packed into one number each, they are sorted ten times as fast as rows, and
    five times as fast as `np.unique` finds them by hashing."""
    half, mask = 1 << BITS - 1, (1 << BITS) - 1
    key = np.sort(((tree << BITS | x + half) << BITS | y + half) << 3 | way)
    key = key[np.diff(key, prepend=-1) != 0]
    return key >> 2 * BITS + 3, (key >> BITS + 3 & mask) - half, (key >> 3 & mask) - half, key & 7


def directions(genes: np.ndarray) -> np.ndarray:
    """dx and dy of the eight directions of trees, [2, T, 8]: 2 is up, 6 is down, and the others mirror each other."""
    g1, g2, g3, g4, g5, g6, g7, g8 = genes.T
    none = np.zeros_like(g1)
    return np.stack(
        [np.stack([-g2, -g1, none, g1, g2, g3, none, -g3], 1), np.stack([g6, g5, g4, g5, g6, g7, g8, g7], 1)]
    )


def divided(tenths: np.ndarray) -> np.ndarray:
    """Whole units, truncated towards zero as Pascal's `div` does; flooring would bend the left half."""
    return np.trunc(tenths / TRICKLE).astype(np.int64)
