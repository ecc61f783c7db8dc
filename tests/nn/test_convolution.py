"""The fast convolutions equal torch's but for rounding: results, gradients and parameters."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from coevo.nn.convolution import Doubling, Halving


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sides", [(6, 8), (7, 8), (6, 5)])
def test_halving_is_the_convolution_of_kernel_4_and_stride_2(sides: tuple, channels: int, bias: bool) -> None:
    torch.manual_seed(0)
    theirs = nn.Conv2d(channels, 5, 4, 2, 1, bias=bias)
    assert_same(Halving(channels, 5, bias), theirs, torch.randn(2, channels, *sides))


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
@pytest.mark.parametrize("bias", [True, False])
def test_doubling_is_the_transposed_convolution_of_kernel_4_and_stride_2(channels: int, bias: bool) -> None:
    torch.manual_seed(0)
    theirs = nn.ConvTranspose2d(5, channels, 4, 2, 1, bias=bias)
    assert_same(Doubling(5, channels, bias), theirs, torch.randn(2, 5, 3, 4))


def assert_same(ours: nn.Module, torchs: nn.Module, x: Tensor) -> None:
    """Both take the same parameters, and give the same values and gradients."""
    ours.load_state_dict(torchs.state_dict())
    x = x.requires_grad_()
    results = []
    for layer in (ours, torchs):
        y = layer(x)
        weights = torch.arange(y.numel()).view(y.shape).cos()
        results.append((y, *torch.autograd.grad((y * weights).sum(), [x, *layer.parameters()])))
    for our, their in zip(*results, strict=True):
        torch.testing.assert_close(our, their, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [Halving(1, 2), Doubling(2, 1)])
def test_second_derivatives_are_those_of_finite_differences(layer: nn.Module) -> None:
    layer = layer.double()
    x = torch.randn(1, 1 if isinstance(layer, Halving) else 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(layer, x) and gradgradcheck(layer, x)
