"""What a cell takes from its neighbours: the fittest critic, the fittest artist or its works, another learning rate.

As in Lipizzaner (Schmiedlechner 2018), the critics of a neighbourhood judge the artists of it, and the fittest of
either take the place of the cell's own. Fitness is d′, the distance of two mean scores in standard deviations, which
needs no common scale: a critic is as fit as it tells real works from those of all artists, an artist as little as all
critics tell its works from real ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from coevo.contract.capabilities import Evolving
from coevo.contract.players import Player, State
from coevo.contract.works import Genome, Works
from coevo.errors import PairError
from coevo.images.origin import qualify_ids
from coevo.loop import checks
from coevo.runs.run import Run
from coevo.storage.state_tools import copy_state

SHOWN = 64  # works of an artist that critics judge
MOST = 1e3  # d′ of scores that do not vary
BEST = 4  # individuals of a population that emigrate


class Snapshot(NamedTuple):
    """What others may take of a cell."""

    cell: int
    kinds: Mapping[str, str]
    """The name and the options of artist and critic: states of the same kind can be taken."""
    players: Mapping[str, State]
    """The states of artist and critic."""
    images: Tensor
    """Works that its artist exhibits, [SHOWN, C, H, W]."""
    best: Sequence[Sequence[str]]
    """The id and the text of its best individuals; empty without a population."""


class Taken(NamedTuple):
    """What a cell took at an exchange."""

    artist: int
    """The cell whose artist, or whose best individuals, it took; its own number for none."""
    critic: int
    artist_fitness: float
    """-d′ of its own artist, before: 0 if critics take its works for real."""
    critic_fitness: float
    """d′ of its own critic, before."""


def snapshot(run: Run, cell: int) -> Snapshot:
    """What others may take of a cell that has ended a leg; nothing of the run changes."""
    state = copy_state(run.session.state())
    with run.studio.playing():
        works = checks.exhibited(run.artist, SHOWN, run.config.run.seed)
        best: list[list[str]] = []
        if isinstance(run.artist, Evolving) and works.genomes:
            scores = judged(run, works, run.session.data.batch(*run.session.position))
            order = scores.argsort(descending=True, stable=True).tolist()
            chosen = {works.genomes[i].text: works.genomes[i] for i in reversed(order)}
            best = [[one.id, one.text] for one in list(chosen.values())[::-1][:BEST]]
    run.session.restore(run.session.position, state)
    kinds = {role: kind_of(player) for role, player in (("artist", run.artist), ("critic", run.critic))}
    players = {role: state[role] for role in kinds}
    return Snapshot(cell, kinds, players, works.pixels.detach().cpu(), best)


def kind_of(player: Player) -> str:
    """A player's name and options, which say whose states it can take."""
    return f"{player.name} {player.options.model_dump_json()}"


def exchange(run: Run, own: Snapshot, others: Sequence[Snapshot], lr_mutation: float, seed: int) -> Taken:
    """Let a cell that begins a leg take from its neighbours.

    Args:
        run: the cell, which stands where its last leg ended.
        own: its own snapshot, as others see it.
        others: those of its neighbours.
        lr_mutation: standard deviation of the logarithm of the change of both learning rates; 0 for none.
        seed: of that change.
    """
    everybody = [own, *others]
    with run.studio.playing():
        apart = matrix(run, everybody)  # [critics, artists]
        critics, artists = apart.nanmean(1), -apart.nanmean(0)
        critic = fittest(critics, [one.kinds["critic"] == own.kinds["critic"] for one in everybody])
        same = [one.kinds["artist"] == own.kinds["artist"] for one in everybody]
        artist = fittest(artists, same)
        if critic:
            run.critic.restore(copy_state(everybody[critic].players["critic"]))
        if artist and isinstance(run.artist, Evolving) and own.best:
            run.artist.immigrate(emigrants(everybody[artist]))
        elif artist:
            run.artist.restore(copy_state(everybody[artist].players["artist"]))
        if lr_mutation:
            mutate_learning_rates(run, lr_mutation, seed)
    return Taken(everybody[artist].cell, everybody[critic].cell, artists[0].item(), critics[0].item())


def matrix(run: Run, everybody: Sequence[Snapshot]) -> Tensor:
    """How well each critic tells real works from those of each artist: d′ [N, N], NaN for a critic of another
    kind than the cell's own. Nothing of the run changes."""
    reals = run.session.data.batch(*run.session.position)
    if reals is None or reals.images is None:
        raise PairError(f"Critic {run.critic.name!r} sees no real works, and cells of a grid compare made with real.")
    state = copy_state(run.session.state())
    apart = torch.full((len(everybody), len(everybody)), math.nan, dtype=torch.float64)
    for number, one in enumerate(everybody):
        if one.kinds["critic"] != everybody[0].kinds["critic"]:
            continue
        run.critic.restore(copy_state(one.players["critic"]))
        real = judged(run, Works(reals.images, labels=reals.labels), reals)
        for other, artist in enumerate(everybody):
            apart[number, other] = separation(real, judged(run, Works(artist.images.to(run.studio.device)), reals))
    run.session.restore(run.session.position, state)
    return apart


@torch.no_grad()
def judged(run: Run, works: Works, reals: Works | None) -> Tensor:
    """A critic's rewards [N] of works."""
    return checks.judged(run.critic, works, reals).detach().float().cpu()


def separation(real: Tensor, made: Tensor) -> float:
    """d′: how many standard deviations the mean score of real works is above that of made ones.

    Example:
        >>> separation(torch.tensor([3.0, 5.0]), torch.tensor([0.0, 2.0]))
        3.0
    """
    spread = (0.5 * (real.var(correction=0) + made.var(correction=0))).sqrt().item()
    ahead = (real.mean() - made.mean()).item()
    return ahead / spread if spread else math.copysign(MOST, ahead) if ahead else 0.0


def fittest(fitness: Tensor, may: Sequence[bool]) -> int:
    """The place of the highest fitness among those that may be taken; the first, one's own, among equals."""
    allowed = fitness.nan_to_num(-torch.inf).where(torch.tensor(may), torch.tensor(-torch.inf, dtype=fitness.dtype))
    return int(allowed.argmax())


def emigrants(one: Snapshot) -> Works:
    """The best individuals of another cell, under ids that name it."""
    return qualify_ids(Works(genomes=tuple(Genome(id, (), text) for id, text in one.best)), f"cell-{one.cell}")


def mutate_learning_rates(run: Run, deviation: float, seed: int) -> None:
    """Multiply the learning rates of both players by log-normal numbers, as Lipizzaner mutates its hyperparameters."""
    draws = random.Random(seed)
    for player in (run.artist, run.critic):
        for part in vars(player).values():
            if isinstance(part, Optimizer):
                for group in part.param_groups:
                    group["lr"] *= math.exp(draws.gauss(0.0, deviation))


def as_state(one: Snapshot) -> dict[str, Any]:
    """A snapshot as tensors and JSON values."""
    return {**one._asdict(), "kinds": dict(one.kinds), "players": dict(one.players), "best": [*map(list, one.best)]}


def from_state(state: Mapping[str, Any]) -> Snapshot:
    """The snapshot that `as_state` was given."""
    return Snapshot(**state)
