"""Rendering of programs with torch: on any device, and with gradients to their parameters."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from coevo.shader.expressions import ALONG_X, ALONG_Y
from coevo.shader.plan import Program


def render_on(
    device: torch.device, programs: Sequence[Program], height: int, width: int, parameters: Tensor | None = None
) -> Tensor:
    """Pictures [P, C, height, width] float32 in [-1, 1] on a device, as `render` draws them on the CPU.

    Args:
        parameters: [K], the values of `Canvas.parameter(0)` to (K - 1), to which gradients flow.
    """
    canvas = programs[0][0].canvas
    order = canvas.reached(channel.node for program in programs for channel in program)
    waiting: dict[int, int] = {}
    for node in order:
        for argument in canvas.arguments[node]:
            waiting[argument] = waiting.get(argument, 0) + 1
    for program in programs:
        for channel in program:
            waiting[channel.node] = waiting.get(channel.node, 0) + 1
    shapes = {ALONG_X: (1, width), ALONG_Y: (height, 1)}
    values: dict[int, Tensor] = {}
    if canvas.inputs.keys() & set(order):
        raise ValueError("programs that read planes are drawn by Plan.draw_from")
    for node in order:
        instruction = canvas.instructions[node]
        if instruction is not None:
            arguments = canvas.arguments[node]
            values[node] = instruction.torch(*(values[a] for a in arguments))
            for argument in arguments:
                waiting[argument] -= 1
                if not waiting[argument]:
                    del values[argument]
        elif node in canvas.constants:
            values[node] = torch.tensor(canvas.constants[node], device=device)
        elif parameters is not None and node in canvas.parameters:
            values[node] = parameters[canvas.parameters[node]]
        else:
            shape = shapes[canvas.along[node]]
            values[node] = torch.linspace(-1, 1, max(shape), device=device).reshape(shape)
    size = (height, width)
    return torch.stack([torch.stack([_shown(values[c.node]).expand(size) for c in program]) for program in programs])


def _shown(value: Tensor) -> Tensor:
    return value.nan_to_num(-1.0, 1.0, -1.0).clamp(-1, 1)
