"""NeuroEvolution of Augmenting Topologies (NEAT, Stanley & Miikkulainen 2002): mutation, crossover and species of
networks, with the rates of PicBreeder's clones.

`breeding.py` has machine code do the same for whole generations.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import accumulate, count
from math import exp, log
from typing import TypeVar

import numpy as np

from coevo.native import Draws
from coevo_cppn.network import ACTIVATION_NAMES, COLOURS, INK, INPUTS, MAX_LINKS, Network, packed

K = TypeVar("K")
V = TypeVar("V")
RANGE = 3.0  # of a weight, ±
STEP = 0.5  # standard deviation of a weight's change, times a magnitude
MAGNITUDES = log(10) * -1.5, log(10) * 0.3  # from 0.03 to 2, on a logarithmic scale, for global and local search
RATES = {"link": 0.13, "node": 0.13, "weights": 0.72, "activation": 0.02}
CUMULATIVE = list(accumulate(RATES.values()))
TRIES = 10  # to find a place for a link
DISJOINT, WEIGHTS = 1.0, 0.4  # coefficients of the compatibility distance (eq. 1)


def minimal(colour: bool, draws: Draws) -> Network:
    """A network that links every input to every output."""
    outputs = COLOURS if colour else INK
    nodes = {output: draws.choice(ACTIVATION_NAMES) for output in outputs}
    links = {(source, target): any_weight(draws) for target in outputs for source in INPUTS}
    return packed(nodes, links, outputs)


def offspring(
    mother: Network, father: Network | None, draws: Draws, mutations: float = 1.0, max_links: int = MAX_LINKS
) -> Network:
    """A child of one or two networks, with that many mutations on average."""
    child = mother if father is None or father.outputs != mother.outputs else mate(mother, father, draws)
    whole, part = divmod(mutations, 1)
    for _ in range(int(whole) + (draws.uniform() < part)):
        child = mutate(child, draws, max_links)
    return child


def mutate(net: Network, draws: Draws, max_links: int = MAX_LINKS) -> Network:
    """One mutation by the rates above; if it does not apply, or would exceed `max_links` links, weights change."""
    drawn = draws.uniform()
    kind = next((kind for kind, end in zip(RATES, CUMULATIVE, strict=True) if drawn < end), "weights")
    if kind in ("link", "node") and len(net.links) < max_links:
        return (with_link if kind == "link" else with_node)(net, draws) or with_weights(net, draws)
    if kind == "activation":
        return with_activation(net, draws)
    return with_weights(net, draws)


def with_link(net: Network, draws: Draws) -> Network | None:
    """One more link between two nodes, never a cycle (§3.1); None if no place for one is found."""
    nodes = list(net.nodes)
    for _ in range(TRIES):
        source, target = draws.choice([*INPUTS, *nodes]), draws.choice(nodes)
        if (source, target) not in net.links and source not in net.outputs and not net.leads(target, source):
            return packed(net.nodes, {**net.links, (source, target): any_weight(draws)}, net.outputs)
    return None


def with_node(net: Network, draws: Draws) -> Network | None:
    """A node in the middle of a link (§3.1): with weight 1 to it and the old weight from it, so that little changes."""
    if not net.links:
        return None
    source, target = draws.choice(list(net.links))
    names = (innovation(source, target, again) for again in count())
    name = next(name for name in names if name not in net.nodes)
    links = {link: weight for link, weight in net.links.items() if link != (source, target)}
    links |= {(source, name): 1.0, (name, target): net.links[source, target]}
    return packed({**net.nodes, name: draws.choice(ACTIVATION_NAMES)}, links, net.outputs)


def with_activation(net: Network, draws: Draws) -> Network:
    node = draws.choice(list(net.nodes))
    return packed({**net.nodes, node: draws.choice(ACTIVATION_NAMES)}, net.links, net.outputs)


def with_weights(net: Network, draws: Draws) -> Network:
    """One weight changes, or about half of them; by steps of any magnitude, for global and local search."""
    links = dict(net.links)
    many, step = draws.uniform() < 0.5, STEP * exp(draws.between(*MAGNITUDES))
    chosen = [link for link in links if draws.uniform() < 0.5] if many else []
    for link in chosen or (links and [draws.choice(list(links))]):
        links[link] = clipped(links[link] + step * draws.normal())
    return packed(net.nodes, links, net.outputs)


def any_weight(draws: Draws) -> float:
    return clipped(draws.between(-RANGE, RANGE))


def clipped(weight: float) -> float:
    """The weight within its range, with six decimals."""
    return round(max(-RANGE, min(RANGE, weight)) * 1e6) / 1e6


def innovation(source: str, target: str, again: int = 0) -> str:
    """The name of the node that splits a link, which depends on the link alone; `again`: names that are taken."""
    return blake2b(f"{source}>{target}#{again}".encode(), digest_size=5).hexdigest()


def mate(mother: Network, father: Network, draws: Draws) -> Network:
    """The mother's structure; genes that both have come from either (§3.2: disjoint genes are the fitter's)."""
    nodes, links = _either(mother.nodes, father.nodes, draws), _either(mother.links, father.links, draws)
    return packed(nodes, links, mother.outputs)


def _either(ones: Mapping[K, V], others: Mapping[K, V], draws: Draws) -> dict[K, V]:
    """All of the first; about half of those that the second has too have its values."""
    return {key: others[key] if key in others and draws.uniform() < 0.5 else its for key, its in ones.items()}


def distances(columns: np.ndarray, rows: np.ndarray, weights: np.ndarray, counts: np.ndarray, one: int) -> np.ndarray:
    """Compatibility distances [N] of each network from one of them (eq. 1): the share of links that only one of the two
    has, and the mean difference of the weights of the others.

    Args:
        columns: a number for each link of all networks [L], the same for the same innovation.
        rows: whose link it is.
        weights: its weight.
        counts: the number of links of each network [N].
        one: which network.
    """
    has, its_weights = np.zeros((2, int(columns.max(initial=0)) + 1))
    own = rows == one
    has[columns[own]] = 1
    its_weights[columns[own]] = weights[own]
    both = has[columns]
    shared = np.bincount(rows, both, len(counts))
    disjoint = (counts + counts[one] - 2 * shared) / np.maximum(1, np.maximum(counts, counts[one]))
    difference = np.bincount(rows, both * np.abs(weights - its_weights[columns]), len(counts)) / np.maximum(1, shared)
    return DISJOINT * disjoint + WEIGHTS * difference
