"""Noise and masks over pixels, and the old names of their options."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from coevo import Studio
from coevo.latent_models.corruption import CorruptionOptions, corrupt, upgrade_corruption


def corrupted(**options: float) -> Tensor:
    """Grey pixels after corruption."""
    return corrupt(torch.full((50, 1, 16, 16), 0.5), CorruptionOptions(**options), Studio(), "corruption")


@pytest.mark.parametrize(
    ("options", "changed", "values"),
    [({}, 0.0, {0.5}), ({"input_mask": 0.3}, 0.3, {0.0, 0.5}), ({"input_salt_pepper": 0.3}, 0.3, {0.0, 0.5, 1.0})],
)
def test_the_given_share_of_pixels_is_corrupted(options: dict[str, float], changed: float, values: set[float]) -> None:
    x = corrupted(**options)
    assert (x != 0.5).float().mean().item() == pytest.approx(changed, abs=0.02)
    assert set(x.unique().tolist()) == values


def test_noise_has_its_standard_deviation() -> None:
    assert corrupted(input_noise=0.3).std().item() == pytest.approx(0.3, abs=0.01)


def test_noise_and_mask_can_be_combined() -> None:
    x = corrupted(input_noise=0.1, input_mask=0.5)
    assert (x == 0).float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert x[x != 0].std().item() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "new"),
    [
        ("none", {}),
        ("gaussian", {"input_noise": 0.4}),
        ("masking", {"input_mask": 0.4}),
        ("salt-and-pepper", {"input_salt_pepper": 0.4}),
    ],
)
def test_options_of_older_versions_are_upgraded(kind: str, new: dict[str, float]) -> None:
    assert upgrade_corruption({"latent": 8, "corruption": kind, "corrupted": 0.4}) == {"latent": 8, **new}
