"""Artists that decode their works from codes: priors and labels of what they exhibit."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo import ArtistSpec, CodeBlock, CodeLayout, Studio
from coevo.latent_models.decoder import DecoderArtist


class Stripes(DecoderArtist):
    """Images whose first columns are lit, one for each class."""

    name = "stripes"

    def spec(self) -> ArtistSpec:
        label = CodeBlock("class", 4, "categorical", role="label", conditioning=True)
        return ArtistSpec(code=CodeLayout((CodeBlock("z", 2), label)), labels="required")

    def pictures(self, codes: Tensor) -> Tensor:
        return codes[:, None, None, 2:].expand(-1, 1, 4, -1) * 2 - 1


def stripes() -> Stripes:
    return Stripes(Stripes.Options(), Studio((1, 4, 4), tuple("abcd")))


def test_every_class_is_exhibited_unless_one_is_asked_for() -> None:
    assert stripes().exhibit(6, seed=0).classes.tolist() == [0, 1, 2, 3, 0, 1]
    works = stripes().exhibit(3, seed=0, labels=torch.tensor([2, 2, 2]))
    assert (works.pixels[:, 0, 0].argmax(1) == 2).all()


def test_z_is_drawn_from_its_prior_by_the_seed() -> None:
    once, again, other = (stripes().exhibit(500, seed).latents[:, :2] for seed in (1, 1, 2))
    assert torch.equal(once, again) and not torch.equal(once, other)
    assert once.mean().abs() < 0.1 and (once.std() - 1).abs() < 0.1


def test_labels_are_read_from_codes_if_none_are_given() -> None:
    codes = torch.tensor([[0.0, 0.0, 0.1, 0.7, 0.2, 0.0]])
    assert stripes().decode(codes).classes.tolist() == [1]
    assert torch.equal(stripes().decode(codes).latents, codes)  # a mix of classes stays one
    assert stripes().decode(codes, torch.tensor([3])).latents[0, 2:].tolist() == [0, 0, 0, 1]
