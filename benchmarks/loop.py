"""The loop beside a hand-written one with the same two networks, under three games: images/s, interleaved."""

import statistics
import sys
import time

import torch
from torch.nn.functional import relu, softplus

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, digits
from coevo.loop import coevolve
from coevo.studio import Studio
from coevo.studio.devices import fast_bf16
from coevo_gan.dcgan import DCGAN
from coevo_gan.dcnn import DCNN

WIDTH, BATCH, ROUNDS, PAIRS = 64, 64, 8, 7

# the losses of critic and artist as one would write them by hand, for scores of real and made works
GAMES = {
    "non-saturating": (lambda r, m: softplus(-r).mean() + softplus(m).mean(), lambda m: softplus(-m).mean()),
    "hinge": (lambda r, m: relu(1 - r).mean() + relu(1 + m).mean(), lambda m: -m.mean()),
    "wasserstein-gp": (lambda r, m: m.mean() - r.mean(), lambda m: -m.mean()),
}


def build(game: str, precision: str):
    studio = Studio((1, 32, 32), precision=precision)
    artist = DCGAN(DCGAN.Options(width=WIDTH), studio)
    critic = DCNN(DCNN.Options(width=WIDTH, game=game, norm="auto", r1=0.0, penalty_interval=1), studio)
    studio.reseed()
    artist.build()
    critic.build(artist)
    return artist, critic


def through_coevo(artist, critic, data, rounds: int) -> float:
    begun = time.perf_counter()
    for turn in coevolve(artist, critic, data):
        if turn.next.round == rounds:
            break
    return rounds * BATCH / (time.perf_counter() - begun)


def by_hand(game: str, artist, critic, data, rounds: int) -> float:
    """The same networks and optimisers, and an average of the generator."""
    critic_loss, artist_loss = GAMES[game]
    g, d, optimise_g, optimise_d = artist.generator, critic.scorer, artist.optimiser, critic.optimiser
    begun = time.perf_counter()
    for number in range(rounds):
        real = data.batch(number, 0, 0).images
        made = g(torch.randn(BATCH, artist.options.latent))
        loss = critic_loss(d(real), d(made.detach()))
        if game.endswith("gp"):
            u = torch.rand(BATCH, 1, 1, 1)
            between = (u * real + (1 - u) * made.detach()).requires_grad_()
            (slope,) = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            loss = loss + 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
        optimise_d.zero_grad()
        loss.backward()
        optimise_d.step()
        for parameter in d.parameters():
            parameter.requires_grad_(False)
        loss = artist_loss(d(made))
        optimise_g.zero_grad()
        loss.backward()
        optimise_g.step()
        for parameter in d.parameters():
            parameter.requires_grad_(True)
        artist.ema.update()
    return rounds * BATCH / (time.perf_counter() - begun)


def compare(game: str, precision: str) -> None:
    data = DatasetBatches(digits(DataOptions()), BATCH, 0, (1, 1), torch.device("cpu"))
    hand, ours = build(game, "fp32"), build(game, precision)
    by_hand(game, *hand, data, 2), through_coevo(*ours, data, 2)
    ratios, speeds = [], []
    for pair in range(PAIRS):
        sides = [lambda: by_hand(game, *hand, data, ROUNDS), lambda: through_coevo(*ours, data, ROUNDS)]
        results = [side() for side in (sides if pair % 2 else sides[::-1])]
        theirs, mine = results if pair % 2 else results[::-1]
        ratios.append(mine / theirs)
        speeds.append(mine)
    print(
        f"{game}, {precision}: {statistics.median(ratios):.3f} of the hand-written fp32 loop "
        f"({min(ratios):.3f} to {max(ratios):.3f}), {statistics.median(speeds):.0f} images/s, "
        f"an epoch of MNIST (60,000) {60_000 / statistics.median(speeds):.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    print(f"width {WIDTH}, batch {BATCH}, 32 px, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for game in GAMES:
        compare(game, "fp32")
    if fast_bf16(torch.device("cpu")):
        compare("non-saturating", "auto")
    else:
        print(
            "auto: this processor does not compute bf16 in hardware, so auto is fp32; not measured.",
            file=sys.stderr,
        )
