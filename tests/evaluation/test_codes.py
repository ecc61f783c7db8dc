"""Figures of codes: errors counted by hand, two-sample tests, and likelihoods against closed forms."""

from __future__ import annotations

import json
import re
import sys
from math import log, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import CommandLine
from torch import nn
from torch.distributions import MultivariateNormal

from coevo import Studio, Works
from coevo.contract.works import CodeBlock, CodeLayout
from coevo.data.datasets import Dataset
from coevo.evaluation.codes import cluster_labels, code_figures, two_sample_accuracy
from coevo.evaluation.metrics import parzen
from coevo.latent_models.likelihoods import Likelihood, make_likelihood
from coevo_vae.importance import log_likelihood
from coevo_vae.vae import VAE


def test_a_cluster_has_the_label_of_its_most_probable_work() -> None:
    shares = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    assert cluster_labels(shares, torch.tensor([7, 3, 5])).tolist() == [7, 5]


def test_two_sample_accuracy_is_chance_for_equal_distributions_only() -> None:
    generator = torch.Generator().manual_seed(0)
    draw = lambda: torch.randn(3000, 2, generator=generator)  # noqa: E731
    assert two_sample_accuracy(draw(), draw()) < 0.55
    assert two_sample_accuracy(draw(), draw() * 0.3) > 0.7


def test_a_parzen_window_around_one_point_is_a_gaussian() -> None:
    point, test = torch.zeros(1, 3), torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * 0.2
    mean, _, sigma = parzen(point, test, test)
    wanted = -1.5 * log(2 * pi * sigma**2) - test.square().sum(1).mean().item() / (2 * sigma**2)
    assert mean == pytest.approx(wanted, rel=1e-4) and 0.15 < sigma < 0.25


# the likelihood of a model that is Gaussian through and through


class Plane(VAE):
    """x = W z + b + noise of σ, so p(x) = N(b, W Wᵀ + σ²)."""

    name = "plane"

    @property
    def likelihood(self) -> Likelihood:
        return make_likelihood("gaussian", 0.5, squash=False)


@pytest.fixture
def plane() -> VAE:
    studio = Studio((1, 4, 4), tuple("01"))
    studio.reseed()
    it = Plane(Plane.Options(network="dense", ema=0, hidden=(), latent=2, likelihood="gaussian", pixel_std=0.5), studio)
    it.build()
    with torch.no_grad():
        it.decoder[0].weight.mul_(0.5)
    return it


def test_the_importance_bound_tightens_to_the_likelihood(plane: VAE) -> None:
    images = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    linear = plane.decoder[0]
    assert isinstance(linear, nn.Linear)
    covariance = linear.weight @ linear.weight.T + 0.25 * torch.eye(16)
    exact = MultivariateNormal(linear.bias, covariance).log_prob((images.flatten(1) + 1) / 2).mean().item()
    bounds = [log_likelihood(plane, Works(images), draws).mean().item() for draws in (1, 10, 100, 5000)]
    assert bounds == sorted(bounds) and bounds[0] < exact
    assert bounds[-1] == pytest.approx(exact, abs=0.1)


def test_draws_in_batches_are_draws_at_once(plane: VAE) -> None:
    images = torch.rand(3, 1, 4, 4) * 2 - 1
    many = [log_likelihood(plane, Works(images), draws, seed=draws) for draws in (2000, 2001)]
    assert torch.allclose(*many, atol=0.2)


# classes of works whose labels an artist has learnt from


class Guesser(VAE):
    """Says class 0 of every work."""

    name = "guesser"

    @property
    def code(self) -> CodeLayout:
        return CodeLayout((CodeBlock("y", 2, prior="categorical", role="label"),))

    def encode(self, works: Works) -> torch.Tensor:
        return torch.tensor([[1.0, 0.0]]).expand(len(works), 2)

    def evaluate(self, works: Works, draws: int) -> dict[str, float]:
        return {}


def test_errors_are_counted_over_works_whose_labels_are_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo.evaluation.codes.reconstruction_error", lambda *_: 0.0)
    guesser = Guesser(Guesser.Options(), Studio((1, 4, 4), tuple("01")))
    works = Dataset("w", torch.zeros(4, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 0, 1, 1]), tuple("01"))
    assert "classification_error" not in code_figures(guesser, works, None, 1)  # it has learnt from all labels
    assert "classification_error" not in code_figures(guesser, works, None, 1, torch.arange(4))
    assert code_figures(guesser, works, None, 1, torch.tensor([0, 1]))["classification_error"] == 1
    assert code_figures(guesser, works, None, 1, torch.tensor([0, 2]))["classification_error"] == 0.5
    assert code_figures(guesser, works, works, 1)["classification_error"] == 0.5


