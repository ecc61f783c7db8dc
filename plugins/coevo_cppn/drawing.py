"""Pictures of whole populations of networks, which machine code plans."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from coevo.native import address
from coevo.shader import Canvas, Expression, Program
from coevo.shader.functions import Value, to_scalar, to_vector
from coevo.shader.machine_plan import MachinePlan
from coevo.shader.plan import Plan
from coevo.shader.render import draw_batches
from coevo.shader.templates import Primitive, Templates
from coevo_cppn.machine import Networks, machine_code
from coevo_cppn.network import ACTIVATIONS, COLOURS, INK, Network, painted


def render_networks(
    some: Sequence[Network], channels: int, height: int, width: int, threads: int | None = None
) -> np.ndarray:
    """Draw networks, as `render` draws their programs; by default with a thread for each processor.

    Returns:
        Pictures [N, channels, height, width] float32 in [-1, 1].
    """
    shape = len(some), channels, height, width
    return draw_batches(_planner(some, channels, height, width), shape, threads, apart=machine_code() is not None)


def plans(some: Sequence[Network], channels: int, height: int, width: int) -> Iterator[Plan]:
    """A plan of each network."""
    plan = _planner(some, channels, height, width)
    return (plan(i, i + 1) for i in range(len(some)))


def program(value: Value, channels: int) -> Program:
    """The channels of a picture that has one or three: those of a value that has one or three."""
    return (to_scalar(value),) if channels == 1 else to_vector(value)


def _planner(some: Sequence[Network], channels: int, height: int, width: int) -> Callable[[int, int], Plan]:
    """What plans the networks from the one number to the other together."""
    library = machine_code()
    if library is None:

        def built(first: int, stop: int) -> Plan:
            canvas = Canvas()
            return Plan([program(one.picture(canvas), channels) for one in some[first:stop]], height, width)

        return built
    networks, templates = Networks(some), _templates(channels)

    def planned(first: int, stop: int) -> Plan:
        made = ctypes.c_void_p()
        structures, arrays = (networks, templates.arrays), (AROUND,)
        counts = len(ACTIVATIONS), channels, first, stop
        if library.coevo_plan_networks(
            *map(ctypes.addressof, structures), *map(address, arrays), *counts, ctypes.byref(made)
        ):
            raise MemoryError("There is no memory to plan these networks; choose a smaller population.")
        return MachinePlan(made, height, width)

    return planned


AROUND = np.array([(its.inner, its.scale, its.shift) for its in ACTIVATIONS.values()])


@cache
def _templates(channels: int) -> Templates:
    """The cores of activations, and what paints ink and a colour."""

    def core(its: Callable[[Expression], Expression]) -> Callable[..., Value]:
        return lambda canvas, a: (its(a[0]),)

    def paint(canvas: Canvas, *outputs: Value) -> Value:
        return tuple(program(painted(tuple([output[0] for output in outputs])), channels))

    cores = [Primitive(name, core(its.core), (1,), 1) for name, its in ACTIVATIONS.items()]
    painters = [Primitive(outputs[0], paint, (1,) * len(outputs), channels) for outputs in (INK, COLOURS)]
    return Templates([*cores, *painters])
