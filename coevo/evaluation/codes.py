"""Figures of codes: how well they reconstruct, what they say of classes, and how near they are to their priors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from coevo.contract.capabilities import Decoder, Encoder, Reconstructor, SelfEvaluating
from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.data.datasets import Dataset
from coevo.errors import ConfigError
from coevo.evaluation.metrics import discrepancy, flat, parzen, pixel_error
from coevo.extras import needed
from coevo.images.rendering import reconstruct
from coevo.latent_models.priors import draw

ENCODED = 10_000  # works, and as many draws of the prior to compare their codes with
IN_MMD = 2_000  # of them for the discrepancy, whose cost is quadratic
VALIDATION = 1_000  # works that the width of a Parzen window is chosen by


def code_figures(
    artist: Artist, known: Dataset, held_out: Dataset | None, draws: int, labelled: Tensor | None = None
) -> dict[str, float | str]:
    """Figures of an artist's codes of held-out works, or of the known ones if none were held out; and its own figures.

    Args:
        artist: whose codes; without an encoder the figures are those that it has itself.
        known, held_out: real works.
        draws: samples of the posterior, for an importance-weighted likelihood.
        labelled: indices of the known works whose labels it has learnt from; None: all of them. Its errors of classes
            are counted over the others, and left out if there are none.

    Returns:
        Errors as shares, the reconstruction error as mean squared error of pixels in [0, 1], log-likelihoods in nats;
        `left_out` is a sentence about a figure that needs a package that is not installed.
    """
    works = (held_out or known).works(slice(0, ENCODED))
    if not isinstance(artist, Encoder):
        return dict(artist.evaluate(works, draws)) if isinstance(artist, SelfEvaluating) else {}
    codes = artist.encode(works).cpu()
    unseen = torch.full((len(works),), held_out is not None or labelled is not None)  # works whose labels are unseen
    if held_out is None and labelled is not None:
        unseen[labelled[labelled < len(works)]] = False
    figures: dict[str, float | str] = {"encoded": len(codes)}
    if isinstance(artist, Reconstructor | Decoder):
        figures["reconstruction_error"] = reconstruction_error(artist, works)
    for block, part in zip(artist.code, artist.code.split(codes).values(), strict=True):
        if block.conditioning:
            continue
        if block.role == "label" and works.labels is not None and unseen.any():
            figures["classification_error"] = error(part.argmax(1)[unseen], works.labels[unseen])
        if block.role == "cluster" and works.labels is not None:
            guide = known.works(slice(0, ENCODED))
            shares = artist.encode(guide).cpu()[:, artist.code.slices[block.name]]
            figures["clustering_error"] = error(cluster_labels(shares, guide.classes)[part.argmax(1)], works.labels)
        if block.prior != "categorical":
            prior = draw([block], len(codes), torch.Generator().manual_seed(0), None, len(known.classes))
            figures[f"{block.name}_mmd"] = discrepancy(part[:IN_MMD], prior[:IN_MMD]).item()
            try:
                figures[f"{block.name}_two_sample_accuracy"] = two_sample_accuracy(part, prior)
            except ConfigError as missing:  # the package
                figures["left_out"] = str(missing)
    return figures | (dict(artist.evaluate(works, draws)) if isinstance(artist, SelfEvaluating) else {})


def reconstruction_error(artist: Artist, works: Works) -> float:
    """Mean squared error of the reconstructions of works, for pixels in [0, 1]."""
    return pixel_error(reconstruct(artist, works).pixels.cpu(), works.pixels).item()


def error(found: Tensor, labels: Tensor) -> float:
    """The share of the classes [N] that are not the labels [N]."""
    return (found != labels).float().mean().item()


def cluster_labels(shares: Tensor, labels: Tensor) -> Tensor:
    """The label of each cluster [K]: that of the work with the highest q(y = k | x).

    Args:
        shares: q(y | x) of N works, [N, K].
        labels: int64 [N].

    Reference:
        Makhzani et al. (2015), Adversarial autoencoders, §6.
    """
    return labels[shares.argmax(0)]


def two_sample_accuracy(codes: Tensor, draws: Tensor) -> float:
    """The accuracy of a network of 2 × 128 units that tells codes [N, D] from draws [N, D], on a held-out third.

    0.5 is chance: the two have the same distribution, as far as it can see.

    Reference:
        Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    """
    x = np.concatenate([codes.numpy(), draws.numpy()])
    y = np.repeat([0, 1], [len(codes), len(draws)])
    order = np.random.default_rng(0).permutation(len(x))
    train, test = np.split(order, [2 * len(x) // 3])
    networks = needed("sklearn.neural_network", "classifiers", "The figure two_sample_accuracy")
    network = networks.MLPClassifier((128, 128), early_stopping=True, n_iter_no_change=5, random_state=0)
    return float(network.fit(x[train], y[train]).score(x[test], y[test]))


def parzen_figures(images: Tensor, known: Dataset, held_out: Dataset | None) -> Mapping[str, float]:
    """Log-likelihood of held-out works by a Parzen window: mean, its standard error and the width.

    Args:
        images: made pictures [N, C, H, W] in [-1, 1]; Gaussians stand around them.
        known, held_out: real works; the width is chosen by known ones.
    """
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:VALIDATION]
    validation, test = known.works(order).pixels, (held_out or known).works(slice(0, ENCODED)).pixels
    mean, standard_error, sigma = parzen(flat(images), flat(validation), flat(test))
    return {"parzen": mean, "parzen_error": standard_error, "parzen_sigma": sigma}
