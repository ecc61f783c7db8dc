"""Plain autoencoders and their penalties, against what they approximate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from coevo import ConfigError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.metrics import discrepancy
from coevo.nn.layers import ACTIVATIONS, dense
from coevo.testing.kit import conform
from coevo_vae.ae import AE
from coevo_vae.penalties import contraction, disturbance, sparsity

LITTLE: dict[str, Any] = {"hidden": [32], "latent": 4}


@pytest.mark.parametrize(
    "options",
    [
        LITTLE,
        {"hidden": [], "latent": 40, "code": "sigmoid", "sparse": "kl"},
        {"hidden": [], "latent": 8, "code": "sigmoid", "tied": True, "contractive": "analytic"},
        {**LITTLE, "contractive": "stochastic", "corruption": "salt-and-pepper", "sparse": "l1"},
        {**LITTLE, "wasserstein": 1.0, "likelihood": "bernoulli", "labels": True},
        {"hidden": [16, 8], "latent": 4, "activation": "sigmoid", "pretrain": 1},
        {"network": "convolution", "width": 4, "latent": 4, "corruption": "gaussian"},
    ],
)
def test_every_autoencoder_conforms(options: dict[str, Any]) -> None:
    conform("artist", AE, options)


def build(size: int = 16, seed: int = 0, **options: Any) -> AE:
    studio = Studio((1, size, size), tuple("0123456789"), seed=seed)
    studio.reseed()
    it = AE(AE.Options(**{**LITTLE, **options}), studio)
    it.check()
    it.build()
    return it


def reals(n: int = 100, size: int = 16) -> Works:
    return digits(DataOptions(size=size)).works(slice(0, n))


def teach(it: AE, works: Works, steps: int) -> AE:
    for _ in range(steps):
        it.learn(it.make(len(works), works), torch.zeros(len(works)))
    return it


# penalties


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("sizes", [[6, 3], [6, 5, 3], [6, 5, 4, 3]])
def test_contraction_is_the_norm_of_the_jacobian(activation: Any, sizes: list[int]) -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), *dense(sizes, activation)).double()
    x = torch.randn(4, 6, dtype=torch.double)
    jacobians = torch.stack([torch.autograd.functional.jacobian(encoder, one[None])[0, :, 0] for one in x])
    assert contraction(encoder, x).item() == pytest.approx(jacobians.square().sum((1, 2)).mean().item())


def test_contraction_has_gradients() -> None:
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
        return contraction(self.encoder, x)


def test_the_stochastic_penalty_becomes_the_analytic_one_as_the_noise_fades() -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(*dense([6, 5, 3], "sigmoid")).double()
    x = torch.randn(4, 6, dtype=torch.double)
    exact, many = contraction(encoder, x).item(), x.repeat(5000, 1)
    errors = []
    for deviation in (3.0, 1.0, 0.01):
        noise = deviation * torch.randn(many.shape, dtype=torch.double)
        errors.append(abs(disturbance(encoder, many, encoder(many), noise).item() / exact - 1))
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.03


def test_sparsity_worked_out() -> None:
    assert sparsity(torch.tensor([[1.0, -2.0], [0.0, 1.0]]), "l1", 0.1).item() == 2.0
    assert sparsity(torch.full((3, 2), 0.1), "kl", 0.1).item() == pytest.approx(0, abs=1e-6)
    wanted = 0.1 * np.log(0.1 / 0.5) + 0.9 * np.log(0.9 / 0.5)
    assert sparsity(torch.full((3, 1), 0.5), "kl", 0.1).item() == pytest.approx(wanted, rel=1e-4)


def test_discrepancy_is_nothing_between_equals_and_grows_with_distance() -> None:
    generator = torch.Generator().manual_seed(0)
    draw = lambda: torch.randn(500, 3, generator=generator)  # noqa: E731
    same, near, far = (discrepancy(draw(), draw() + shift).item() for shift in (0.0, 0.5, 2.0))
    assert abs(same) < 0.02 < near < far


# the family


def test_a_linear_one_spans_the_plane_of_principal_components() -> None:
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    images = draw(300, 3) @ draw(3, 64) * 0.2 + draw(300, 64) * 0.05  # three directions, and a little of all
    works = Works(images.reshape(300, 1, 8, 8))
    it = teach(
        build(8, hidden=[], latent=3, activation="linear", learning_rate=3e-2, lr_half_life=300, beta2=0.95), works, 500
    )
    components = np.linalg.svd((images - images.mean(0)).numpy(), full_matrices=False)[2][:3].T
    spanned, _ = np.linalg.qr(it.decoder[0].weight.detach().numpy())
    angles = np.degrees(np.arccos(np.clip(np.linalg.svd(components.T @ spanned, compute_uv=False), -1, 1)))
    assert angles.max() < 1


def test_codes_are_shown_as_gaussian() -> None:
    it = teach(build(), reals(), 200)
    codes = it.encode(reals())
    assert codes.mean(0).abs().max() < 0.5 and (codes.std(0) - 1).abs().max() < 0.6
    back = it.reconstruct(reals()).images
    images = reals().images
    assert back is not None and images is not None
    assert (back - images).square().mean() < 0.7 * (images - images.mean(0)).square().mean()


def test_tied_weights_are_one() -> None:
    it = build(hidden=[], latent=4, tied=True, code="sigmoid")
    before = it.encoder[1].weight.clone()
    teach(it, reals(), 2)
    weight = it.encoder[1].weight
    assert not torch.equal(weight, before)
    assert sum(p.numel() for p in it.parameters()) == 256 * 4 + 4 + 256
    code = torch.rand(2, 4)
    assert torch.allclose(it.decoder(code).flatten(1), code @ weight + it.decoder[0].bias, atol=1e-6)


def test_pretraining_teaches_a_layer_at_a_time() -> None:
    it = build(hidden=[16, 8], latent=4, activation="sigmoid", pretrain=2)
    layers = [1, 3, 5]
    for level in range(3):
        before = [it.encoder[layer].weight.clone() for layer in layers]
        teach(it, reals(), 2)
        moved = [not torch.equal(it.encoder[layer].weight, old) for layer, old in zip(layers, before, strict=True)]
        assert moved == [other == level for other in range(3)]
    before = [it.encoder[layer].weight.clone() for layer in layers]
    teach(it, reals(), 1)
    assert all(not torch.equal(it.encoder[layer].weight, old) for layer, old in zip(layers, before, strict=True))


def test_a_wasserstein_code_nears_its_prior() -> None:
    free, held = (teach(build(wasserstein=weight), reals(), 300) for weight in (0.0, 100.0))
    draws = torch.randn(1000, 4, generator=torch.Generator().manual_seed(1))
    found = [it.make(100, reals()).codes for it in (free, held)]
    distances = [discrepancy(codes.detach(), draws).item() for codes in found if codes is not None]
    assert distances[1] < 0.5 * distances[0]


# what does not fit


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"network": "convolution", "tied": True}, "tied wants artist.network=dense"),
        ({"normalise": True, "pretrain": 5}, "pretrain wants artist.network=dense"),
        ({"network": "convolution", "contractive": "analytic"}, "contractive=analytic wants"),
        ({"sparse": "kl"}, "say artist.code=sigmoid"),
        ({"tied": True, "ema": 0.9}, "ema averages weights"),
        ({"tied": True, "labels": True}, "labels are more than the encoder finds"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        build(**options)
