"""What a round costs in seconds and bytes, for each kind of pair: what there is to send between machines.

    python benchmarks/round_costs.py [RECIPE ...] [--rounds 20] [--json]

Each recipe is played for some rounds, at its own options. Gradients are counted where Adam uses them, genomes where the
artist shows them, and a snapshot is the newest checkpoint as it lies on the disk. Seconds are those of one thread; use
an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from coevo.nn.adam import Adam
from coevo.runs.run import Run
from coevo.runs.starting import new_config

RECIPES = ["dcgan", "wgan-gp", "infogan", "vae", "aae", "alae", "gp-dcnn", "cppn-dcnn"]
WARM_UP = 3  # rounds before the clock starts


class Sent:
    """Bytes that a round would send between machines, since the last reset."""

    def __init__(self) -> None:
        self.gradients = self.genomes = 0

    def count_gradients(self) -> None:
        """Count the gradients of every step of every Adam from now on."""
        step = Adam.step

        def counted(optimiser: Adam, *args: Any, **kwargs: Any) -> Any:
            parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
            self.gradients += sum(p.grad.nbytes for p in parameters if p.grad is not None)
            return step(optimiser, *args, **kwargs)

        Adam.step = counted  # type: ignore[method-assign]


def costs(recipe: str, rounds: int, folder: Path, sent: Sent) -> dict[str, Any]:
    """Seconds of a round, and its bytes."""
    run_options = {"rounds": WARM_UP + rounds, "seed": 0, "threads": 1, "sheet_every": 10_000}
    config, _ = new_config(recipe, {"run": run_options}, folder)
    with Run.create(config, folder, recipe, recipe) as run:
        run.read()
        for turn in run.turns():
            if turn.ends_round and turn.next.round == WARM_UP:
                started, sent.gradients, sent.genomes = time.perf_counter(), 0, 0
            elif turn.role == "artist" and turn.works.genomes is not None:
                sent.genomes += sum(len(str(genome).encode()) for genome in turn.works.genomes)
        seconds = time.perf_counter() - started
        files = run.store.checkpoints.glob(f"{run.store.names()[-1]}.*")
        critic = sum(parameter.nbytes for parameter in run.critic.parameters())
        return {
            "seconds": seconds / rounds,
            "batch": config.run.batch,
            "gradients": sent.gradients / rounds,
            "genomes": sent.genomes / rounds,
            "critic": critic,
            "snapshot": sum(path.stat().st_size for path in files),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", default=RECIPES)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="a line of JSON for each recipe")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sent = Sent()
    sent.count_gradients()
    if not given.json:
        print("| pair | works | seconds | gradients, kB | genomes, kB | critic, kB | snapshot, kB |")
        print("|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for recipe in given.recipes:
            found = costs(recipe, given.rounds, Path(folder), sent)
            if given.json:
                print(json.dumps({"recipe": recipe} | found), flush=True)
                continue
            sizes = [found[key] / 1000 for key in ("gradients", "genomes", "critic", "snapshot")]
            cells = [str(found["batch"]), f"{found['seconds']:.3f}", *(f"{size:,.0f}" for size in sizes)]
            print(f"| {recipe} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
