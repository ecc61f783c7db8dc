"""Does breeding by a taste work? Twenty generations bred by critic `taste`, and as many by random picks.

    python benchmarks/taste.py [--from RUN_FOLDER] [--seeds 5] [--generations 20] [--noise 0.5]
                               [--only biomorph|dcgan|programs|automata|swarms]

Both begin with the same sheet of fifteen, and the same score measures both. p: Mann-Whitney, two-sided, over the seeds'
mean scores of the last sheet; with five seeds it cannot be below 0.008.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

import coevo
from coevo import Genome, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.report import evaluate
from coevo.images.rendering import render
from coevo.images.sheets import to_bytes, to_picture
from coevo.interactive.session_db import FILE, SessionDB
from coevo.runs.run import Run

WANTED = "7"


@dataclass
class Trial:
    """A taste, and the artist that is bred by it."""

    title: str
    artist: str
    critic: dict[str, Any]
    size: int
    options: dict[str, Any] = field(default_factory=dict)
    channels: int = 1
    start: str | None = None

    def run(self, name: str, runs: Path, seed: int, generations: int, **critic: Any) -> Run:
        options = {"artist": self.options, "critic": critic, "data": {"size": self.size, "channels": self.channels}}
        start = {"start": self.start} if self.start else {}
        return coevo.run(
            artist=self.artist, critic="taste", name=name, runs_dir=runs, options=options,
            seed=seed, rounds=generations, **start,
        )  # fmt: skip


def sheets(run: Run, size: int) -> list[Tensor]:
    """Pictures of a run's first sheet, drawn from the session's database, and of its last."""
    with SessionDB(run.store.folder / FILE) as db:
        first = db.individuals(*db.sheet(db.events("pick")[0].snapshot))
    genomes = tuple(Genome(one.id, one.parents, one.genome) for one in first.values())
    return [render(run.artist, Works(genomes=genomes), size), run.artist.make(0, None).pixels]


def compare(trial: Trial, runs: Path, seeds: int, generations: int, noise: float) -> None:
    arms: dict[str, list[list[Tensor]]] = {"taste": [], "random": []}
    scores: dict[str, list[list[Tensor]]] = {"taste": [], "random": []}
    started = time.perf_counter()
    for seed in range(seeds):
        stem = f"{trial.artist}-{trial.critic['likes']}-{seed}"
        by_taste = trial.run(f"{stem}-taste", runs, seed, generations, noise=noise, **trial.critic)
        by_chance = trial.run(f"{stem}-random", runs, seed, generations, likes="nothing")
        for arm, run in (("taste", by_taste), ("random", by_chance)):
            arms[arm].append(sheets(run, trial.size))
            scores[arm].append([by_taste.critic.score(images) for images in arms[arm][-1]])  # type: ignore[attr-defined]
        assert torch.equal(arms["taste"][-1][0], arms["random"][-1][0]), "the arms begin with the same sheet"
    ends = {arm: [last.mean().item() for _, last in some] for arm, some in scores.items()}
    bests = {arm: [last.max().item() for _, last in some] for arm, some in scores.items()}
    begin = [first for first, _ in scores["taste"]]
    print(f"\n{trial.title} ({time.perf_counter() - started:.0f} s)")
    print(f"{'':22}{'mean':>9}{'best':>9}")
    line("generation 0", [s.mean().item() for s in begin], [s.max().item() for s in begin])
    for arm in arms:
        line(f"{generations}, by {arm}", ends[arm], bests[arm])
    line("difference", *([a - b for a, b in zip(x["taste"], x["random"], strict=True)] for x in (ends, bests)))
    p = mannwhitneyu(ends["taste"], ends["random"]).pvalue
    p_best = mannwhitneyu(bests["taste"], bests["random"]).pvalue
    print(f"{'p':22}{p:9.3f}{p_best:9.3f}")
    won = sum(a > b for a, b in zip(ends["taste"], ends["random"], strict=True))
    print(f"{'seeds that taste wins':22}{won:7}/{seeds}", flush=True)
    if trial.critic["likes"] == "class":
        real = digits(DataOptions(size=trial.size))
        for title, arm, at in (("generation 0", "taste", 0), ("by taste", "taste", 1), ("by random", "random", 1)):
            classes = evaluate(torch.cat([pair[at] for pair in arms[arm]]).cpu(), real).classes
            assert classes
            print(f"  named {WANTED} by another judge, {title}: {classes.shares[WANTED]:.0%}", flush=True)


def line(title: str, means: list[float], bests: list[float]) -> None:
    print(f"{title:22}{statistics.mean(means):9.3f}{statistics.mean(bests):9.3f}")


def biomorph_trials(folder: Path) -> list[Trial]:
    from coevo_biomorph.artist import Biomorph
    from coevo_biomorph.genotype import INSECT

    size = 64
    studio = Studio((1, size, size), folder=folder)
    insect = Works(genomes=(Genome("insect", (), INSECT.text()),))
    picture = folder / "insect.png"
    to_picture(to_bytes(Biomorph(Biomorph.Options(), studio).render(insect, 256))[0]).save(picture)
    tree = {"start": "tree"}
    return [
        Trial("biomorph, three times as wide as high", "biomorph", {"likes": "aspect-ratio", "ratio": 3}, size, tree),
        Trial("biomorph, like Dawkins' insect", "biomorph", {"likes": "likeness", "image": str(picture)}, size, tree),
    ]


def digit_trials(folder: Path, start: Path) -> list[Trial]:
    config = coevo.load(start).config
    options, size = config.artist.model_dump(), config.data.size
    real = digits(DataOptions(size=size))
    assert real.labels is not None
    first = int((real.labels == int(WANTED)).nonzero()[0])
    picture = folder / "digit.png"
    to_picture(real.images[first].permute(1, 2, 0).numpy()).save(picture)
    likes = ({"likes": "likeness", "image": str(picture)}, {"likes": "class", "wants": WANTED})
    titles = (f"dcgan, like a real {WANTED} (digit {first})", f"dcgan, a {WANTED}")
    return [Trial(title, "dcgan", some, size, options, start.name) for title, some in zip(titles, likes, strict=True)]


def program_trials() -> list[Trial]:
    like = {"likes": "symmetry"}
    return [Trial(f"{artist}, symmetric from left to right", artist, like, 64) for artist in ("gp", "cppn")]


def automata_trials() -> list[Trial]:
    """As recipe `evoeco` has it: one parent, and places for what is novel."""
    likes = {"symmetric from left to right": {"likes": "symmetry"}, "orange": {"likes": "colour", "colour": "#ff8000"}}
    evoeco = {"picks": 1, "novelty_places": 5}
    return [Trial(f"ca, {title}", "ca", some, 64, evoeco, channels=3) for title, some in likes.items()]


def swarm_trials() -> list[Trial]:
    likes = {"symmetric from left to right": {"likes": "symmetry"}, "orange": {"likes": "colour", "colour": "#ff8000"}}
    return [Trial(f"swarm, {title}", "swarm", some, 64, channels=3) for title, some in likes.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="start", type=Path, help="folder of a trained dcgan; by default one is trained")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--generations", type=int, default=20)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--only", choices=("biomorph", "dcgan", "programs", "automata", "swarms"))
    given = parser.parse_args()
    print(f"{given.seeds} seeds, {given.generations} generations of 15, noise {given.noise}; {' '.join(sys.argv)}")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder, "runs")
        trials = []
        if given.only in (None, "dcgan"):
            start = runs / "base"
            if given.start:
                shutil.copytree(given.start, start)
            else:
                coevo.run("dcgan", name="base", runs_dir=runs, minutes=1, seed=0)
            print(f"dcgan trained for {coevo.load(start).round} rounds")
            trials += digit_trials(Path(folder), start)
        if given.only in (None, "biomorph"):
            trials += biomorph_trials(Path(folder))
        if given.only in (None, "programs"):
            trials += program_trials()
        if given.only in (None, "automata"):
            trials += automata_trials()
        if given.only in (None, "swarms"):
            trials += swarm_trials()
        for trial in trials:
            compare(trial, runs, given.seeds, given.generations, given.noise)


if __name__ == "__main__":
    main()
