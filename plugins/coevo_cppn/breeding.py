"""Whole generations of networks in machine code: variation, texts and species. Without it, Python does the same."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import partial
from itertools import count

import numpy as np

from coevo.evolution.niches import farthest_first_clusters
from coevo.native import Draws, address
from coevo_cppn import neat
from coevo_cppn.machine import Networks, Rules, machine_code
from coevo_cppn.network import (
    ACTIVATION_NAMES,
    COLOURS,
    HASHED,
    INK,
    INPUTS,
    LINK,
    MAX_LINKS,
    NODE,
    Network,
    name_of,
    number_of,
)

Pair = tuple[Network, Network | None]
WORDS = np.array([*INPUTS, *INK, *COLOURS, *ACTIVATION_NAMES], "S12")
NODE_TEXT, LINK_TEXT, OTHER_TEXT = 26, 48, 80  # bytes of a node, of a link and of what is around them, at most
COEFFICIENTS = np.array([neat.DISJOINT, neat.WEIGHTS])
NOBODY = Network(b"", b"")


def offspring_of(
    pairs: Sequence[Pair], seeds: Sequence[int], mutations: float = 1.0, max_links: int = MAX_LINKS
) -> list[Network]:
    """A child of each mother and father, as `neat.offspring` makes it of the draws that begin with a seed.

    Args:
        pairs: mothers and fathers; None for mutation alone.
        seeds: of 64 bits, one for each pair.
        mutations: how many on average.
        max_links: links of a child at most.
    """
    library = machine_code()
    if library is None:
        return [
            neat.offspring(mother, father, Draws(seed), mutations, max_links)
            for (mother, father), seed in zip(pairs, seeds, strict=True)
        ]
    mothers = Networks([mother for mother, _ in pairs])
    fathers = Networks([father if father and father.outputs == mother.outputs else NOBODY for mother, father in pairs])
    whole, part = divmod(mutations, 1)
    rules = Rules(
        *neat.CUMULATIVE[:3], neat.RANGE, neat.STEP, *neat.MAGNITUDES, part,
        int(whole), max_links, len(ACTIVATION_NAMES), neat.TRIES,
    )  # fmt: skip
    more = len(pairs) * (int(whole) + 1)
    nodes, links = np.empty(len(mothers.node_array) + more, NODE), np.empty(len(mothers.link_array) + more, LINK)
    counts, drawn = np.empty((len(pairs), 2), np.int64), np.array(seeds, np.uint64)
    structures, arrays = (mothers, fathers, rules), (drawn, nodes, links, counts)
    _checked(library.coevo_networks_vary(*map(ctypes.addressof, structures), *map(address, arrays)))
    first = np.arange(len(pairs)) * (int(whole) + 1)
    begins = (mothers.node_ends[:-1] + first).tolist(), (mothers.link_ends[:-1] + first).tolist()
    parts = list(zip(*begins, *counts.T.tolist(), [mother for mother, _ in pairs], strict=True))
    for node, _, node_count, _, mother in parts:
        if node_count > mother.node_count:
            _name(nodes["name"][node : node + node_count], mother)
    node_data, link_data = nodes.tobytes(), links.tobytes()
    a, b = NODE.itemsize, LINK.itemsize
    return [
        Network(
            node_data[a * node : a * (node + node_count)],
            link_data[b * link : b * (link + link_count)],
            mother.outputs,
            mother.others,
        )
        for node, link, node_count, link_count, mother in parts
    ]


def _name(numbers: np.ndarray, mother: Network) -> None:
    """Name the new nodes of a child, which come last, after the links that they split."""
    known: list[int] = numbers.tolist()

    def name(place: int) -> str:
        number = known[place - len(INPUTS)] if place >= len(INPUTS) else HASHED
        return mother.names[place] if number & HASHED else name_of(number)

    for i in range(mother.node_count, len(known)):
        source, target = divmod(known[i], 1 << 32)
        ends = name(source), name(target)
        new = (number_of(neat.innovation(*ends, again)) for again in count())
        known[i] = numbers[i] = next(number for number in new if number not in known)


def random_networks(seeds: Sequence[int], colour: bool, mutations: int, max_links: int) -> list[Network]:
    """Minimal networks with that many mutations, one for each seed of 64 bits."""
    draws = [Draws(seed) for seed in seeds]
    nets = [neat.minimal(colour, its) for its in draws]
    return offspring_of([(net, None) for net in nets], [its.state for its in draws], mutations, max_links)


def texts(some: Sequence[Network]) -> list[str]:
    """`Network.text` of each."""
    library = machine_code()
    if library is None:
        return [one.text() for one in some]
    networks = Networks(some)
    room = NODE_TEXT * len(networks.node_array) + LINK_TEXT * len(networks.link_array) + OTHER_TEXT * len(some)
    written, ends = np.empty(room, np.uint8), np.empty(len(some), np.int64)
    library.coevo_networks_text(ctypes.addressof(networks), *map(address, (WORDS, written, ends)))
    text = written[: ends[-1] if len(some) else 0].tobytes().decode("ascii")
    parts = zip([0, *ends.tolist()], ends.tolist(), some, strict=False)
    return [text[begin:end] if begin < end else one.text() for begin, end, one in parts]


def species(some: Sequence[Network], wanted: int) -> list[list[int]]:
    """The indices of networks in at most `wanted` species (§3.3)."""
    networks = Networks(some)
    numbers, weights, counts = columns(networks), networks.link_array["weight"], np.diff(networks.link_ends)
    library = machine_code()
    if library is None:
        rows = np.repeat(np.arange(len(some)), counts)
        return farthest_first_clusters(len(some), wanted, partial(neat.distances, numbers, rows, weights, counts))
    nothing = np.full(int(numbers.max(initial=0)) + 1, np.nan)

    def distances(one: int) -> np.ndarray:
        found = np.empty(len(some))
        library.coevo_networks_distances(
            ctypes.addressof(networks), *map(address, (numbers, COEFFICIENTS, nothing)), one, address(found)
        )
        return found

    return farthest_first_clusters(len(some), wanted, distances)


def columns(networks: Networks) -> np.ndarray:
    """A number from 0 on for every link, the same for the same innovation."""
    library = machine_code()
    if library is not None:
        numbers = np.empty(len(networks.link_array), np.int32)
        _checked(library.coevo_networks_columns(ctypes.addressof(networks), address(numbers)))
        return numbers
    _, names = np.unique(networks.node_array["name"], return_inverse=True)
    first = np.repeat(networks.node_ends[:-1], np.diff(networks.link_ends)) - len(INPUTS)
    source, target = (networks.link_array[end].astype(np.int64) for end in ("source", "target"))
    inputs = source < len(INPUTS)
    sources = np.where(inputs, source - len(INPUTS), names[np.where(inputs, 0, source + first)])
    pairs = sources * (len(names) + 1) + names[target + first]
    return np.unique(pairs, return_inverse=True)[1].astype(np.int32)


def _checked(done: int) -> None:
    if not done:
        raise MemoryError("There is no memory for a generation of networks; choose a smaller population.")
