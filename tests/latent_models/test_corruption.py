"""Noise and masks over pixels."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from coevo.latent_models.corruption import corrupted


@pytest.mark.parametrize(("kind", "changed"), [("none", 0.0), ("masking", 0.3), ("salt-and-pepper", 0.3)])
def test_as_many_pixels_are_corrupted_as_is_said(kind: Any, changed: float) -> None:
    x = torch.full((50, 1, 16, 16), 0.5)
    found = corrupted(x, kind, 0.3, torch.Generator().manual_seed(0))
    assert (found != x).float().mean().item() == pytest.approx(changed, abs=0.02)
    assert set(found.unique().tolist()) <= {0.0, 0.5, 1.0}


def test_gaussian_corruption_has_its_deviation() -> None:
    x = torch.full((50, 1, 16, 16), 0.5)
    assert corrupted(x, "gaussian", 0.3, torch.Generator()).std().item() == pytest.approx(0.3, abs=0.01)
