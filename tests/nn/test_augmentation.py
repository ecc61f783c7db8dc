"""Differentiable augmentation: the change of every kind, and its gradients."""

import pytest
import torch

from coevo.nn.augmentation import KINDS, affine, cutout, translation, weight


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_the_shape_follows_the_generator_and_has_gradients(kind):
    images = torch.rand(6, 3, 16, 16, requires_grad=True)
    once, again, other = (KINDS[kind](images, draw(seed)) for seed in (0, 0, 1))
    assert once.shape == images.shape and torch.equal(once, again) and not torch.equal(once, other)
    (gradient,) = torch.autograd.grad(once.sum(), images)
    assert gradient.isfinite().all() and gradient.abs().sum() > 0


def test_a_translation_moves_whole_pixels_by_an_eighth_at_most():
    images = torch.zeros(50, 1, 16, 16)
    images[:, :, 8, 8] = 1
    moved = translation(images, draw())
    places = moved.flatten(1).argmax(1)
    rows, columns = places // 16 - 8, places % 16 - 8
    assert (moved.flatten(1).sum(1) == 1).all()
    assert rows.abs().max() == 2 == columns.abs().max() and rows.unique().numel() == 5


def test_a_cutout_hides_a_square_of_half_the_side_or_the_part_of_it_that_is_inside():
    hidden = (cutout(torch.ones(200, 1, 16, 16), draw()) == 0).flatten(1).sum(1)
    assert hidden.max() <= 64 and hidden.min() >= 9 and hidden.float().mean() > 25


def test_every_image_is_changed_differently():
    images = torch.rand(1, 3, 16, 16).expand(4, -1, -1, -1)
    for kind in KINDS.values():
        assert kind(images, draw()).unique(dim=0).shape[0] > 1


def test_strokes_become_thicker_or_thinner_and_plain_grounds_stay():
    stroke = -torch.ones(50, 1, 16, 16)
    stroke[..., 7:10] = 1  # a bar of three pixels
    weights = weight(stroke, draw()).mean((1, 2, 3))
    assert weights.min() < stroke.mean() < weights.max()
    assert torch.equal(weight(torch.full((2, 3, 8, 8), 0.3), draw()), torch.full((2, 3, 8, 8), 0.3))


def test_an_affine_change_keeps_the_middle():
    images = -torch.ones(50, 1, 17, 17)
    images[:, :, 7:10, 7:10] = 1
    changed = affine(images, draw())
    assert (changed[:, :, 8, 8] > 0.9).all() and changed.flatten(1).sum(1).unique().numel() > 40
