"""Resampling by a low-pass filter: beside torch's own, worked out by hand, and its gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, interpolate, pad

from coevo.nn.resampling import Resampling

X = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_doubling_is_bilinear_interpolation() -> None:
    wanted = interpolate(X, scale_factor=2.0, mode="bilinear", align_corners=False)
    assert torch.allclose(Resampling(8, 16)(X), wanted, atol=1e-6)


def test_halving_is_a_convolution_with_1_3_3_1() -> None:
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    kernel = (line[:, None] * line).expand(3, 1, 4, 4)
    wanted = conv2d(pad(X, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, groups=3)
    assert torch.allclose(Resampling(8, 4)(X), wanted, atol=1e-6)


@pytest.mark.parametrize("outputs", [4, 16])
def test_a_flat_image_stays_flat_and_channels_stay_apart(outputs: int) -> None:
    flat = torch.tensor([0.5, -1.0]).view(1, 2, 1, 1).expand(1, 2, 8, 8)
    assert torch.allclose(Resampling(8, outputs)(flat), flat[:, :, :1, :1].expand(1, 2, outputs, outputs))


@pytest.mark.parametrize("outputs", [2, 8])
def test_gradients_and_gradients_of_gradients_are_those_of_finite_differences(outputs: int) -> None:
    resampling, x = Resampling(4, outputs).double(), X[:1, :1, :4, :4].double().requires_grad_()
    assert torch.autograd.gradcheck(resampling, x)
    assert torch.autograd.gradgradcheck(lambda x: resampling(x).square(), x)


def test_channels_that_lie_together_stay_so_and_the_filter_is_no_part_of_a_state() -> None:
    resampling = Resampling(8, 4)
    assert resampling(X.contiguous(memory_format=torch.channels_last)).is_contiguous(memory_format=torch.channels_last)
    assert not resampling.state_dict() and not list(resampling.parameters())
