"""What works were made from, as pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coevo import Works
from coevo.errors import DataError
from coevo.images.given import GREY, colours, is_map, regions_of, shown, side_by_side, to_planes
from coevo.images.sheets import to_bytes
from coevo.studio import Studio
from coevo.testing import RandomArtist

PLANES = ("sky", "sea", "sun")


def test_every_region_has_a_colour_of_its_own() -> None:
    assert len(np.unique(colours(256), axis=0)) == 256


def test_a_label_map_can_be_read_back_from_its_colours() -> None:
    numbers = torch.randint(0, 3, (4, 1, 8, 8), dtype=torch.uint8)
    pictures = to_bytes(shown(to_planes(numbers, PLANES), PLANES))
    for picture, map in zip(pictures, numbers, strict=True):
        assert (regions_of(picture, 3, "x") == map[0].numpy()).all()
    with pytest.raises(DataError, match="the colour #010203 stands for none"):
        regions_of(np.full((2, 2, 3), (1, 2, 3), np.uint8), 3, "x.png")


def test_a_picture_is_no_map() -> None:
    assert is_map(PLANES) and not is_map(GREY) and not is_map(())
    assert torch.equal(
        to_planes(torch.tensor([[[[0, 255]]]], dtype=torch.uint8), GREY), torch.tensor([[[[-1.0, 1.0]]]])
    )


def test_given_made_and_true_stand_side_by_side() -> None:
    given = to_planes(torch.zeros(5, 1, 8, 8, dtype=torch.uint8), PLANES)

    def examples(n: int, seed: int) -> Works:
        return Works(torch.full((n, 1, 8, 8), 0.5), given=given[:n])

    studio = Studio((1, 8, 8), ("0",), planes=PLANES, examples=examples)
    artist = RandomArtist(RandomArtist.Options(), studio)
    works = artist.exhibit(2, 0)
    assert side_by_side(works, artist, 0).images.shape == (4, 3, 8, 8), "no pairs: nothing is true"
    assert side_by_side(Works(works.images), artist, 0).columns is None
