"""NeuroEvolution of Augmenting Topologies (NEAT, Stanley & Miikkulainen 2002): mutation, crossover and species of
networks, with the rates of PicBreeder's clones."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, chain, count
from typing import TypeVar

import numpy as np

from coevo.evolution.niches import farthest_first_clusters
from coevo_cppn.network import ACTIVATIONS, COLOURS, INK, INPUTS, MAX_LINKS, Network

K = TypeVar("K")
V = TypeVar("V")
RANGE = 3.0  # of a weight, ±
STEP = 0.5  # standard deviation of a weight's change
RATES = {"link": 0.13, "node": 0.13, "weights": 0.72, "activation": 0.02}
KINDS, CUMULATIVE = list(RATES), list(accumulate(RATES.values()))
DISJOINT, WEIGHTS = 1.0, 0.4  # coefficients of the compatibility distance (eq. 1)


def minimal(colour: bool) -> Network:
    """A network that links every input to every output."""
    outputs = COLOURS if colour else INK
    nodes = {output: random.choice(list(ACTIVATIONS)) for output in outputs}
    links = {(source, target): random.uniform(-RANGE, RANGE) for target in outputs for source in INPUTS}
    return Network(nodes, links, outputs)


def mutate(net: Network, max_links: int = MAX_LINKS) -> Network:
    """One mutation by the rates above; if it does not apply, or would exceed `max_links` links, weights change."""
    kind = random.choices(KINDS, cum_weights=CUMULATIVE)[0]
    if kind in ("link", "node") and len(net.links) < max_links:
        return (with_link if kind == "link" else with_node)(net) or with_weights(net)
    if kind == "activation":
        return with_activation(net)
    return with_weights(net)


def with_link(net: Network) -> Network | None:
    """One more link between two nodes, never a cycle (§3.1); None if no place for one is found."""
    nodes = list(net.nodes)
    for _ in range(10):
        source, target = random.choice([*INPUTS, *nodes]), random.choice(nodes)
        if (source, target) not in net.links and source not in net.outputs and not net.leads(target, source):
            return Network(net.nodes, {**net.links, (source, target): random.uniform(-RANGE, RANGE)}, net.outputs)
    return None


def with_node(net: Network) -> Network | None:
    """A node in the middle of a link (§3.1): with weight 1 to it and the old weight from it, so that little changes."""
    if not net.links:
        return None
    source, target = random.choice(list(net.links))
    name, again = innovation(source, target, 0), 0
    while name in net.nodes:
        again += 1
        name = innovation(source, target, again)
    links = {link: weight for link, weight in net.links.items() if link != (source, target)}
    links |= {(source, name): 1.0, (name, target): net.links[source, target]}
    return Network({**net.nodes, name: random.choice(list(ACTIVATIONS))}, links, net.outputs)


def with_activation(net: Network) -> Network:
    node = random.choice(list(net.nodes))
    return Network({**net.nodes, node: random.choice(list(ACTIVATIONS))}, net.links, net.outputs)


def with_weights(net: Network) -> Network:
    """One weight changes, or about half of them; by steps of any magnitude, for global and local search."""
    links, chance = dict(net.links), random.random
    chosen = [link for link in links if chance() < 0.5] if chance() < 0.5 else []
    step = STEP * 10 ** random.uniform(-1.5, 0.3)
    for link in chosen or (links and [random.choice(list(links))]):
        links[link] = clipped(links[link] + random.gauss(0, step))
    return Network(net.nodes, links, net.outputs)


def clipped(weight: float) -> float:
    return round(max(-RANGE, min(RANGE, weight)), 6)


def innovation(source: str, target: str, again: int) -> str:
    """The name of the node that splits a link, which depends on the link alone."""
    return blake2b(f"{source}>{target}#{again}".encode(), digest_size=5).hexdigest()


def mate(mother: Network, father: Network) -> Network:
    """The mother's structure; genes that both have come from either (§3.2: disjoint genes are the fitter's)."""
    return Network(_either(mother.nodes, father.nodes), _either(mother.links, father.links), mother.outputs)


def _either(ones: Mapping[K, V], others: Mapping[K, V]) -> dict[K, V]:
    """All of the first; about half of those that the second has too have its values."""
    chance = random.random
    return {key: others.get(key, its) if chance() < 0.5 else its for key, its in ones.items()}


def table(population: Sequence[Network]) -> tuple[np.ndarray, np.ndarray]:
    """The links that each network has, [N, L] of 0 and 1, and their weights, 0 for a link that it does not have."""
    columns: dict[tuple[str, str], int] = defaultdict(count().__next__)
    at = list(map(columns.__getitem__, chain.from_iterable(net.links for net in population)))
    rows = np.repeat(np.arange(len(population)), [len(net.links) for net in population])
    has, weights = np.zeros((2, len(population), max(1, len(columns))))
    has[rows, at] = 1
    weights[rows, at] = list(chain.from_iterable(net.links.values() for net in population))
    return has, weights


def distances(has: np.ndarray, weights: np.ndarray, one: int) -> np.ndarray:
    """Compatibility distances [N] of each network of a table from one of them (eq. 1): the share of links that only one
    of the two has, and the mean difference of the weights of the others."""
    counts, both = has.sum(1), has * has[one]
    shared = both.sum(1)
    disjoint = (counts + counts[one] - 2 * shared) / np.maximum(1, np.maximum(counts, counts[one]))
    difference = (both * np.abs(weights - weights[one])).sum(1) / np.maximum(1, shared)
    return DISJOINT * disjoint + WEIGHTS * difference


def species(population: Sequence[Network], wanted: int) -> list[list[int]]:
    """The indices of networks in at most `wanted` species (§3.3)."""
    has, weights = table(population)
    return farthest_first_clusters(len(population), wanted, lambda one: distances(has, weights, one))
