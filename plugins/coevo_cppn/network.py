"""A compositional pattern-producing network (Stanley 2007), and how it is spelled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from coevo import DataError
from coevo.shader import Canvas, Expression
from coevo.shader.expressions import Number
from coevo.shader.functions import Value, hsv

INPUTS = ("x", "y", "d", "bias")
INK, COLOURS = ("ink",), ("hue", "saturation", "brightness")
WIDEST = 1000.0  # |weight| at most, of networks that are read
LARGEST = 2000  # links
JSON = TypeAdapter(dict[str, Any])  # a third of the time that the json module takes


class Linear(NamedTuple):
    """A node's value, scale · core + shift. The two are left to the weights that lead on from it: numbers, where they
    would be two instructions for every pixel."""

    core: Expression
    scale: float = 1.0
    shift: float = 0.0

    @property
    def value(self) -> Expression:
        return self.core * self.scale + self.shift


Parts = Sequence[tuple[Number, Linear]]  # weights, and the nodes that they lead from


def total(canvas: Canvas, parts: Parts, scale: float = 1.0) -> Expression:
    """scale · the weighted sum; what is the same everywhere, along a row or along a column is added up by itself."""
    always: Number = 0.0
    sums: dict[int, Expression] = {}
    for weight, (core, its_scale, shift) in parts:
        if shift:
            always = always + weight * (shift * scale)
        if its_scale:
            factor = weight * (its_scale * scale)
            along = canvas.along[core.node]
            sums[along] = core.scaled(factor, plus=sums[along]) if along in sums else core * factor
    return sum((sums[along] for along in sorted(sums)), canvas.wrap(always))


def _gaussian(canvas: Canvas, parts: Parts) -> Linear:
    a = total(canvas, parts)
    return Linear((-(a * a)).exp(), 2.0, -1.0)


ACTIVATIONS: dict[str, Callable[[Canvas, Parts], Linear]] = {
    "identity": lambda canvas, parts: Linear(total(canvas, parts)),
    "sin": lambda canvas, parts: Linear(total(canvas, parts).sin()),
    "cos": lambda canvas, parts: Linear(total(canvas, parts).cos()),
    "sigmoid": lambda canvas, parts: Linear(total(canvas, parts, 0.5).tanh()),  # 2 / (1 + e^-a) - 1
    "gaussian": _gaussian,  # 2 e^-a² - 1
}
"""PicBreeder's, each within [-1, 1] but for the first."""


@dataclass(frozen=True)
class Network:
    """Nodes by name with their activations, outputs among them, and weights by (source, target).

    A link's innovation is the pair of its ends, and a node is named by the link that it came to split, so that the same
    invention has the same name wherever it is made, and no register of innovations need be kept.
    """

    nodes: Mapping[str, str]
    links: Mapping[tuple[str, str], float]
    outputs: tuple[str, ...] = INK

    @property
    def hidden(self) -> list[str]:
        return [node for node in self.nodes if node not in self.outputs]

    @cached_property
    def order(self) -> list[str]:
        """The nodes that the outputs need, each after its sources."""
        return ordered(self.links, self.outputs)

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

    def value(self, canvas: Canvas, weights: Sequence[Number] | None = None) -> Value:
        """The outputs over a canvas. weights: others than its own, in the order of `links`."""
        x, y = canvas.x, canvas.y
        found = {"x": Linear(x), "y": Linear(y), "d": Linear(canvas.r, 1.4), "bias": Linear(x, 0.0, 1.0)}
        sources: dict[str, list[tuple[Number, str]]] = {}
        for (source, target), weight in zip(self.links, weights or self.links.values(), strict=True):
            sources.setdefault(target, []).append((weight, source))
        for node in self.order:
            if node in self.nodes:
                parts = [(weight, found[source]) for weight, source in sources.get(node, ())]
                found[node] = ACTIVATIONS[self.nodes[node]](canvas, parts)
        return tuple(found[output].value for output in self.outputs)

    def picture(self, canvas: Canvas, weights: Sequence[Number] | None = None) -> Value:
        """One channel of ink, or red, green and blue, as PicBreeder paints them; in [-1, 1]."""
        value = self.value(canvas, weights)
        if self.outputs == INK:
            return (abs(value[0]).clip(0, 1) * 2 - 1,)
        hue, saturation, brightness = value
        return hsv(hue + 1, saturation.clip(0, 1), abs(brightness).clip(0, 1))

    def text(self) -> str:
        """Compact JSON."""
        links = [[source, target, weight] for (source, target), weight in self.links.items()]
        return JSON.dump_json({"outputs": self.outputs, "nodes": self.nodes, "links": links}).decode()


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
