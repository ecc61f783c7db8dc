"""A simulation of many machines: stragglers, failures, and what they leave of the speed.

    python benchmarks/scale.py [--seeds 5] [--hours 24]

Three ways to spread a run are played as discrete events: data parallel training (everybody waits in every step),
a population whose chunks of genomes are handed out (whoever is free takes the next), and a grid of pairs that exchange
snapshots with their neighbours (synchronous, or as stale as is allowed). Costs of a round are those that
`round_costs.py` measures; the machines are assumptions, written below. Efficiency is the work that counts, relative to
as many machines that never wait, send or fail.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600.0


@dataclass(frozen=True)
class Machines:
    """Some machines and the network between them."""

    name: str
    n: int
    bandwidth: float
    """Bytes a second that one of them sends, and as many that it receives."""
    latency: float
    """Seconds."""
    spread: float
    """Standard deviation of the logarithm of their speeds: 0.05 for equal machines, 0.7 for whatever people own."""
    jitter: float
    """Standard deviation of the logarithm of the time of one piece of work on one machine."""
    lives: float
    """Mean seconds until one of them fails or leaves."""
    returns: float
    """Seconds until its work goes on, there or elsewhere."""

    def slowness(self, rng: random.Random) -> list[float]:
        """Of each machine, the time that it takes relative to a usual one."""
        return [math.exp(rng.gauss(0, self.spread)) for _ in range(self.n)]

    def seconds(self, usual: float, slowness: float, rng: random.Random) -> float:
        """Of one piece of work, without failures."""
        return usual * slowness * math.exp(rng.gauss(0, self.jitter))

    def transfer(self, bytes: float) -> float:
        return self.latency + bytes / self.bandwidth


GPUS = Machines("8 GPUs in one case", 8, 16e9, 20e-6, 0.01, 0.02, 30 * 24 * HOUR, 120)
NODES = Machines("100 nodes", 100, 1.25e9, 1e-4, 0.05, 0.1, 30 * 24 * HOUR, 120)
VOLUNTEERS = Machines("10,000 volunteers", 10_000, 1e6, 0.1, 0.7, 0.2, 2 * HOUR, 600)


def data_parallel(m: Machines, round_seconds: float, gradients: float, save: float, hours: float, seed: int) -> float:
    """Efficiency of training in which every round's gradients are averaged over all machines.

    A round ends with the slowest machine and a ring of messages; whichever machine fails, all go back to the last
    checkpoint. A round's share is as long as it is on one machine: the batch grows with the machines.
    """
    rng = random.Random(seed)
    slowness = m.slowness(rng)
    ring = 2 * (m.n - 1) * (m.latency + gradients / m.n / m.bandwidth)
    # a hundred rounds tell how long one takes; a day has too many of them to play each
    taken = statistics.fmean(max(m.seconds(round_seconds, s, rng) for s in slowness) + ring for _ in range(100))
    time = done = 0.0
    while time < hours * HOUR:
        alive = rng.expovariate(m.n / m.lives)
        done += min(alive, hours * HOUR - time) // (save * taken) * save  # whole intervals between checkpoints
        time += alive + m.returns
    usual = statistics.fmean(1 / s for s in slowness)
    return done * round_seconds / (hours * HOUR * usual)


def population(m: Machines, chunk_seconds: float, chunk_bytes: float, chunks: int, alone: float, seed: int) -> float:
    """Efficiency of rounds whose chunks of genomes are drawn and judged by whoever is free.

    Args:
        m: the machines.
        chunk_seconds, chunk_bytes: of one chunk, there and back.
        chunks: in a round.
        alone: seconds of a round that only the machine of the run works: selection, variation, the critic's step.
        seed: of the simulation.
    """
    rng = random.Random(seed)
    slowness = m.slowness(rng)
    spent = 0.0
    rounds = 10
    for _ in range(rounds):
        free = [(m.transfer(0), machine) for machine in range(m.n)]
        heapq.heapify(free)
        waiting, ends, sent = chunks, [], 0.0
        while waiting:
            at, machine = heapq.heappop(free)
            sent += chunk_bytes / m.bandwidth  # the run's machine sends and receives everything, one after another
            begins = max(at, sent)
            takes = m.seconds(chunk_seconds, slowness[machine], rng) + m.transfer(chunk_bytes)
            fails = rng.expovariate(1 / m.lives)
            if fails < takes:  # noticed when the connection ends; the chunk is handed out again
                heapq.heappush(free, (begins + fails + m.returns, machine))
            else:
                waiting -= 1
                ends.append(begins + takes)
                heapq.heappush(free, (begins + takes, machine))
        spent += max(ends) + alone
    usual = statistics.fmean(1 / s for s in slowness)
    return rounds * (chunks * chunk_seconds + alone) / (spent * m.n * usual)


@dataclass(frozen=True)
class Played:
    """What a simulated grid did."""

    efficiency: float
    """Rounds played that count, relative to cells that never wait, send or fail."""
    slowest: float
    """The same of the cell that got least done, relative to the mean of all."""
    staleness: float
    """Mean age of neighbours' snapshots when they are read, in exchanges."""
    lost: float
    """Share of the rounds that were played twice, after failures."""


