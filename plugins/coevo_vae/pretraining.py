"""Greedy layer-wise pre-training of a fully connected autoencoder (Bengio 2007)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coevo.latent_models.likelihoods import Likelihood, images_from


def greedy_loss(
    encoder: nn.Sequential, decoder: nn.Sequential, likelihood: Likelihood, x: Tensor, level: int
) -> Tensor:
    """The loss of one layer of the encoder and the layer of the decoder that reconstructs its input.

    Args:
        encoder: nn.Flatten, then layers that are each followed by an activation.
        decoder: as many layers, the first of which reads the code.
        x: pixels [N, C, H, W] in [0, 1].
        level: the encoder's layer, 0 for the one that reads pixels; all layers before it are kept as they are.
    """
    begin, end = 1 + 2 * level, 3 + 2 * level  # a layer and its activation
    layers = sum(isinstance(part, nn.Linear) for part in encoder)
    undo = 2 * (layers - 1 - level)
    with torch.no_grad():
        inputs = encoder[:begin](x)
    code = encoder[begin:end](inputs)
    if level == 0:
        return likelihood.loss(decoder[undo](code), images_from(inputs))
    errors = decoder[undo : undo + 2](code) - inputs
    return 0.5 * errors.square().sum(1).mean()
