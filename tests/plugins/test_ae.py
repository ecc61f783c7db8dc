"""Plain autoencoders and their penalties, beside what they approximate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from coevo import ConfigError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.metrics import discrepancy
from coevo.images.rendering import reconstruct
from coevo.nn.layers import ACTIVATIONS, dense
from coevo.testing.kit import conform
from coevo_vae.ae import AE
from coevo_vae.penalties import Sparsity, finite_difference_norm, jacobian_norm

SMALL: dict[str, Any] = {"hidden": [32], "latent": 4}


@pytest.mark.parametrize(
    "options",
    [
        SMALL,
        {"hidden": [], "latent": 40, "code_activation": "sigmoid", "sparse": "kl"},
        {"hidden": [], "latent": 8, "code_activation": "sigmoid", "tied": True, "contractive": "analytic"},
        {**SMALL, "contractive": "stochastic", "input_salt_pepper": 0.3, "sparse": "l1"},
        {**SMALL, "mmd_weight": 1.0, "likelihood": "bernoulli", "conditional": True},
        {"hidden": [16, 8], "latent": 4, "activation": "sigmoid", "pretrain_steps": 1},
        {"network": "convolution", "width": 4, "latent": 4, "input_noise": 0.3},
    ],
)
def test_every_autoencoder_conforms(options: dict[str, Any]) -> None:
    conform("artist", AE, options)


def build(size: int = 16, seed: int = 0, **options: Any) -> AE:
    studio = Studio((1, size, size), tuple("0123456789"), seed=seed)
    studio.reseed()
    it = AE(AE.Options(**{**SMALL, **options}), studio)
    it.check()
    it.build()
    return it


def reals(n: int = 100, size: int = 16) -> Works:
    return digits(DataOptions(size=size)).works(slice(0, n))


def train(it: AE, works: Works, steps: int) -> AE:
    for _ in range(steps):
        it.learn(it.make(len(works), works), torch.zeros(len(works)))
    return it


# penalties


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("sizes", [[6, 3], [6, 5, 3], [6, 5, 4, 3]])
def test_analytic_contraction_is_the_norm_of_the_jacobian(activation: Any, sizes: list[int]) -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), *dense(sizes, activation)).double()
    x = torch.randn(4, 6, dtype=torch.double)
    jacobians = torch.stack([torch.autograd.functional.jacobian(encoder, one[None])[0, :, 0] for one in x])
    assert jacobian_norm(encoder, x).item() == pytest.approx(jacobians.square().sum((1, 2)).mean().item())


def test_analytic_contraction_has_gradients() -> None:
    encoder = nn.Sequential(*dense([6, 5, 3], "tanh")).double()
    x = torch.randn(4, 6, dtype=torch.double)
    weight = encoder[0].weight

    def penalty(weight: Tensor) -> Tensor:
        return torch.func.functional_call(Penalised(encoder), {"encoder.0.weight": weight}, x)

    assert torch.autograd.gradcheck(penalty, (weight.detach().requires_grad_(),))


class Penalised(nn.Module):
    def __init__(self, encoder: nn.Sequential):
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        return jacobian_norm(self.encoder, x)


def test_stochastic_contraction_approaches_the_analytic_one_as_the_noise_shrinks() -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(*dense([6, 5, 3], "sigmoid")).double()
    x = torch.randn(4, 6, dtype=torch.double)
    exact, many = jacobian_norm(encoder, x).item(), x.repeat(5000, 1)
    errors = []
    for std in (3.0, 1.0, 0.01):
        noise = std * torch.randn(many.shape, dtype=torch.double)
        errors.append(abs(finite_difference_norm(encoder, many, encoder(many), noise).item() / exact - 1))
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.03


def test_sparsity_by_hand() -> None:
    def sparsity(kind: Any, codes: Tensor) -> float:
        return Sparsity(kind, weight=2.0, target=0.1)(nn.Sequential(), codes, codes).item()

    assert sparsity("l1", torch.tensor([[1.0, -2.0], [0.0, 1.0]])) == 4.0
    assert sparsity("kl", torch.full((3, 2), 0.1)) == pytest.approx(0, abs=1e-6)
    kl = 0.1 * np.log(0.1 / 0.5) + 0.9 * np.log(0.9 / 0.5)
    assert sparsity("kl", torch.full((3, 1), 0.5)) == pytest.approx(2 * kl, rel=1e-4)


# the family


def test_a_linear_autoencoder_spans_the_principal_components() -> None:
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    images = draw(300, 3) @ draw(3, 64) * 0.2 + draw(300, 64) * 0.05  # three directions, and a little of all
    works = Works(images.reshape(300, 1, 8, 8))
    it = train(
        build(8, hidden=[], latent=3, activation="linear", learning_rate=3e-2, lr_half_life=300, beta2=0.95), works, 500
    )
    components = np.linalg.svd((images - images.mean(0)).numpy(), full_matrices=False)[2][:3].T
    spanned, _ = np.linalg.qr(it.decoder[0].weight.detach().numpy())
    angles = np.degrees(np.arccos(np.clip(np.linalg.svd(components.T @ spanned, compute_uv=False), -1, 1)))
    assert angles.max() < 1


def test_codes_are_whitened() -> None:
    it, works = train(build(), reals(), 200), reals()
    codes = it.encode(works)
    assert codes.mean(0).abs().max() < 0.5 and (codes.std(0) - 1).abs().max() < 0.6
    error = (reconstruct(it, works).pixels - works.pixels).square().mean()
    assert error < 0.7 * (works.pixels - works.pixels.mean(0)).square().mean()


def test_tied_weights_are_shared() -> None:
    it = build(hidden=[], latent=4, tied=True, code_activation="sigmoid")
    before = it.encoder[1].weight.clone()
    train(it, reals(), 2)
    weight = it.encoder[1].weight
    assert not torch.equal(weight, before)
    assert sum(p.numel() for p in it.parameters()) == 256 * 4 + 4 + 256
    code = torch.rand(2, 4)
    assert torch.allclose(it.decoder(code).flatten(1), code @ weight + it.decoder[0].bias, atol=1e-6)


def test_pretraining_trains_one_layer_at_a_time() -> None:
    it = build(hidden=[16, 8], latent=4, activation="sigmoid", pretrain_steps=2)
    layers = [1, 3, 5]
    for level in range(3):
        before = [it.encoder[layer].weight.clone() for layer in layers]
        train(it, reals(), 2)
        changed = [not torch.equal(it.encoder[layer].weight, old) for layer, old in zip(layers, before, strict=True)]
        assert changed == [other == level for other in range(3)]
    before = [it.encoder[layer].weight.clone() for layer in layers]
    train(it, reals(), 1)
    assert all(not torch.equal(it.encoder[layer].weight, old) for layer, old in zip(layers, before, strict=True))


@pytest.mark.slow
def test_a_wasserstein_autoencoder_brings_codes_nearer_to_their_prior() -> None:
    free, held = (train(build(mmd_weight=weight), reals(), 300) for weight in (0.0, 100.0))
    draws = torch.randn(1000, 4, generator=torch.Generator().manual_seed(1))
    distances = [discrepancy(it.make(100, reals()).latents.detach(), draws).item() for it in (free, held)]
    assert distances[1] < 0.5 * distances[0]


# options


def test_options_of_older_versions_are_upgraded() -> None:
    old = {"latent": 4, "code": "sigmoid", "sparse": "kl", "sparsity": 3.0, "active": 0.1, "deviation": 0.5,
           "contraction": 0.2, "disturbance": 0.3, "wasserstein": 1.0, "pretrain": 5, "normalise": False,
           "labels": False, "corruption": "masking", "corrupted": 0.4}  # fmt: skip
    new = {"latent": 4, "code_activation": "sigmoid", "sparse": "kl", "sparsity_weight": 3.0, "target_activity": 0.1,
           "pixel_std": 0.5, "contraction_weight": 0.2, "contraction_noise": 0.3, "mmd_weight": 1.0,
           "pretrain_steps": 5, "batch_norm": False, "conditional": False, "input_mask": 0.4}  # fmt: skip
    assert AE.upgrade(old) == new
    AE.Options(**new)


def test_an_old_kind_of_corruption_is_answered_with_the_new_options() -> None:
    with pytest.raises(ConfigError, match=r"artist.input_mask \(masking\)"):
        AE.Options(corruption="masking")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "convolution", "tied": True}, "tied needs artist.network=dense"),
        ({"batch_norm": True, "pretrain_steps": 5}, "pretrain_steps needs artist.network=dense"),
        ({"network": "convolution", "contractive": "analytic"}, "contractive=analytic needs"),
        ({"sparse": "kl"}, "choose artist.code_activation=sigmoid"),
        ({"tied": True, "ema": 0.9}, "ema, which averages weights"),
        ({"tied": True, "conditional": True}, "conditional, whose decoder reads more"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**options)
