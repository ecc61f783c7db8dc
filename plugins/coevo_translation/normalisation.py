"""Convolutions with a normalisation after them."""

from __future__ import annotations

from typing import Literal, Protocol

from torch import Tensor, nn

Norm = Literal["instance", "batch", "none"]


class Convolution(Protocol):
    """Makes a layer from maps of some channels to maps of others."""

    def __call__(self, inputs: int, outputs: int, bias: bool = True) -> nn.Module: ...


class InstanceNorm(nn.Module):
    """Every map of every work with mean 0 and variance 1 (Ulyanov 2016): maps [N, C, H, W] stay as they lie."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        centred = x - mean
        return centred * (centred.square().mean((2, 3), keepdim=True) + 1e-5).rsqrt()


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises maps of that many channels; none for "none"."""
    match norm:
        case "instance":
            return [InstanceNorm()]
        case "batch":
            return [nn.BatchNorm2d(channels)]
    return []


def normalised(make: Convolution, inputs: int, outputs: int, norm: Norm) -> list[nn.Module]:
    """A convolution, and its normalisation, which makes a bias needless."""
    return [make(inputs, outputs, bias=norm == "none"), *normalisation(norm, outputs)]
