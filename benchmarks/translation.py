"""A round of pix2pix and of cyclegan beside a hand-written loop of the same networks: images per processor second,
interleaved, in one thread."""

import statistics
import time
from dataclasses import replace

import torch
from torch.nn.functional import l1_loss, softplus

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions
from coevo.data.scenes import REGIONS, scenes, winter
from coevo.images.given import RGB
from coevo.loop import coevolve
from coevo.studio import Studio
from coevo_translation.cyclegan import CycleGAN
from coevo_translation.patch import Patch
from coevo_translation.pix2pix import Pix2pix
from coevo_translation.pool import Pool

SIZE, BATCH, ROUNDS, PAIRS = 32, 8, 4, 7
CPU = torch.device("cpu")


def pair_of(artist, critic, planes):
    studio = Studio((3, SIZE, SIZE), planes=planes)
    players = artist(artist.Options(), studio), critic(studio)
    studio.reseed()
    players[0].build()
    players[1].build(players[0])
    return players


def pix2pix():
    return pair_of(Pix2pix, lambda studio: Patch(Patch.Options(), studio), REGIONS)


def cyclegan():
    options = Patch.Options(conditional=False, game="least-squares", width=16, pool=50)
    return pair_of(CycleGAN, lambda studio: Patch(options, studio), RGB)


def step(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def frozen(*networks):
    """Let the networks gather no gradients; returns what undoes it."""
    parameters = [p for network in networks for p in network.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(False)
    return lambda: [parameter.requires_grad_(True) for parameter in parameters]


def pix2pix_by_hand(artist, critic, data, rounds: int) -> float:
    g, d = artist.generator, critic.scorer
    begun = time.process_time()
    for number in range(rounds):
        real = data.batch(number, 0, 0)
        made = g(real.given)
        scores = d(torch.cat([real.given, real.images], 1)), d(torch.cat([real.given, made.detach()], 1))
        step(critic.optimiser, softplus(-scores[0]).mean() + softplus(scores[1]).mean())
        thaw = frozen(d)
        loss = softplus(-d(torch.cat([real.given, made], 1))).mean() + 100 * l1_loss(made, real.images)
        step(artist.optimiser, loss)
        thaw()
        artist.ema.update()
    return rounds * BATCH / (time.process_time() - begun)


def cyclegan_by_hand(artist, critic, data, rounds: int) -> float:
    forth, back, d_b, d_a = artist.forth, artist.back, critic.scorer, artist.back_critic.scorer
    draws, pools = torch.Generator().manual_seed(0), (Pool(50), Pool(50))
    works = type(data.batch(0, 0, 0))

    def learn(d, optimiser, real, made, pool):
        made = pool.exchange(works(made.detach()), draws).images
        step(optimiser, 0.5 * (d(real) - 1).square().mean() + 0.5 * d(made).square().mean())

    begun = time.process_time()
    for number in range(rounds):
        real = data.batch(number, 0, 0)
        a, b = real.given, real.images
        made_b, made_a = forth(a), back(b)
        cycle = l1_loss(back(made_b), a) + l1_loss(forth(made_a), b)
        same = l1_loss(forth(b), b) + l1_loss(back(a), a)
        learn(d_b, critic.optimiser, b, made_b, pools[0])
        thaw = frozen(d_a, d_b)
        games = (d_b(made_b) - 1).square().mean() + (d_a(made_a) - 1).square().mean()
        step(artist.optimiser, games + 10 * cycle + 5 * same)
        thaw()
        artist.update_averages()
        learn(d_a, artist.back_critic.optimiser, a, made_a, pools[1])
    return rounds * BATCH / (time.process_time() - begun)


def through_coevo(artist, critic, data, rounds: int) -> float:
    begun = time.process_time()
    for turn in coevolve(artist, critic, data):
        if turn.next.round == rounds:
            break
    return rounds * BATCH / (time.process_time() - begun)


def compare(name, make, by_hand, dataset) -> None:
    data = DatasetBatches(dataset, BATCH, 0, (1, 1), CPU)
    hand, ours = make(), make()
    by_hand(*hand, data, 2), through_coevo(*ours, data, 2)
    ratios, speeds = [], []
    for pair in range(PAIRS):
        sides = [lambda: by_hand(*hand, data, ROUNDS), lambda: through_coevo(*ours, data, ROUNDS)]
        results = [side() for side in (sides if pair % 2 else sides[::-1])]
        theirs, mine = results if pair % 2 else results[::-1]
        ratios.append(mine / theirs)
        speeds.append(mine)
    print(
        f"{name}: {statistics.median(ratios):.3f} of the hand-written loop ({min(ratios):.3f} to {max(ratios):.3f}), "
        f"{statistics.median(speeds):.1f} images/s",
        flush=True,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"batch {BATCH}, {SIZE} px, {torch.get_num_threads()} threads, torch {torch.__version__}")
    options = DataOptions(name="scenes", size=SIZE, channels=3, split="test")
    summer, snow = scenes(options), winter(options)
    compare("pix2pix", pix2pix, pix2pix_by_hand, summer)
    domains = replace(snow, given=summer.images, planes=RGB, paired=False)
    compare("cyclegan", cyclegan, cyclegan_by_hand, domains)