class Place(Guesser):
    """Has a code that is all zeros."""

    @property
    def code(self) -> CodeLayout:
        return CodeLayout((CodeBlock("z", 2),))

    def encode(self, works: Works) -> torch.Tensor:
        return torch.zeros(len(works), 2)


def test_without_scikit_learn_one_figure_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo.evaluation.codes.reconstruction_error", lambda *_: 0.0)
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", None)
    artist = Place(Place.Options(), Studio((1, 4, 4)))
    figures = code_figures(artist, Dataset("w", torch.zeros(20, 1, 4, 4, dtype=torch.uint8)), None, 1)
    assert "z_mmd" in figures and "z_two_sample_accuracy" not in figures
    assert re.search(r"two_sample_accuracy needs the package .*coevo\[classifiers\]", str(figures["left_out"]))


# on the command line

SMALL_DATA = ["-o", "data.size=16", "-o", "artist.hidden=[32]", "--rounds", 4]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    command = CommandLine(tmp_path_factory.mktemp("trained") / "runs")
    for recipe in ("vae", "vae-manifold", "aae-semi-supervised", "aae-clustering", "contractive-autoencoder"):
        hidden = [] if recipe == "contractive-autoencoder" else SMALL_DATA[2:4]
        answer = command("run", recipe, "--name", recipe, *SMALL_DATA[:2], *hidden, *SMALL_DATA[4:])
        assert answer.code == 0, answer.err
    return command


@pytest.mark.parametrize(
    ("run", "found"),
    [
        ("vae", {"reconstruction_error", "elbo", "nll_of_5_draws", "z_two_sample_accuracy", "parzen"}),
        ("aae-semi-supervised", {"classification_error", "z_mmd"}),
        ("aae-clustering", {"clustering_error"}),
    ],
)
@pytest.mark.slow
def test_evaluate_measures_codes(trained: CommandLine, run: str, found: set[str]) -> None:
    figures: Any = json.loads(trained("evaluate", run, "-n", 50, "--draws", 5, "--parzen", "--json").out)
    assert found <= figures.keys()
    assert all(0 <= figures[key] <= 1 for key in found if key.endswith("error") or key.endswith("accuracy"))
    if run == "vae":
        assert -figures["elbo"] >= figures["nll_of_5_draws"]


def test_encode_writes_codes_labels_and_blocks(trained: CommandLine, tmp_path: Path) -> None:
    assert trained("encode", "aae-semi-supervised", "-n", 30, "-o", tmp_path / "codes.npz").code == 0
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as file:
        assert file["codes"].shape == (30, 20) and file["labels"].shape == (30,)
        assert file["blocks"].tolist() == ["z", "class"] and file["sizes"].tolist() == [10, 10]


@pytest.mark.parametrize(
    "words",
    [
        ["reconstruct", "vae", "-n", 7, "--columns", 4],
        ["manifold", "vae-manifold", "--side", 3],
        ["scatter", "aae-semi-supervised", "-n", 50],
        ["scatter", "aae-clustering", "--code", "cluster", "-n", 50],
        ["tangents", "contractive-autoencoder", "vae", "-n", 2, "--directions", 3],
        ["traverse", "aae-semi-supervised", "--rows", 2],
    ],
)
def test_pictures_of_a_latent_space(trained: CommandLine, tmp_path: Path, words: list[Any]) -> None:
    answer = trained(*words, "-o", tmp_path / "x.png", "--show")
    assert answer.code == 0, answer.err
    assert (tmp_path / "x.png").stat().st_size > 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["manifold", "vae"], "A manifold needs a code of two dimensions, and artist 'vae' has z 40"),
        (["scatter", "vae", "--code", "y"], "has no code called 'y'; it has: z"),
        (["encode", "vae", "-o", "codes.txt"], "should end with .npz"),
        (["scatter", "vae", "-o", "x.jpg"], "should end with .png"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused(
    trained: CommandLine, tmp_path: Path, words: list[str], said: str
) -> None:
    answer = trained(*words)
    assert answer.code == 2 and said in answer.err


def test_artists_without_an_encoder_are_refused(played: CommandLine, tmp_path: Path) -> None:
    for command in ("encode", "reconstruct", "scatter", "tangents"):
        answer = played(command, "small", "-o", tmp_path / ("x.npz" if command == "encode" else "x.png"))
        assert answer.code == 2 and "cannot encode pictures" in answer.err
    assert not list(tmp_path.iterdir())
