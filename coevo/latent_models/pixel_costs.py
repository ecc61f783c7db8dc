"""What pixels cost, the gradient of it and the mean images, in one pass over the pixels by machine code."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from coevo.native import native

Cost = Literal["bernoulli", "squared"]


def one_pass(cost: Cost, outputs: Tensor, images: Tensor, scale: float) -> tuple[Tensor, Tensor] | None:
    """The cost of all pixels and the mean images, if machine code can tell them.

    Args:
        cost: of x in [0, 1] beside p = sigmoid(output): "bernoulli", -x log p - (1 - x) log(1 - p); or "squared",
            (x - p)².
        outputs: a decoder's, of the shape of the images.
        images: [N, C, H, W] in [-1, 1].
        scale: the sum of all costs is multiplied by it.

    Returns:
        A scalar and images in [-1, 1], both with gradients to the outputs; None on other devices, in other precisions
        and without machine code.
    """
    if native() is None or outputs.shape != images.shape or not (fits(outputs) and fits(images)):
        return None
    loss, means = OnePass.apply(outputs, images, cost, scale)
    return loss, means


def fits(pixels: Tensor) -> bool:
    """Whether machine code can read them."""
    return pixels.device.type == "cpu" and pixels.dtype == torch.float32 and pixels.is_contiguous()


class OnePass(torch.autograd.Function):
    """Saves the gradient of the loss instead of what it follows from."""

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, images: Tensor, cost: Cost, scale: float) -> tuple[Tensor, Tensor]:
        slopes, means = torch.empty_like(outputs), torch.empty_like(outputs)
        places = [tensor.data_ptr() for tensor in (outputs, images)]
        total = getattr(native(), f"coevo_{cost}")(outputs.numel(), *places, scale, slopes.data_ptr(), means.data_ptr())
        ctx.save_for_backward(slopes, means)
        ctx.set_materialize_grads(False)
        return torch.tensor(scale * total, dtype=torch.float32), means

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_loss: Tensor | None, by_means: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        slopes, means = ctx.saved_tensors
        gradient = None if by_loss is None else slopes * by_loss
        if by_means is not None:  # the slope of 2 sigmoid(o) - 1 is (1 - mean²) / 2
            through = by_means * (1 - means.square()) / 2
            gradient = through if gradient is None else gradient + through
        return gradient, None, None, None