def grid(
    m: Machines,
    round_seconds: float,
    snapshot: float,
    every: int,
    staleness: int | None,
    save: int,
    hours: float,
    seed: int,
) -> Played:
    """A torus of cells, a machine each, that read the snapshots of their eight neighbours.

    Args:
        m: the machines; the largest square of them has cells.
        round_seconds: of a pair on a usual machine.
        snapshot: its bytes.
        every: rounds between two exchanges.
        staleness: exchanges by which a neighbour may be behind; 0 waits for all of them, None for nobody.
        save: rounds between two checkpoints.
        hours: of the simulation.
        seed: of the simulation.
    """
    rng = random.Random(seed)
    side = math.isqrt(m.n)
    cells = side * side
    slowness = m.slowness(rng)[:cells]
    around = [neighbours(side, cell) for cell in range(cells)]
    legs, waits, ages = [0] * cells, [False] * cells, []
    played = again = 0.0
    end = hours * HOUR
    events: list[tuple[float, int]] = []

    def begin(cell: int, at: float) -> None:
        """Read the neighbours' snapshots and play until the next exchange, failures and all."""
        nonlocal played, again
        ages.append(statistics.fmean(max(0, legs[cell] - legs[other]) for other in around[cell]))
        exchange = 8 * snapshot / m.bandwidth + m.latency
        one = m.seconds(round_seconds, slowness[cell], rng)
        left = float(every)
        at += exchange
        while (fails := rng.expovariate(1 / m.lives)) < left * one:
            reached = fails / one
            kept = reached // save * save
            left, again, played = left - kept, again + reached - kept, played + reached
            at += fails + m.returns + exchange
        played += left
        heapq.heappush(events, (at + left * one, cell))

    def may(cell: int) -> bool:
        return staleness is None or all(legs[cell] - legs[other] <= staleness for other in around[cell])

    for cell in range(cells):
        begin(cell, 0.0)
    while events[0][0] < end:
        at, cell = heapq.heappop(events)
        legs[cell] += 1
        waits[cell] = True
        for one in (cell, *around[cell]):
            if waits[one] and may(one):
                waits[one] = False
                begin(one, at)
    ideal = end * sum(1 / s for s in slowness) / round_seconds
    done = sum(legs) * every
    return Played(done / ideal, min(legs) * cells / max(1, sum(legs)), statistics.fmean(ages), again / max(1.0, played))


def neighbours(side: int, cell: int) -> Sequence[int]:
    """The eight cells around one on a torus (Moore)."""
    row, column = divmod(cell, side)
    steps = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
    return [(row + r) % side * side + (column + c) % side for r, c in steps]


# Costs of a round as `round_costs.py` gave them: seconds of one thread, and bytes.
DCGAN = {"seconds": 0.031, "gradients": 401e3, "snapshot": 1.5e6}
ALAE = {"seconds": 0.192, "gradients": 35.4e6, "snapshot": 97.5e6}
GENOME = 2_900.0  # bytes of an evolved network, as text
WORKS = {"quick, 0.5 ms": 0.5e-3, "slow, 0.5 s": 0.5}  # seconds to draw and judge one
ALONE_SECONDS = 2e-5  # of a work, that the run's machine takes by itself: selection and variation
EVENTS = 400_000  # of one simulated grid; more would take minutes


def over_seeds(call, seeds: int) -> float:
    return statistics.fmean(call(seed) for seed in range(seeds))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def show_data_parallel(seeds: int, hours: float) -> None:
    rows = []
    for machines in (GPUS, NODES, VOLUNTEERS):
        for name, cost, speed in (("dcgan", DCGAN, 1), ("alae", ALAE, 1), ("alae, 100 times faster", ALAE, 100)):
            found = over_seeds(
                lambda seed, m=machines, c=cost, s=speed: data_parallel(
                    m, c["seconds"] / s, c["gradients"], 1000, hours, seed
                ),
                seeds if machines.n < 1000 else 1,
            )
            rows.append((machines.name, name, f"{found:.1%}"))
    table(("machines", "pair", "efficiency"), rows)


def show_population(seeds: int) -> None:
    rows = []
    for machines in (GPUS, NODES, VOLUNTEERS):
        for what, seconds in WORKS.items():
            for works, of_chunk in ((1_000, 16), (100_000, 16), (100_000, 256)):
                found = over_seeds(
                    lambda seed, m=machines, w=works, c=of_chunk, s=seconds: population(
                        m, c * s, c * (GENOME + 8), max(1, w // c), 0.02 + w * ALONE_SECONDS, seed
                    ),
                    seeds,
                )
                cells = (machines.name, what, f"{works:,}", str(of_chunk))
                rows.append((*cells, f"{found:.1%}", f"{found * machines.n:,.1f}"))
    table(("machines", "works", "in a round", "of a chunk", "efficiency", "times one machine"), rows)


def show_grid(seeds: int, hours: float) -> None:
    rows = []
    for machines in (NODES, VOLUNTEERS):
        for every in (300, 3_000, 30_000):
            for staleness in (0, 1, 3, None):
                leg = every * DCGAN["seconds"] + 8 * DCGAN["snapshot"] / machines.bandwidth
                some = min(hours, EVENTS * leg / machines.n / HOUR)
                played = [
                    grid(machines, DCGAN["seconds"], DCGAN["snapshot"], every, staleness, 300, some, seed)
                    for seed in range(seeds if machines.n < 1000 else 1)
                ]
                means = {f: statistics.fmean(getattr(one, f) for one in played) for f in Played.__annotations__}
                rows.append(
                    (
                        machines.name,
                        f"{every:,}",
                        "any" if staleness is None else str(staleness),
                        f"{means['efficiency']:.1%}",
                        f"{means['slowest']:.2f}",
                        f"{means['staleness']:.2f}",
                        f"{means['lost']:.2%}",
                    )
                )
    head = ("machines", "rounds between exchanges", "staleness allowed", "efficiency", "slowest cell", "mean staleness")
    table((*head, "played twice"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--hours", type=float, default=24, help="of each simulation, at most")
    given = parser.parse_args()
    print("Data parallel\n")
    show_data_parallel(given.seeds, given.hours)
    print("A population\n")
    show_population(given.seeds)
    print("A grid of pairs\n")
    show_grid(given.seeds, given.hours)


if __name__ == "__main__":
    main()
