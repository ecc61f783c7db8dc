"""Training speed beside pythae (pip install 'coevo[bench]'): its VAE and AAE and ours, the same networks, interleaved.

784-512-16 networks, batches of 100, the AAE's critic 16-256-1; images/s of whole training steps, data included. Each
library has a process of its own, as its users have: what one does to the heap changes the speed of the other.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Any

import torch

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import Dataset
from coevo.loop import Phase, coevolve
from coevo.studio import Studio
from coevo.studio.devices import fast_bf16
from coevo_aae.aae import AAE
from coevo_aae.latent import LatentCritic
from coevo_vae.none import NoCritic
from coevo_vae.vae import VAE

BATCH, IMAGES, PAIRS = 100, 10_000, 25

os.environ["TQDM_DISABLE"] = "1"  # pythae draws no progress bars
try:
    from pythae.data.preprocessors import DataProcessor
    from pythae.models import VAE as PythaeVAE
    from pythae.models import Adversarial_AE, Adversarial_AE_Config, VAEConfig
    from pythae.trainers import AdversarialTrainer, AdversarialTrainerConfig, BaseTrainer, BaseTrainerConfig
except ImportError:
    print("pythae is not installed; pip install 'coevo[bench]' first. Skipped.")
    sys.exit(0)


def ours(kind: str, pixels: torch.Tensor, precision: Any) -> Any:
    """A function that trains for one epoch."""
    studio = Studio((1, 28, 28), tuple("0123456789"), precision=precision, batch=BATCH)
    studio.reseed()
    if kind == "vae":
        artist: Any = VAE(VAE.Options(network="dense", hidden=(512,), latent=16, beta=1.0, ema=0.0), studio)
        critic: Any = NoCritic(NoCritic.Options(), studio)
    else:
        artist = AAE(AAE.Options(hidden=(512,), latent=16, posterior="gaussian"), studio)
        critic = LatentCritic(LatentCritic.Options(hidden=(256,)), studio)
    artist.build()
    critic.build(artist)
    dataset = Dataset("random", (pixels * 255).to(torch.uint8), torch.zeros(len(pixels)).long(), ("0",))
    phases = [Phase("critic"), Phase("artist")] if critic.spec().learns else [Phase("artist")]
    data = DatasetBatches(dataset, BATCH, 0, [1] * len(phases), studio.device)

    def epoch() -> None:
        for turn in coevolve(artist, critic, data, phases):
            if turn.next.round == len(pixels) // BATCH:
                break

    return epoch


def theirs(kind: str, pixels: torch.Tensor, folder: str) -> Any:
    """The same by pythae's trainer."""
    common = {"num_epochs": 1, "per_device_train_batch_size": BATCH, "output_dir": folder, "no_cuda": True}
    dataset = DataProcessor.to_dataset(DataProcessor().process_data(pixels.numpy()))
    if kind == "vae":
        model = PythaeVAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="bce"))
        trainer = BaseTrainer(model, dataset, training_config=BaseTrainerConfig(**common))
    else:
        config = Adversarial_AE_Config(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="mse")
        trainer = AdversarialTrainer(
            Adversarial_AE(config), dataset, training_config=AdversarialTrainerConfig(**common)
        )
    trainer.prepare_training()
    return lambda: trainer.train_step(1)


def player(pipe: Connection, whose: str, kind: str, precision: str) -> None:
    """A process that trains for an epoch whenever it gets a message, and answers with its images/s."""
    logging.disable(logging.INFO)
    pixels = torch.rand(IMAGES, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with TemporaryDirectory() as folder:
        epoch = ours(kind, pixels, precision) if whose == "coevo" else theirs(kind, pixels, folder)
        epoch()  # the first is slower
        while pipe.recv():
            begun = time.perf_counter()
            epoch()
            pipe.send(IMAGES / (time.perf_counter() - begun))


def speeds(kind: str, precision: str) -> list[tuple[float, float]]:
    """Images/s of coevo and pythae in turn."""
    spawn, pipes, processes = get_context("spawn"), [], []
    for whose in ("coevo", "pythae"):
        mine, its = spawn.Pipe()
        process = spawn.Process(target=player, args=(its, whose, kind, precision), daemon=True)
        process.start()
        its.close()
        pipes.append(mine)
        processes.append(process)

    def turn(pipe: Connection) -> float:
        pipe.send(True)
        return float(pipe.recv())

    for pipe in pipes:
        turn(pipe)  # both are ready before the first is timed
    found = [(turn(pipes[0]), turn(pipes[1])) for _ in range(PAIRS)]
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(False)
        process.join()
    return found


def main() -> None:
    for precision in ("auto", "fp32") if fast_bf16(torch.device("cpu")) else ("fp32",):
        for kind in ("vae", "aae"):
            pairs = speeds(kind, precision)
            ratios = sorted(a / b for a, b in pairs)
            mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(
                f"{kind}, {precision}: {statistics.median(ratios):.2f} × pythae ({ratios[0]:.2f} to {ratios[-1]:.2f}), "
                f"{mine:,.0f} beside {other:,.0f} images/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
