"""From pictures to visible units and back."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.latent_models.likelihoods import images_from, intensities
from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.machine import Machine


def units(machine: Machine, images: Tensor, std: float) -> Tensor:
    """The visible units [N, pixels] of images [N, C, H, W] in [-1, 1]: probabilities of white, or distances of
    pixels in [0, 1] from grey, in standard deviations `std`."""
    x = intensities(images).flatten(1)
    return x if machine.visible == "bernoulli" else (x - 0.5) / std


def pictures(machine: Machine, v: Tensor, image: tuple[int, int, int], std: float) -> Tensor:
    """Images [N, C, H, W] in [-1, 1] of visible units, or of their means, [N, V]."""
    x = v[:, : machine.pixels]
    x = x if machine.visible == "bernoulli" else x * std + 0.5
    return images_from(x.clamp(0, 1)).unflatten(1, image)


def binary(images: Tensor, seed: int = 0) -> Tensor:
    """Pixels [N, P] of images in [-1, 1] as draws, each white with the probability that it has."""
    generator = torch.Generator(images.device).manual_seed(seed)
    return bernoulli(intensities(images).flatten(1).clamp(0, 1), generator)
