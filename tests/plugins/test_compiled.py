"""Autoencoders that learn by compiled networks learn what the plain ones do, within rounding."""

from __future__ import annotations

import shutil
from itertools import islice
from typing import Any

import pytest
import torch

from coevo import Studio
from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, digits
from coevo.loop import Phase, coevolve
from coevo_aae.aae import AAE
from coevo_aae.latent import LatentCritic
from coevo_vae.none import NoCritic
from coevo_vae.vae import VAE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler, and there is no g++"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch about itself
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"),  # the same
]
PAIRS: dict[str, tuple[Any, Any, dict[str, Any], list[Phase]]] = {
    "convolutional vae": (VAE, NoCritic, {"network": "convolution", "width": 4, "ema": 0.9}, [Phase("artist")]),
    "aae": (AAE, LatentCritic, {"posterior": "gaussian"}, [Phase("critic"), Phase("artist")]),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_compiled_autoencoders_learn_what_plain_ones_do(pair: str) -> None:
    artist_type, critic_type, options, phases = PAIRS[pair]

    def learnt(compiled: bool) -> tuple[list[float], torch.Tensor, torch.Tensor]:
        studio = Studio((1, 16, 16), tuple("0123456789"), batch=20, compile=compiled)
        with studio.playing():
            studio.reseed()
            hidden = {"hidden": (32,)} if options.get("network", "dense") == "dense" else {}
            artist = artist_type(artist_type.Options(latent=4, **hidden, **options), studio)
            critic = critic_type(
                critic_type.Options(**({"hidden": (32,)} if critic_type is LatentCritic else {})), studio
            )
            artist.build()
            critic.build(artist)
            batches = DatasetBatches(digits(DataOptions(size=16)), 20, 0, [1] * len(phases), studio.device)
            turns = list(islice(coevolve(artist, critic, batches, phases), 8))
            numbers = [float(value) for turn in turns for value in turn.metrics.values()]
            weights = torch.cat([p.detach().flatten() for player in (artist, critic) for p in player.parameters()])
            return numbers, weights, artist.exhibit(6, 0).pixels

    numbers, weights, pictures = learnt(compiled=False)
    again, same_weights, same_pictures = learnt(compiled=True)
    assert again == pytest.approx(numbers, rel=1e-3, abs=1e-4)
    assert torch.allclose(same_weights, weights, atol=1e-3)
    assert torch.allclose(same_pictures, pictures, atol=1e-3)
    assert (weights != same_weights).any()  # compiled networks round otherwise: these really were
