"""Variation of programs: seven mutations and two ways of mating (Sims 1991, §4.3 and §4.4), typed and bounded."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from coevo.trees.language import MAX_NODES, Language, Scalar, Tree, Vector, is_constant

NEW_DEPTH = 3  # of a new random subtree, at most
JITTER = 0.3  # standard deviation of a constant's change
TRIES = 10  # for an offspring within bounds

Mutation = Callable[[Language, Tree, int], list[Any] | None]
"""(language, tree, node) → what replaces the subtree at that node; None if the mutation does not apply there."""


def subtree(tree: Tree, node: int) -> list[Any]:
    return list(tree[tree.searchSubtree(node)])


def arguments(tree: Tree, node: int) -> list[list[Any]]:
    """The subtrees of a node, in order."""
    found, at = [], node + 1
    for _ in range(tree[node].arity):
        found.append(subtree(tree, at))
        at += len(found[-1])
    return found


def random_subtree(language: Language, tree: Tree, node: int) -> list[Any] | None:
    """A new random expression."""
    return language.random_program(tree[node].ret, 0, NEW_DEPTH)


def scalar_jittered(language: Language, tree: Tree, node: int) -> list[Any] | None:
    value = tree[node].value if is_constant(tree[node]) else None
    return [language.constant(_jittered(value))] if isinstance(value, float) else None


def vector_jittered(language: Language, tree: Tree, node: int) -> list[Any] | None:
    value = tree[node].value if is_constant(tree[node]) else None
    return [language.constant(tuple(map(_jittered, value)))] if isinstance(value, tuple) else None


def function_swapped(language: Language, tree: Tree, node: int) -> list[Any] | None:
    """Another function of the same type; arguments of the right type stay, others are random."""
    if not tree[node].arity:
        return language.random_program(tree[node].ret, 0, 0)
    primitive = random.choice(language.pset.primitives[tree[node].ret])
    return _with_arguments(language, primitive, arguments(tree, node))


def wrapped(language: Language, tree: Tree, node: int) -> list[Any] | None:
    """The expression becomes an argument of a new random function."""
    type = tree[node].ret
    fitting = [p for p in language.pset.primitives[type] if type in p.args]
    primitive = random.choice(fitting)
    place = random.choice([i for i, its in enumerate(primitive.args) if its is type])
    others = [language.random_program(its, 0, 1) for its in primitive.args]
    return [primitive, *(n for i, some in enumerate(others) for n in (subtree(tree, node) if i == place else some))]


def unwrapped(language: Language, tree: Tree, node: int) -> list[Any] | None:
    """An argument replaces its function."""
    fitting = [a for a in arguments(tree, node) if a[0].ret is tree[node].ret]
    return random.choice(fitting) if fitting else None


def copied(language: Language, tree: Tree, node: int) -> list[Any] | None:
    """A copy of another subtree of the program."""
    fitting = [i for i, other in enumerate(tree) if other.ret is tree[node].ret and i != node]
    return subtree(tree, random.choice(fitting)) if fitting else None


MUTATIONS: tuple[Mutation, ...] = (
    random_subtree, scalar_jittered, vector_jittered, function_swapped, wrapped, unwrapped, copied,
)  # fmt: skip


def mutate(language: Language, tree: Tree, rate: float, max_nodes: int) -> Tree:
    """A program with about `rate` mutations: each node mutates with probability rate / length, so that long programs
    keep most of their structure; at least one node does."""
    times = max(1, sum(random.random() < rate / len(tree) for _ in range(len(tree))))
    for _ in range(times):
        tree = _bounded(tree, max_nodes, lambda parent: _mutated(language, parent))
    return tree


def mate(mother: Tree, father: Tree, max_nodes: int) -> Tree:
    """An offspring of two: a subtree of one in the other, or both merged node by node."""
    how = random.choice((grafted, merged))
    return _bounded(mother, max_nodes, lambda parent: how(parent, father))


def grafted(mother: Tree, father: Tree) -> Tree:
    """One-point crossover: a subtree of the father replaces one of the mother of the same type, roots excepted."""
    # not DEAP's cxOnePoint: it draws the type from a set, whose order differs between processes
    trees = mother, father
    types = [type for type in (Vector, Scalar) if all(any(node.ret is type for node in tree[1:]) for tree in trees)]
    if not types:
        return mother
    type = random.choice(types)
    m, f = (random.choice([i for i, node in enumerate(tree) if i and node.ret is type]) for tree in trees)
    place = mother.searchSubtree(m)
    return Tree([*mother[: place.start], *subtree(father, f), *mother[place.stop :]])


def merged(mother: Tree, father: Tree) -> Tree:
    """Both walked in step: where their structures agree a node comes from either, elsewhere a whole expression does."""
    return Tree(_merged(mother, 0, father, 0))


def _merged(mother: Tree, m: int, father: Tree, f: int) -> list[Any]:
    one, other = mother[m], father[f]
    if one.arity and other.arity and one.args == other.args:
        nodes = [random.choice((one, other))]
        for _ in range(one.arity):
            left, right = (t.searchSubtree(i + 1) for t, i in ((mother, m), (father, f)))
            nodes += _merged(mother, m + 1, father, f + 1)
            m, f = left.stop - 1, right.stop - 1
        return nodes
    return subtree(*random.choice(((mother, m), (father, f))))


def _mutated(language: Language, tree: Tree) -> Tree:
    how = random.choice(MUTATIONS)
    places: Sequence[int] = range(len(tree))
    if how in (scalar_jittered, vector_jittered):  # constants are few: a random node is seldom one
        places = [node for node in places if is_constant(tree[node])]
    if not places:
        return tree
    node = random.choice(places)
    new = how(language, tree, node)
    if new is None:
        return tree
    place = tree.searchSubtree(node)
    return Tree([*tree[: place.start], *new, *tree[place.stop :]])


def _bounded(parent: Tree, max_nodes: int, vary: Callable[[Tree], Tree]) -> Tree:
    """A variant that differs and is within bounds; the parent if none is found."""
    for _ in range(TRIES):
        child = vary(parent)
        if child != parent and len(child) <= min(max_nodes, MAX_NODES) and child.height <= 30:
            return child
    return parent


def _with_arguments(language: Language, primitive: Any, kept: Sequence[list[Any]]) -> list[Any]:
    nodes, left = [primitive], list(kept)
    for type in primitive.args:
        fitting = next((a for a in left if a[0].ret is type), None)
        if fitting is None:
            nodes += language.random_program(type, 0, 1)
        else:
            left.remove(fitting)
            nodes += fitting
    return nodes


def _jittered(number: float) -> float:
    """By steps of any magnitude, for global and local search."""
    return round(number + random.gauss(0, JITTER * 10 ** random.uniform(-1.5, 0.5)), 4)
