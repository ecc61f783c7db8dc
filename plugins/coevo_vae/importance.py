"""The likelihood of images under a VAE, estimated by importance sampling (Burda 2015, arXiv:1509.00519)."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

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
    images = works.pixels.to(vae.studio.device)
    labels = None if works.labels is None else works.labels.to(images.device)
    total = torch.full((len(images),), -torch.inf, device=images.device)
    with vae.eval_networks() as (encoder, decoder):
        mean, log_variance = encoder(vae.encoder_inputs(images)).chunk(2, 1)
        for begin in range(0, draws, DRAWS):
            k = min(DRAWS, draws - begin)
            noise = torch.randn(k, *mean.shape, generator=generator, device=mean.device)
            z = (mean + (log_variance / 2).exp() * noise).flatten(0, 1)
            # log p(z) - log q(z|x): the factors (2π)^-½ of the two cancel
            ratio = (-0.5 * z.square() + 0.5 * noise.flatten(0, 1).square()).sum(1) + log_variance.sum(1).repeat(k) / 2
            outputs = decoder(vae.with_labels(z, None if labels is None else labels.repeat(k)))
            log_x = vae.likelihood.log_prob(outputs, images.repeat(k, 1, 1, 1))
            total = torch.logaddexp(total, (log_x + ratio).view(k, -1).logsumexp(0))
    return (total - log(draws)).cpu()
