"""How good codes are: what comes back of them, what they say of classes, and how near to their priors they lie."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.data.datasets import Dataset
from coevo.evaluation.metrics import discrepancy, parzen, pixel_error
from coevo.evaluation.report import flat
from coevo.latent_models.decoder import Decoding
from coevo.latent_models.priors import draw

CODES = 10_000  # that are compared with as many draws of the prior
SOME = 2_000  # of them for the discrepancy, which takes the square of it
VALIDATION = 1_000  # works that the width of a Parzen window is chosen by


def code_figures(artist: Artist, known: Dataset, held_out: Dataset | None, draws: int) -> dict[str, float]:
    """Figures of an artist's codes of held-out works, or of the known ones where none were held out; none where it
    cannot encode.

    draws: of the posterior, for an importance-sampled likelihood. Errors are shares; the error of what comes back is
    the mean square over the pixels in [0, 1]; log-likelihoods are in nats.
    """
    if not artist.encodes:
        return {}
    works = (held_out or known).works(slice(0, CODES))
    codes = artist.encode(works).cpu()
    figures: dict[str, float] = {}
    if isinstance(artist, Decoding):
        figures["reconstruction_error"] = reconstruction_error(artist, works)
    for block in artist.codes:
        place = artist.code_slices[block.name]
        if block.given:
            continue
        if block.name == "class" and works.labels is not None:
            wrong = codes[:, place].argmax(1) != works.labels
            figures["classification_error"] = wrong.float().mean().item()
        if block.name == "cluster" and works.labels is not None:
            guide = known.works(slice(0, CODES))
            assert guide.labels is not None
            names = cluster_names(artist.encode(guide).cpu()[:, place], guide.labels)
            figures["clustering_error"] = (names[codes[:, place].argmax(1)] != works.labels).float().mean().item()
        if block.prior != "categorical":
            drawn = draw([block], len(codes), torch.Generator().manual_seed(0), None, len(known.classes))
            figures[f"{block.name}_discrepancy"] = discrepancy(codes[:SOME, place], drawn[:SOME]).item()
            figures[f"{block.name}_told_from_prior"] = told_apart(codes[:, place], drawn)
    return figures | dict(artist.figures(works, draws))


def reconstruction_error(artist: Decoding, works: Works) -> float:
    """Mean square error over the pixels in [0, 1] of what comes back of works."""
    back = artist.reconstruct(works).images
    assert back is not None and works.images is not None
    return pixel_error(back.cpu(), works.images).item()


def cluster_names(shares: Tensor, labels: Tensor) -> Tensor:
    """The label of each cluster [K]: that of the work with the highest q(y = k | x) (Makhzani 2015, §6); shares [N, K],
    labels int64 [N]."""
    return labels[shares.argmax(0)]


def told_apart(ones: Tensor, others: Tensor) -> float:
    """How often a network of 2 × 128 units tells codes [N, D] from draws [N, D], on the third that it has not learnt
    from; 0.5 is not at all."""
    x = np.concatenate([ones.numpy(), others.numpy()])
    y = np.repeat([0, 1], [len(ones), len(others)])
    order = np.random.default_rng(0).permutation(len(x))
    learnt, rest = np.split(order, [2 * len(x) // 3])
    network = MLPClassifier((128, 128), early_stopping=True, n_iter_no_change=5, random_state=0)
    return float(network.fit(x[learnt], y[learnt]).score(x[rest], y[rest]))


def parzen_figures(images: Tensor, known: Dataset, held_out: Dataset | None) -> Mapping[str, float]:
    """Log-likelihood of held-out works under Gaussians around made pictures [N, C, H, W] in [-1, 1]: mean, its standard
    error and the width; pixels in [0, 1]. The width is chosen on known works."""
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:VALIDATION]
    validation, test = known.works(order).images, (held_out or known).works(slice(0, CODES)).images
    assert validation is not None and test is not None
    mean, error, sigma = parzen(flat(images), flat(validation), flat(test))
    return {"parzen": mean, "parzen_error": error, "parzen_sigma": sigma}
