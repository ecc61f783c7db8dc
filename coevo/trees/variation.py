"""Variation of programs: seven mutations and two ways of mating (Sims 1991, §4.3 and §4.4), typed and bounded.

`machine.py` does the same for whole generations in machine code, and gives the same offspring: every one has a stream
of draws of its own. A program is a list of nodes in prefix order here, so a subtree is a slice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from coevo.native import Draws
from coevo.trees.grammar import Grammar
from coevo.trees.tree import FIRST, NUMBERS, SCALAR, VECTOR, Node, Tree

NEW_DEPTH = 3  # of a new random subtree, at most
MAX_DEPTH = 30  # of an offspring
JITTER = 0.3  # standard deviation of a constant's change
VARIED = 0.5  # share of the constant vectors that a random program replaces by a coordinate
TRIES = 10  # for an offspring within bounds
NEW_TRIES = 100  # for a random program within bounds

Nodes = list[Node]


class Bounds(NamedTuple):
    """Of programs, and how much they vary.

    Args:
        nodes: at most.
        price: at most (`Grammar.price`).
        mutation: mean number of mutations of an offspring.
    """

    nodes: int
    price: int
    mutation: float = 1.0


class Program:
    """Nodes, and where the subtree of each ends."""

    def __init__(self, grammar: Grammar, nodes: Nodes):
        self.grammar, self.nodes = grammar, nodes
        self.ends = grammar.ends([code for code, _ in nodes])

    def __len__(self) -> int:
        return len(self.nodes)

    def type(self, node: int) -> int:
        return self.grammar.rules[self.nodes[node][0]].gives

    def takes(self, node: int) -> tuple[int, ...]:
        return self.grammar.rules[self.nodes[node][0]].takes

    def subtree(self, node: int) -> Nodes:
        return self.nodes[node : self.ends[node]]

    def arguments(self, node: int) -> list[int]:
        """Where the arguments of a node begin."""
        found = [node + 1][: len(self.takes(node))]
        while len(found) < len(self.takes(node)):
            found.append(self.ends[found[-1]])
        return found

    def spliced(self, node: int, new: Nodes) -> Nodes:
        """With another subtree at a node."""
        return [*self.nodes[:node], *new, *self.nodes[self.ends[node] :]]


# random programs


def grown(grammar: Grammar, draws: Draws, type: int, low: int, high: int) -> Nodes:
    """A random program of a type whose depth is between `low` and `high` (ramped half-and-half, Koza 1992).

    Coordinates replace some of the constant vectors, so that colours vary over the picture.
    """
    full = draws.below(2) == 1
    height = low + draws.below(high - low + 1)

    def branch(type: int, depth: int) -> Nodes:
        if depth == height or (not full and depth >= low and draws.uniform() < grammar.leaf_share):
            return _leaf(grammar, draws, type)
        code = draws.choice(grammar.functions[type])
        return [(code, ()), *(node for its in grammar.rules[code].takes for node in branch(its, depth + 1))]

    return branch(type, 0)


def _leaf(grammar: Grammar, draws: Draws, type: int) -> Nodes:
    code = draws.choice(grammar.leaves[type])
    if code == VECTOR and draws.uniform() < VARIED:
        return [(grammar.varied, ()), (draws.choice(grammar.coordinates), ())]
    numbers = NUMBERS[code] if code < FIRST else 0
    return [(code, tuple([round(draws.between(-1, 1), 4) for _ in range(numbers)]))]


def random_tree(grammar: Grammar, seed: int, type: int, low: int, high: int, bounds: Bounds) -> Tree:
    """A random program within bounds, without a function if none is found."""
    draws = Draws(seed)
    for _ in range(NEW_TRIES):
        nodes = grown(grammar, draws, type, low, high)
        if len(nodes) <= bounds.nodes and _price(grammar, nodes) <= bounds.price:
            return Tree.of(nodes)
    return Tree.of(grown(grammar, draws, type, 0, 0))


# mutations: what replaces the subtree at a node; None if the mutation does not apply there


def random_subtree(program: Program, node: int, draws: Draws) -> Nodes | None:
    """A new random expression."""
    return grown(program.grammar, draws, program.type(node), 0, NEW_DEPTH)


def scalar_jittered(program: Program, node: int, draws: Draws) -> Nodes | None:
    return _jittered(program, node, draws, SCALAR)


def vector_jittered(program: Program, node: int, draws: Draws) -> Nodes | None:
    return _jittered(program, node, draws, VECTOR)


def function_swapped(program: Program, node: int, draws: Draws) -> Nodes | None:
    """Another function of the same type; arguments of the right type stay, others are random."""
    grammar, type, left = program.grammar, program.type(node), program.arguments(node)
    if not left:
        return grown(grammar, draws, type, 0, 0)
    code = draws.choice(grammar.functions[type])
    nodes: Nodes = [(code, ())]
    for wanted in grammar.rules[code].takes:
        kept = next((argument for argument in left if program.type(argument) == wanted), None)
        if kept is None:
            nodes += grown(grammar, draws, wanted, 0, 1)
        else:
            left.remove(kept)
            nodes += program.subtree(kept)
    return nodes


def wrapped(program: Program, node: int, draws: Draws) -> Nodes | None:
    """The expression becomes an argument of a new random function."""
    grammar, type = program.grammar, program.type(node)
    if not grammar.wrappers[type]:
        return None
    code = draws.choice(grammar.wrappers[type])
    takes = grammar.rules[code].takes
    place = draws.choice([i for i, its in enumerate(takes) if its == type])
    nodes: Nodes = [(code, ())]
    for i, its in enumerate(takes):
        nodes += program.subtree(node) if i == place else grown(grammar, draws, its, 0, 1)
    return nodes


def unwrapped(program: Program, node: int, draws: Draws) -> Nodes | None:
    """An argument replaces its function."""
    fitting = [argument for argument in program.arguments(node) if program.type(argument) == program.type(node)]
    return program.subtree(draws.choice(fitting)) if fitting else None


def copied(program: Program, node: int, draws: Draws) -> Nodes | None:
    """A copy of another subtree of the program."""
    fitting = [i for i in range(len(program)) if program.type(i) == program.type(node) and i != node]
    return program.subtree(draws.choice(fitting)) if fitting else None


Mutation = Callable[[Program, int, Draws], Nodes | None]
MUTATIONS: tuple[Mutation, ...] = (
    random_subtree, scalar_jittered, vector_jittered, function_swapped, wrapped, unwrapped, copied,
)  # fmt: skip
"""In the order of trees.c."""


# mating


def grafted(mother: Program, father: Program, draws: Draws) -> Nodes:
    """One-point crossover: a subtree of the father replaces one of the mother of the same type, roots excepted."""
    both = mother, father
    places = {
        type: [[i for i in range(1, len(one)) if one.type(i) == type] for one in both] for type in (VECTOR, SCALAR)
    }
    types = [type for type, (hers, his) in places.items() if hers and his]
    if not types:
        return mother.nodes
    hers, his = places[draws.choice(types)]
    place = draws.choice(hers)
    return mother.spliced(place, father.subtree(draws.choice(his)))


def merged(mother: Program, father: Program, draws: Draws) -> Nodes:
    """Both walked in step: where their structures agree a node comes from either, elsewhere a whole expression does."""
    nodes: Nodes = []
    m = f = 0
    while m < len(mother):
        its, other = draws.choice(((mother, m), (father, f)))
        if mother.takes(m) and mother.takes(m) == father.takes(f):
            nodes.append(its.nodes[other])
            m, f = m + 1, f + 1
        else:
            nodes += its.subtree(other)
            m, f = mother.ends[m], father.ends[f]
    return nodes


# offspring


def offspring(grammar: Grammar, seed: int, mother: Tree, father: Tree | None, bounds: Bounds) -> Tree:
    """A child within bounds, mutated, or mated and mutated; the mother if none is found."""
    draws = Draws(seed)
    child = parent = Program(grammar, mother.nodes())
    if father is not None:
        child = mate(parent, Program(grammar, father.nodes()), draws, bounds.nodes)
    if father is None or bounds.mutation:
        child = mutate(child, draws, bounds.mutation, bounds.nodes)
    return Tree.of(child.nodes) if _price(grammar, child.nodes) <= bounds.price else mother


def mutate(program: Program, draws: Draws, rate: float, max_nodes: int) -> Program:
    """A program with about `rate` mutations: each node mutates with probability rate / length, so that long programs
    keep most of their structure; at least one node does."""
    times = max(1, sum([draws.uniform() < rate / len(program) for _ in range(len(program))]))
    for _ in range(times):
        program = _bounded(program, max_nodes, lambda parent: _mutated(parent, draws))
    return program


def mate(mother: Program, father: Program, draws: Draws, max_nodes: int) -> Program:
    """An offspring of two: a subtree of one in the other, or both merged node by node."""
    how = draws.choice((grafted, merged))
    return _bounded(mother, max_nodes, lambda parent: how(parent, father, draws))


def _mutated(program: Program, draws: Draws) -> Nodes:
    how = draws.choice(MUTATIONS)
    places = list(range(len(program)))
    if how in (scalar_jittered, vector_jittered):  # constants are few: a random node is seldom one
        places = [node for node in places if program.nodes[node][0] < FIRST]
    if not places:
        return program.nodes
    node = draws.choice(places)
    new = how(program, node, draws)
    return program.nodes if new is None else program.spliced(node, new)


def _bounded(parent: Program, max_nodes: int, vary: Callable[[Program], Nodes]) -> Program:
    """A variant that differs and is within bounds; the parent if none is found."""
    for _ in range(TRIES):
        nodes = vary(parent)
        codes = [code for code, _ in nodes]
        if len(nodes) <= max_nodes and nodes != parent.nodes and parent.grammar.height(codes) <= MAX_DEPTH:
            return Program(parent.grammar, nodes)
    return parent


def _jittered(program: Program, node: int, draws: Draws, kind: int) -> Nodes | None:
    """A constant changes by steps of any magnitude, for global and local search."""
    code, numbers = program.nodes[node]
    return [(code, tuple([_moved(number, draws) for number in numbers]))] if code == kind else None


def _moved(number: float, draws: Draws) -> float:
    spread = JITTER * 10 ** draws.between(-1.5, 0.5)
    return round(number + spread * draws.normal(), 4)


def _price(grammar: Grammar, nodes: Nodes) -> int:
    return grammar.price([code for code, _ in nodes])
