"""A compositional pattern-producing network (Stanley 2007), and how it is spelled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from coevo import DataError
from coevo.shader import Canvas, Expression
from coevo.shader.functions import Value, hsv

INPUTS = ("x", "y", "d", "bias")
INK, COLOURS = ("ink",), ("hue", "saturation", "brightness")
WIDEST = 1000.0  # |weight| at most, of networks that are read
LARGEST = 2000  # links

ACTIVATIONS: dict[str, Callable[[Expression], Expression]] = {
    "identity": lambda a: a,
    "sin": lambda a: a.sin(),
    "cos": lambda a: a.cos(),
    "sigmoid": lambda a: (a * 0.5).tanh(),  # 2 / (1 + e^-a) - 1
    "gaussian": lambda a: (-(a * a)).exp() * 2 - 1,
}
"""PicBreeder's, each within [-1, 1]."""


@dataclass(frozen=True)
class Network:
    """Nodes by name with their activations, outputs among them, and weights by (source, target).

    A link's innovation is the pair of its ends, and a node is named by the link that it came to split, so that the same
    invention has the same name wherever it is made, and no register of innovations need be kept.
    """

    nodes: Mapping[str, str]
    links: Mapping[tuple[str, str], float]
    outputs: tuple[str, ...] = INK
    _order: list[str] = field(default_factory=list, compare=False, repr=False)

    @property
    def hidden(self) -> list[str]:
        return [node for node in self.nodes if node not in self.outputs]

    def order(self) -> list[str]:
        """The nodes that the outputs need, each after its sources. Raises ValueError where they go in a circle."""
        if not self._order:
            self._order.extend(ordered(self.links, self.outputs))
        return self._order

    def leads(self, source: str, target: str) -> bool:
        """Whether a way leads from one node to another."""
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

    def value(self, canvas: Canvas, weights: Sequence[Expression | float] | None = None) -> Value:
        """The outputs over a canvas. weights: others than its own, in the order of `links`."""
        x, y = canvas.x, canvas.y
        found: dict[str, Expression] = {"x": x, "y": y, "d": canvas.r * 1.4, "bias": canvas.constant(1.0)}
        sums: dict[str, list[tuple[str, Expression | float]]] = {}
        for (source, target), weight in zip(self.links, weights or self.links.values(), strict=True):
            sums.setdefault(target, []).append((source, weight))
        for node in self.order():
            if node not in self.nodes:
                continue
            total: Expression = canvas.constant(0.0)
            for source, weight in sums.get(node, ()):
                total = total + found[source] * weight
            found[node] = ACTIVATIONS[self.nodes[node]](total)
        return tuple(found[output] for output in self.outputs)

    def picture(self, canvas: Canvas, weights: Sequence[Expression | float] | None = None) -> Value:
        """One channel of ink, or red, green and blue, as PicBreeder paints them; in [-1, 1]."""
        value = self.value(canvas, weights)
        if self.outputs == INK:
            return (abs(value[0]).clip(0, 1) * 2 - 1,)
        hue, saturation, brightness = value
        return hsv(hue + 1, saturation.clip(0, 1), abs(brightness).clip(0, 1))

    def text(self) -> str:
        """Compact JSON."""
        links = [[source, target, weight] for (source, target), weight in self.links.items()]
        return json.dumps({"outputs": self.outputs, "nodes": dict(self.nodes), "links": links}, separators=(",", ":"))


def ordered(links: Mapping[tuple[str, str], float], outputs: Sequence[str]) -> list[str]:
    """The nodes that outputs need, each after its sources. Raises ValueError where they go in a circle."""
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
                        raise ValueError(f"node {source!r} feeds itself in a circle")
                    if source not in done:
                        stack.append(source)
            else:
                stack.pop()
                if not done[node]:
                    done[node] = True
                    order.append(node)
    return order


def network(nodes: Mapping[str, str], links: Mapping[tuple[str, str], float], outputs: Sequence[str]) -> Network:
    """A network that holds together. Raises ValueError with what is wrong with it."""
    outputs = tuple(outputs)
    if outputs not in (INK, COLOURS):
        raise ValueError(f"its outputs are {', '.join(outputs) or 'none'}, not ink, nor hue, saturation and brightness")
    for output in outputs:
        if output not in nodes:
            raise ValueError(f"its output {output!r} is no node")
    for node, activation in nodes.items():
        if activation not in ACTIVATIONS:
            raise ValueError(f"node {node!r} has the activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
        if node in INPUTS:
            raise ValueError(f"{node!r} is an input, not a node")
    if len(links) > LARGEST:
        raise ValueError(f"it has {len(links)} links, more than {LARGEST}")
    for (source, target), weight in links.items():
        if target not in nodes or (source not in nodes and source not in INPUTS):
            raise ValueError(f"a link leads from {source!r} to {target!r}, which are not both there")
        if not (isfinite(weight) and abs(weight) <= WIDEST):
            raise ValueError(f"the weight {weight} from {source!r} to {target!r} is beyond ±{WIDEST:g}")
    made = Network(dict(nodes), dict(links), outputs)
    ordered(links, list(nodes))  # circles anywhere
    return made


def parse(text: str) -> Network:
    """The network that `Network.text` spelled. Raises DataError where it is none."""
    try:
        read: dict[str, Any] = json.loads(text)
        links = {(str(source), str(target)): float(weight) for source, target, weight in read["links"]}
        if len(links) < len(read["links"]):
            raise ValueError("a link is there twice")
        nodes = {str(node): str(activation) for node, activation in read["nodes"].items()}
        return network(nodes, links, [str(output) for output in read["outputs"]])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{text[:60]!r} is no network's genome: {error}.") from error
