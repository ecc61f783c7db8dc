"""The likelihood of images under a VAE, estimated by importance sampling (Burda 2015, arXiv:1509.00519)."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import torch
from torch import Tensor, nn

from coevo import Works
from coevo.latent_models.autoencoder import Autoencoder

WORKS, DRAWS = 100, 50  # works, and draws for each, that are decoded together


@torch.no_grad()
def log_likelihood(vae: Autoencoder, works: Works, draws: int, seed: int = 0) -> Tensor:
    """log 1/K Σ p(x|z) p(z) / q(z|x) of K draws z ~ q(z|x) (eq. 8), in nats.

    With one draw it estimates the evidence lower bound; it rises with K to log p(x). Memory does not grow with K.

    Args:
        vae: its encoder gives mean and log-variance of q(z|x).
        works: N real works, with labels if the decoder is conditional.
        draws: K.
        seed: of the draws, whatever the run's streams are at.

    Returns:
        [N], on the CPU.
    """
    generator = torch.Generator(vae.studio.device).manual_seed(seed)
    parts = [works[begin : begin + WORKS] for begin in range(0, len(works), WORKS)]
    return torch.cat([_log_likelihood(vae, part, draws, generator) for part in parts])


def _log_likelihood(vae: Autoencoder, works: Works, draws: int, generator: torch.Generator) -> Tensor:
    device = vae.studio.device
    labels = None if works.labels is None else works.labels.to(device)
    works = Works(works.pixels.to(device), labels=labels)
    total = torch.full((len(works),), -torch.inf, device=device)
    with vae.eval_networks() as (encoder, decoder):
        mean, log_variance = encoder(vae.encoder_inputs(works.pixels)).chunk(2, 1)
        for begin in range(0, draws, DRAWS):
            shape = min(DRAWS, draws - begin), *mean.shape
            noise = torch.randn(shape, generator=generator, device=device)
            log_weights = weighed(vae, decoder, works, mean, log_variance, noise).log_weights
            total = torch.logaddexp(total, log_weights.logsumexp(0))
    return (total - log(draws)).cpu()


class Weighed(NamedTuple):
    """K draws z ~ q(z|x) for each of N works, decoded."""

    log_weights: Tensor  # log p(x|z) p(z) / q(z|x): [K, N]
    codes: Tensor  # [K · N, D]
    outputs: Tensor  # the decoder's, [K · N, ·, H, W]


def weighed(
    vae: Autoencoder, decoder: nn.Module, works: Works, mean: Tensor, log_variance: Tensor, noise: Tensor
) -> Weighed:
    """Draws of works' codes and their weights, with gradients to the decoder and to the posterior.

    Args:
        vae: whose likelihood and code they are.
        decoder: its network, or the average of it.
        works: N real works, on the device.
        mean, log_variance: of q(z|x), [N, D].
        noise: [K, N, D] from N(0, I).
    """
    k = len(noise)
    z = (mean + (log_variance / 2).exp() * noise).flatten(0, 1)
    # log p(z) - log q(z|x): the factors (2π)^-½ of the two cancel
    ratio = (-0.5 * z.square() + 0.5 * noise.flatten(0, 1).square()).sum(1) + log_variance.sum(1).repeat(k) / 2
    codes = vae.with_labels(z, None if works.labels is None else works.labels.repeat(k))
    outputs = decoder(codes)
    log_x = vae.likelihood.log_prob(outputs, works.pixels.repeat(k, 1, 1, 1))
    return Weighed((log_x + ratio).view(k, -1), codes, outputs)
