"""Works as pictures of any size, and as features by which they are compared."""

from __future__ import annotations

import torch

from coevo.images.rendering import resized, thumbnails


def test_a_thumbnail_holds_the_mean_of_each_area() -> None:
    images = torch.tensor([[0.0, 1.0], [2.0, 3.0]]).repeat_interleave(4, 0).repeat_interleave(4, 1)[None, None]
    assert thumbnails(images, 2).tolist() == [[0, 1, 2, 3]]
    assert thumbnails(images, 1).tolist() == [[1.5]]
    assert thumbnails(torch.zeros(5, 3, 16, 16), 8).shape == (5, 3 * 8 * 8)


def test_pixels_keep_their_edges_at_whole_multiples() -> None:
    images = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])[None, None]
    assert torch.equal(resized(images, 4), images.repeat_interleave(2, 2).repeat_interleave(2, 3))
    assert resized(images, 3).shape == (1, 1, 3, 3)
    assert resized(images, 2) is images
