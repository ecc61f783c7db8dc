"""A compositional pattern-producing network (Stanley 2007), and its text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from coevo import DataError
from coevo.shader import Canvas
from coevo.shader.affine import Affine, weighted_sum
from coevo.shader.expressions import Expression, Number
from coevo.shader.functions import Value, hsv_to_rgb
from coevo.shader.parts import Part

INPUTS = ("x", "y", "d", "bias")
INK, COLOURS = ("ink",), ("hue", "saturation", "brightness")
MAX_WEIGHT = 1000.0  # |weight| at most in networks that are read
MAX_LINKS = 2000  # links
SHOWN = 60  # characters of a text that an error shows
FORM = 'JSON like {"outputs": ["ink"], "nodes": {"ink": "sin"}, "links": [["x", "ink", 0.5]]}'
JSON = TypeAdapter(dict[str, Any])  # a third of the time that the json module takes


class Activation(NamedTuple):
    """scale · core(inner · a) + shift, where a is the weighted sum; scales and shifts cost nothing, for they are folded
    into the weights of other sums."""

    core: Callable[[Expression], Expression]
    inner: float = 1.0
    scale: float = 1.0
    shift: float = 0.0


ACTIVATIONS = {
    "identity": Activation(lambda a: a),
    "sin": Activation(Expression.sin),
    "cos": Activation(Expression.cos),
    "sigmoid": Activation(Expression.tanh, inner=0.5),  # 2 / (1 + e^-a) - 1
    "gaussian": Activation(lambda a: (-(a * a)).exp(), scale=2.0, shift=-1.0),  # 2 e^-a² - 1
}
"""Those of PicBreeder, in [-1, 1] except the first."""
ACTIVATION_NAMES = tuple(ACTIVATIONS)

NODE = np.dtype([("name", np.uint64), ("activation", np.int64)])
LINK = np.dtype([("source", np.int32), ("target", np.int32), ("weight", np.float64)])
"""The ends of a link are places: inputs come first, then the other nodes in their order."""
OUTPUT_NUMBERS = {name: (1 << 40) + i for i, name in enumerate((*INK, *COLOURS))}
OUTPUT_NAMES = {number: name for name, number in OUTPUT_NUMBERS.items()}
HASHED = 1 << 63
HEX = re.compile("[0-9a-f]{10}")


@dataclass(frozen=True)
class Network:
    """A network, as arrays.

    A link is identified by its two nodes, and a node by the link that it split, so the same innovation has the same
    name wherever it arises, and no global register of innovations is needed.

    Args:
        node_data: the nodes that are not inputs, an array of `NODE`.
        link_data: the links, an array of `LINK`.
        outputs: names of the output nodes.
        others: names that a node's 64 bits cannot hold, in the order of the nodes that have them.

    Example:
        >>> net = packed({"ink": "sin"}, {("x", "ink"): 0.5})
        >>> net.nodes, net.links
        ({'ink': 'sin'}, {('x', 'ink'): 0.5})
    """

    node_data: bytes
    link_data: bytes
    outputs: tuple[str, ...] = INK
    others: tuple[str, ...] = ()

    @property
    def node_count(self) -> int:
        """How many nodes there are, inputs excepted."""
        return len(self.node_data) // NODE.itemsize

    @property
    def link_count(self) -> int:
        return len(self.link_data) // LINK.itemsize

    @property
    def names(self) -> list[str]:
        """The names of all nodes: of inputs first, then of the others in their order."""
        others = iter(self.others)
        numbers = np.frombuffer(self.node_data, NODE)["name"].tolist()
        return [*INPUTS, *(next(others) if number & HASHED else name_of(number) for number in numbers)]

    @cached_property
    def nodes(self) -> Mapping[str, str]:
        """The activation of every node that is not an input, by name."""
        codes = np.frombuffer(self.node_data, NODE)["activation"].tolist()
        return {name: ACTIVATION_NAMES[code] for name, code in zip(self.names[len(INPUTS) :], codes, strict=True)}

    @cached_property
    def links(self) -> Mapping[tuple[str, str], float]:
        """Weights by (source, target)."""
        names = self.names
        return {(names[source], names[target]): weight for source, target, weight in self.link_list()}

    def link_list(self) -> list[tuple[int, int, float]]:
        """Source, target and weight of each link; nodes are counted as in `names`."""
        found: list[tuple[int, int, float]] = np.frombuffer(self.link_data, LINK).tolist()
        return found

    @property
    def weights(self) -> list[float]:
        """In the order of the links."""
        found: list[float] = np.frombuffer(self.link_data, LINK)["weight"].tolist()
        return found

    def with_weights(self, weights: Sequence[float]) -> Network:
        links = np.frombuffer(self.link_data, LINK).copy()
        links["weight"] = weights
        return replace(self, link_data=links.tobytes())

    @property
    def hidden(self) -> list[str]:
        return [node for node in self.nodes if node not in self.outputs]

    @cached_property
    def order(self) -> list[str]:
        """The nodes that the outputs depend on, each after its sources."""
        return ordered(self.links, self.outputs)

    def leads(self, source: str, target: str) -> bool:
        """Whether a path leads from one node to another."""
        onward: dict[str, list[str]] = {}
        for a, b in self.links:
            onward.setdefault(a, []).append(b)
        waiting, seen = [source], set()
        while waiting:
            node = waiting.pop()
            if node == target:
                return True
            if node not in seen:
                seen.add(node)
                waiting += onward.get(node, ())
        return False

    def value(self, canvas: Canvas, weights: Sequence[Number] | None = None) -> Value:
        """The outputs over a canvas; `weights`, in the order of `links`, replace its own."""
        values = self._values(canvas, weights)
        return tuple(values[output].value for output in self.outputs)

    def _values(self, canvas: Canvas, weights: Sequence[Number] | None) -> dict[str, Affine]:
        """The inputs, and every node that the outputs depend on, by name."""
        x = canvas.x
        values = {"x": Affine(x), "y": Affine(canvas.y), "d": Affine(canvas.r, 1.4), "bias": Affine(x, 0.0, 1.0)}
        sources: dict[str, list[tuple[Number, str]]] = {}
        for (source, target), weight in zip(self.links, weights or self.links.values(), strict=True):
            sources.setdefault(target, []).append((weight, source))
        for node in self.order:
            if node in self.nodes:
                terms = [(weight, values[source]) for weight, source in sources.get(node, ())]
                core, inner, scale, shift = ACTIVATIONS[self.nodes[node]]
                values[node] = Affine(core(weighted_sum(canvas, terms, inner)), scale, shift)
        return values

    def parts(self, canvas: Canvas, weights: Sequence[Number] | None = None) -> list[Part]:
        """The nodes that the outputs depend on, and the picture; `weights` as of `value`."""
        values = self._values(canvas, weights)
        number = {node: i for i, node in enumerate(self.order)}
        links: dict[str, list[tuple[int, int]]] = {}
        for i, (source, target) in enumerate(self.links):
            links.setdefault(target, []).append((number.get(source, -1), i))
        found = []
        for node in self.order:
            reads, its = zip(*links[node], strict=True) if node in links else ((), ())
            name = f"{node} ({self.nodes[node]})" if node in self.outputs else self.nodes.get(node, node)
            found.append(Part(name, (values[node].value,), reads, its))
        picture = painted(tuple(values[output].value for output in self.outputs))
        return [*found, Part("picture", picture, tuple(number[output] for output in self.outputs))]

    def picture(self, canvas: Canvas, weights: Sequence[Number] | None = None) -> Value:
        """One channel of ink, or red, green and blue, in [-1, 1]."""
        return painted(self.value(canvas, weights))

    def text(self) -> str:
        """Compact JSON."""
        links = [[source, target, weight] for (source, target), weight in self.links.items()]
        return JSON.dump_json({"outputs": self.outputs, "nodes": self.nodes, "links": links}).decode()


def number_of(name: str, outputs: Sequence[str] = ()) -> int:
    """A node's name as 64 bits: the 40 bits that an innovation's name writes, an output's number, or the hash of any
    other name."""
    if HEX.fullmatch(name):
        return int(name, 16)
    if name in outputs:
        return OUTPUT_NUMBERS[name]
    return HASHED | int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def name_of(number: int) -> str:
    """The name that `number_of` had, if it is not hashed."""
    return OUTPUT_NAMES.get(number) or f"{number:010x}"


def packed(nodes: Mapping[str, str], links: Mapping[tuple[str, str], float], outputs: tuple[str, ...] = INK) -> Network:
    """A network of nodes' activations and of links' weights, by name."""
    numbers = [number_of(name, outputs) for name in nodes]
    place = {name: i for i, name in enumerate((*INPUTS, *nodes))}
    codes = [ACTIVATION_NAMES.index(activation) for activation in nodes.values()]
    node_data = np.array(list(zip(numbers, codes, strict=True)), NODE).tobytes()
    ends = [(place[source], place[target], weight) for (source, target), weight in links.items()]
    others = tuple(name for name, number in zip(nodes, numbers, strict=True) if number & HASHED)
    return Network(node_data, np.array(ends, LINK).tobytes(), outputs, others)


def painted(outputs: Value) -> Value:
    """The channels that PicBreeder paints by the outputs of a network: ink, or red, green and blue, in [-1, 1]."""
    if len(outputs) == 1:
        return (abs(outputs[0]).clip(0, 1) * 2 - 1,)
    hue, saturation, brightness = outputs
    return hsv_to_rgb(hue + 1, saturation.clip(0, 1), abs(brightness).clip(0, 1))


def ordered(links: Mapping[tuple[str, str], float], outputs: Sequence[str]) -> list[str]:
    """The nodes that outputs depend on, each after its sources. Raises ValueError if there is a cycle."""
    sources: dict[str, list[str]] = {}
    for source, target in links:
        sources.setdefault(target, []).append(source)
    done: dict[str, bool] = {}  # False: begun
    order: list[str] = []
    for output in outputs:
        stack = [output]
        while stack:
            node = stack[-1]
            if node not in done:
                done[node] = False
                for source in sources.get(node, ()):
                    if done.get(source) is False:
                        raise ValueError(f"node {source!r} is part of a cycle")
                    if source not in done:
                        stack.append(source)
            else:
                stack.pop()
                if not done[node]:
                    done[node] = True
                    order.append(node)
    return order


def network(nodes: Mapping[str, str], links: Mapping[tuple[str, str], float], outputs: Sequence[str]) -> Network:
    """A valid network. Raises ValueError, with the reason, if it is not."""
    outputs = tuple(outputs)
    if outputs not in (INK, COLOURS):
        raise ValueError(
            f"its outputs are {', '.join(outputs) or 'none'}; known are ink, or hue, saturation and brightness"
        )
    for output in outputs:
        if output not in nodes:
            raise ValueError(f"its output {output!r} is not a node")
    for node, activation in nodes.items():
        if activation not in ACTIVATIONS:
            raise ValueError(f"node {node!r} has the activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
        if node in INPUTS:
            raise ValueError(f"{node!r} is an input, not a node")
        if not node.isprintable():
            raise ValueError(f"the name {node!r} of a node has characters that cannot be printed")
    if len(links) > MAX_LINKS:
        raise ValueError(f"it has {len(links)} links, more than {MAX_LINKS}")
    for (source, target), weight in links.items():
        if target not in nodes or (source not in nodes and source not in INPUTS):
            raise ValueError(f"a link leads from {source!r} to {target!r}, and one of them does not exist")
        if not (isfinite(weight) and abs(weight) <= MAX_WEIGHT):
            raise ValueError(f"the weight {weight} from {source!r} to {target!r} is beyond ±{MAX_WEIGHT:g}")
    ordered(links, list(nodes))  # raises for a cycle anywhere
    return packed(nodes, links, outputs)


def parse(text: str) -> Network:
    """The network that `Network.text` wrote. Raises DataError, with the reason, if the text is not a network."""
    shown = repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
    try:
        read: dict[str, Any] = json.loads(text)
        links = [((str(source), str(target)), float(weight)) for source, target, weight in read["links"]]
        nodes = {str(node): str(activation) for node, activation in read["nodes"].items()}
        outputs = [str(output) for output in read["outputs"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{shown} is not a network; it should be {FORM}.") from error
    try:
        if len(dict(links)) < len(links):
            raise ValueError("a link occurs twice")
        return network(nodes, dict(links), outputs)
    except ValueError as error:
        raise DataError(f"{shown} is not a network: {error}.") from error
