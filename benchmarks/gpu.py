"""Speed on a GPU. Without one it measures nothing.

    python benchmarks/gpu.py [--only drawing|dcgan|aae]

drawing: node·pixels/s of typed trees with their pictures on the device, from plans that are loaded (`kernel`), from
plans (`plans`) and from trees (`trees`), beside the processor's renderer with a copy of its pictures, and beside torch
a node at a time. A node is one of a tree. Results are compared first.
dcgan, aae: images/s in fp32, auto and compiled, beside a plain loop in fp32 over the same networks, in turns.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from rendering import LANGUAGE, random_trees
from torch import nn
from torch.nn.functional import mse_loss, softplus

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, digits
from coevo.loop import coevolve
from coevo.shader import Canvas, gpu, render, render_on
from coevo.shader.functions import to_vector
from coevo.shader.plan import Plan
from coevo.studio import Studio
from coevo.trees.tree import Tree
from coevo_aae.aae import AAE
from coevo_aae.latent import LatentCritic
from coevo_gan.dcgan import DCGAN
from coevo_gan.dcnn import DCNN

POPULATIONS, SIDES = (128, 512, 1024, 4096), (32, 64, 128, 256)
WIDTH, ROUNDS, REPEATS = 64, 100, 5


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Callable[[], Any], device: torch.device, repeats: int = REPEATS) -> float:
    """The median, after one call more."""
    found = []
    for _ in range(repeats + 1):
        synchronise(device)
        begun = time.perf_counter()
        work()
        synchronise(device)
        found.append(time.perf_counter() - begun)
    return statistics.median(found[1:])


# drawing


def drawing(device: torch.device, populations: tuple[int, ...] = POPULATIONS, sides: tuple[int, ...] = SIDES) -> None:
    if not gpu.draws_on(device):
        print("drawing: the kernel does not run on this GPU, so nothing was measured.")
        return
    kernel = gpu.kernel_of(torch.device("cuda", torch.cuda.current_device()))
    random.seed(0)
    for population in populations:
        trees = random_trees(population)
        for side in sides:
            if population * side**2 <= 1 << 27:  # 1.6 GB of pictures
                print(json.dumps(drawn(kernel, trees, side, device), ensure_ascii=False), flush=True)


def drawn(kernel: Any, trees: list[Tree], side: int, device: torch.device) -> dict[str, Any]:
    images = torch.empty(len(trees), 3, side, side, device=device)
    plans = dict(enumerate(plans_of(trees, side)))
    stream = torch.cuda.current_stream().cuda_stream
    loaded = gpu.load(plans, images)
    gpu.start(kernel, loaded, images, stream)
    few, canvas = trees[:64], Canvas()
    together = [to_vector(LANGUAGE.value(tree, canvas)) for tree in few]
    here, there = torch.from_numpy(render(together, side, side)), images[:64].cpu()
    # what is drawn, and from which trees
    sides: dict[str, tuple[Callable[[], Any], list[Tree]]] = {
        "kernel": (lambda: gpu.start(kernel, loaded, images, stream), trees),
        "plans": (lambda: gpu.start(kernel, gpu.load(plans, images), images, stream), trees),
        "trees": (lambda: gpu.render_on_gpu(device, plans_of(trees, side), tuple(images.shape)), trees),
        "processor": (lambda: torch.from_numpy(render(together, side, side)).to(device), few),
        "torch": (lambda: render_on(device, together, side, side), few),
    }
    speeds = {
        name: f"{sum(map(len, its)) * side**2 / seconds(draw, device):.2e}" for name, (draw, its) in sides.items()
    }
    differ = ((there - here).abs() > 1e-4).float().mean().item()
    bits = torch.equal(there, here)
    return {"population": len(trees), "side": side, "node·pixels/s": speeds, "differ": differ, "same bits": bits}


def plans_of(trees: list[Tree], side: int) -> Iterator[Plan]:
    return (Plan([to_vector(LANGUAGE.value(tree, Canvas()))], side, side) for tree in trees)


# players


def adam(module: nn.Module, rate: float = 2e-4) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), rate, (0.5, 0.999))


def step(optimiser: torch.optim.Adam, loss: torch.Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def plain_dcgan(artist: Any, critic: Any, data: DatasetBatches, batch: int, device: torch.device) -> Callable[[], None]:
    """A round of a DCGAN as one writes it, with the same networks."""
    g, d = (copy.deepcopy(net).to(memory_format=torch.contiguous_format) for net in (artist.generator, critic.scorer))
    optimise_g, optimise_d = adam(g), adam(d)
    number = 0

    def play() -> None:
        nonlocal number
        real = data.batch(number, 0, 0).images.contiguous()
        number += 1
        made = g(torch.randn(batch, artist.options.latent, device=device))
        step(optimise_d, softplus(-d(real)).mean() + softplus(d(made.detach())).mean())
        step(optimise_g, softplus(-d(made)).mean())

    return play


def plain_aae(artist: Any, critic: Any, data: DatasetBatches, batch: int, device: torch.device) -> Callable[[], None]:
    """A round of an AAE as one writes it (Makhzani 2015, §2), with the same networks."""
    encoder, decoder, d = (copy.deepcopy(net) for net in (artist.encoder, artist.decoder, critic.scorer))
    both = adam(nn.ModuleList([encoder, decoder]))
    optimise_d = adam(d)
    number = 0

    def play() -> None:
        nonlocal number
        real = data.batch(number, 0, 0).images * 0.5 + 0.5
        number += 1
        codes = encoder(real)
        prior = torch.randn(batch, codes.shape[1], device=device)
        step(optimise_d, softplus(-d(prior)).mean() + softplus(d(codes.detach())).mean())
        step(both, mse_loss(decoder(codes).reshape(real.shape), real) + softplus(-d(codes)).mean())

    return play


def pair_of(kind: str, studio: Studio) -> tuple[Any, Any]:
    if kind == "dcgan":  # compiled networks have no R1
        return DCGAN(DCGAN.Options(width=WIDTH), studio), DCNN(DCNN.Options(width=WIDTH, norm="auto", r1=0.0), studio)
    artist = AAE(AAE.Options(hidden=(512,), latent=16), studio)
    return artist, LatentCritic(LatentCritic.Options(hidden=(256,)), studio)


PLAIN = {"dcgan": plain_dcgan, "aae": plain_aae}


def players(kind: str, device: torch.device, batch: int, rounds: int = ROUNDS, repeats: int = REPEATS) -> None:
    for precision, compiled in (("fp32", False), ("auto", False), ("fp32", True), ("auto", True)):
        torch.compiler.reset()
        studio = Studio((1, 32, 32), device=device, precision=precision, compile=compiled, batch=batch)  # type: ignore[arg-type]
        artist, critic = pair_of(kind, studio)
        studio.reseed()
        artist.build()
        critic.build(artist)
        data = DatasetBatches(digits(DataOptions()), batch, 0, (1, 1), device)
        plain = plain_nets(kind, device, batch, data)
        turns = coevolve(artist, critic, data)

        def ours(turns: Any = turns) -> None:
            next(turns), next(turns)  # the critic's and the artist's

        ratios, speeds = [], []
        for stretch in range(repeats + 1):
            found = []
            for strict, play in ((True, plain), (precision == "fp32", ours)):
                torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not strict
                found.append(seconds(lambda play=play: [play() for _ in range(rounds)], device, 1) / rounds)
            if stretch:
                ratios.append(found[0] / found[1])
                speeds.append(batch / found[1])
        print(
            f"{kind}, batch {batch}, {precision}{', compiled' * compiled}: {statistics.median(speeds):.0f} images/s, "
            f"{statistics.median(ratios):.2f} of a plain loop ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


def plain_nets(kind: str, device: torch.device, batch: int, data: DatasetBatches) -> Callable[[], None]:
    artist, critic = pair_of(kind, studio := Studio((1, 32, 32), device=device, batch=batch))
    studio.reseed()
    artist.build()
    critic.build(artist)
    return PLAIN[kind](artist, critic, data, batch, device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["drawing", "dcgan", "aae"])
    given = parser.parse_args()
    if not torch.cuda.is_available():
        print("benchmarks/gpu.py: no GPU here, so nothing was measured.")
        return
    device = torch.device("cuda")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    if given.only in (None, "drawing"):
        drawing(device)
    for kind in ("dcgan", "aae"):
        if given.only in (None, kind):
            for batch in (64, 256, 1024):
                players(kind, device, batch)


if __name__ == "__main__":
    main()
