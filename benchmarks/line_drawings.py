"""Do programs that draw and programs that judge drive each other on? Ten rounds of the recipe `line-drawings`.

    python benchmarks/line_drawings.py [--rounds 10] [--seeds 5] [--save FOLDER] [-o artist.ladders=4 ...]

Of every round: what it took, the share of its works that fool the critic that they were evolved against, and of those
that did, the share that the critic tells after its next round. A critic "tells" a work that fools it no longer. Costs
are what judgements lack, of all weighted critics; the champions' are shown after the first step of a round and after
the last. With --save, sheets of accepted works and the curves of the costs are kept as PNG.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coevo.contract.works import Works
from coevo.images.plots import line_chart
from coevo.images.sheets import contact_sheet
from coevo.loop import Turn, coevolve
from coevo.runs.build import Setup
from coevo.runs.config import assignments, merge
from coevo.runs.starting import new_config

COLUMNS = ("round", "steps", "evaluations", "critic's cost", "first", "last", "fooled", "accepted", "told next")


def play(rounds: int, seed: int, asked: dict[str, Any]) -> tuple[list[list[float]], list[Tensor], dict[int, list[Any]]]:
    """Figures of every round, pictures of accepted works, and curves: champions' costs and critics' by step."""
    config, _ = new_config("line-drawings", merge(asked, {"run": {"seed": seed}}), Path("runs"))
    setup = Setup(config)
    rows: list[list[float]] = []
    sheets: list[Tensor] = []
    curves: dict[int, list[Any]] = {0: [], 1: []}
    with setup.studio.playing():
        setup.build()
        accepted, step, costs, tried, judged = Works(), 0, list[float](), 0.0, 0.0
        for turn in coevolve(setup.artist, setup.critic, setup.batches(), setup.phases):
            step += 1
            if turn.role == "critic":
                if len(accepted):
                    rows[-1].append(1 - share_fooled(setup.critic, accepted))
                if rows:
                    print("  ".join(f"{value:13.3g}" for value in rows[-1]), flush=True)
                tried, judged, costs = turn.metrics["evaluations"], float(turn.metrics["cost"]), []
                curves[1].append((step, judged))
                if turn.at.round == rounds:
                    return rows, sheets, curves
                continue
            costs.append(sum(setup.critic.weights()) - float(turn.metrics["champions"]))
            curves[0].append((step, costs[-1]))
            if turn.ends_round:
                accepted = accepted_of(setup.critic, turn)
                share = len(accepted) / len(turn.works)
                rows.append([turn.next.round, len(costs), tried, judged, costs[0], costs[-1], share, len(accepted)])
                if len(accepted):
                    sheets.append(accepted.pixels)
                else:
                    rows[-1].append(float("nan"))
    raise AssertionError("a loop without end has ended")


def accepted_of(critic: Any, turn: Turn) -> Works:
    """The works of a turn that fool a critic, without twins."""
    fooled = critic.fooled(turn.works, turn.reals).nonzero().flatten()
    some = turn.works[fooled]
    distinct = {image.numpy().tobytes(): i for i, image in reversed(list(enumerate(some.pixels)))}
    return some[torch.tensor(sorted(distinct.values()), dtype=torch.int64)]


def share_fooled(critic: Any, works: Works) -> float:
    return float(critic.fooled(works, None).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", type=Path)
    parser.add_argument("-o", action="append", default=[], metavar="SECTION.KEY=VALUE")
    given = parser.parse_args()
    asked = merge({"run": {"threads": torch.get_num_threads()}}, assignments(given.o))
    told: list[float] = []
    for seed in range(given.seeds):
        began = time.perf_counter()
        print(f"\nseed {seed}\n" + "  ".join(f"{name:>13}" for name in COLUMNS))
        rows, sheets, curves = play(given.rounds, seed, asked)
        print(f"{time.perf_counter() - began:.0f} s")
        told += [row[-1] for row in rows if row[-2]]
        if given.save:
            given.save.mkdir(parents=True, exist_ok=True)
            if sheets:
                page = torch.cat([some[:10] for some in sheets])
                contact_sheet(page, columns=10, scale=1).save(given.save / f"accepted-{seed}.png")
            title = "costs by step: the champions' (first colour), the critics'"
            line_chart(title, curves, (900, 300)).save(given.save / f"costs-{seed}.png")
    fooling = f"{len(told)} of {given.rounds * given.seeds} rounds had accepted works"
    mean = f"; of those the next critic told {statistics.mean(told):.0%}" if told else ""
    print(f"\n{fooling}{mean}")


if __name__ == "__main__":
    main()
