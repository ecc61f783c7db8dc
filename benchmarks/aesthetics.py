"""Critics that learn a taste, with controls: accuracy, rewards over time, societies, past critics, speed.

    python benchmarks/aesthetics.py TRIAL [--seeds 5] [--rounds N] [--runs runs]

TRIAL: speed, society, fooling, languages, features, past-critics, or all. Runs are kept in --runs by name, and resumed
if they are there. p: Mann-Whitney, one-sided, over the seeds; with five seeds it cannot be below 0.004.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

import coevo
from coevo import Studio, Works
from coevo.data.datasets import DataOptions, to_float
from coevo.evaluation.report import evaluate
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.monitoring.accepted import read_accepted, works_of_rows
from coevo.nn.layers import halvings, init_kaiming
from coevo.runs.run import Run
from coevo.storage.jsonl import read_log
from coevo_aesthetics.measures import measured
from coevo_aesthetics.photographs import photographs

ARGS: argparse.Namespace
PROGRAMS = 150_000  # made by a run, to compare languages
KEPT = 1000  # accepted works that are judged


def played(recipe: str, name: str, seed: int, rounds: int, **options: Any) -> Run:
    """A run of that name and seed, played for this number of rounds in all."""
    name = f"{name}-{seed}"
    if (Path(ARGS.runs) / name / "config.toml").is_file():
        return coevo.resume(name, runs_dir=ARGS.runs, rounds=rounds)
    run = {"log_every": 1, "save_every": 10, "sheet_every": 50} | options.pop("run", {})
    return coevo.run(recipe, name=name, runs_dir=ARGS.runs, rounds=rounds, seed=seed, options={"run": run, **options})


def played_until(recipe: str, name: str, seed: int, programs: int, **options: Any) -> Run:
    """A run of that name and seed, played until it has made this number of programs."""
    run = played(recipe, name, seed, 1, **options)
    while run.studio.ids < programs:
        run = coevo.resume(run.store.name, runs_dir=ARGS.runs, rounds=run.round + max(1, run.round // 10))
    return run


def seeds() -> range:
    return range(ARGS.seeds)


def report(trial: str, **figures: Any) -> None:
    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 4)
        return [rounded(part) for part in value] if isinstance(value, list) else value

    print(json.dumps({"trial": trial, **{key: rounded(value) for key, value in figures.items()}}), flush=True)


def p_value(less: Sequence[float], more: Sequence[float]) -> float:
    """The probability that the first values are this much smaller by chance."""
    return float(mannwhitneyu(less, more, alternative="less").pvalue)


def auc(real: Tensor, made: Tensor) -> float:
    """Area under the ROC curve of scores that should tell real from made works: 0.5 is chance."""
    truth = [1] * len(real) + [0] * len(made)
    return float(roc_auc_score(truth, torch.cat([real, made]).tolist()))


# trials


def fooling() -> None:
    """A critic judges works of a seed that it was not trained on; it learnt real pictures against others' works.

    The control is the same number of works, the best by the seed's own critic, of as many random programs as the seed's
    evolution made. The critic has learnt both kinds of the other seeds, so that neither passes because it is new.
    """
    for recipe, rounds in (("gp-dcnn", 1500), ("cppn-dcnn", 1150)):
        runs = [played(recipe, recipe, seed, ARGS.rounds or rounds) for seed in range(ARGS.seeds)]
        ours, theirs = [_works(run) for run in runs], [_best_random(run) for run in runs]
        reals = to_float(runs[0].dataset.images)[torch.randperm(len(runs[0].dataset), generator=_generator(0))]
        held, known = reals[:300], reals[300:]
        found: dict[str, list[float]] = {"evolved": [], "random": []}
        for seed in range(ARGS.seeds):
            others = [kind[other] for kind in (ours, theirs) for other in range(ARGS.seeds) if other != seed]
            judge = _judge(known, torch.cat(others), seed)
            found["evolved"].append(auc(judge(held), judge(ours[seed])))
            found["random"].append(auc(judge(held), judge(theirs[seed])))
        save_png(Path(ARGS.runs) / f"{recipe}.png", contact_sheet(torch.cat([o[:8] for o in ours]), columns=8), {})
        report("fooling", recipe=recipe, rounds=runs[0].round, **found, p=p_value(found["evolved"], found["random"]))


def languages() -> None:
    """Programs that draw lines beside programs of expressions, after as many of both were made.

    Digits are classes with a third of an even share among the last accepted works; the length is in instructions and
    in nodes.
    """
    ours: dict[str, list[Tensor]] = {}
    theirs: dict[str, list[Tensor]] = {}
    figures: dict[str, dict[str, list[float]]] = {}
    for recipe in ("hercl-cnn", "gp-dcnn"):
        runs = [played_until(recipe, f"{recipe}-languages", seed, PROGRAMS, run={"accepted": 8}) for seed in seeds()]
        ours[recipe], theirs[recipe] = [_works(run) for run in runs], [_best_random(run) for run in runs]
        dataset, known = runs[0].dataset, figures.setdefault(recipe, {})
        known["rounds"] = [run.round for run in runs]
        for run in runs:
            works = works_of_rows(read_accepted(run.store.folder)[-KEPT:])
            found = evaluate(run.artist.render(works, dataset.images.shape[-1]), dataset, None).figures()
            for name in ("fid", "kid", "precision", "recall", "classes_found"):
                known.setdefault(name, []).append(found[name])
            lengths = [len(run.artist.deserialize(one.text)) for one in works.individuals]
            known.setdefault("length", []).append(statistics.mean(lengths))
    reals = to_float(dataset.images)[torch.randperm(len(dataset), generator=_generator(0))]
    held, shown = reals[:300], reals[300:]
    for recipe, mine in ours.items():
        figures[recipe] |= {"auc": [], "auc_random": []}
        for seed in seeds():
            others = [kind[other] for kind in (mine, theirs[recipe]) for other in seeds() if other != seed]
            judge = _judge(shown, torch.cat(others), seed)
            figures[recipe]["auc"].append(auc(judge(held), judge(mine[seed])))
            figures[recipe]["auc_random"].append(auc(judge(held), judge(theirs[recipe][seed])))
        sheet = contact_sheet(torch.cat([works[:8] for works in mine]), columns=8)
        save_png(Path(ARGS.runs) / f"{recipe}-languages.png", sheet, {})
        p = p_value(figures[recipe]["auc"], figures[recipe]["auc_random"])
        report("languages", recipe=recipe, programs=PROGRAMS, **figures[recipe], p=p)


def features() -> None:
    """Each round: does the critic tell held-out photographs from evolved works, and did its rewards rise?"""
    test = to_float(photographs(_options("test")).images[::5])
    aucs: list[list[float]] = []
    rises: list[int] = []
    for seed in range(ARGS.seeds):
        run = played("computational-aesthetics", "photographs", seed, 1)
        found, rose = [], 0
        for _ in range(ARGS.rounds or 5):
            rewards: list[float] = []
            run = Run.resume(run.store, rounds=run.round + 1)
            for turn in run.turns():
                if turn.rewards is not None:
                    rewards.append(turn.rewards.mean().item())
            run.close()
            works = run.artist.make(0, None)
            reals = run.session.data.batch(run.round, 0, 0)
            run.critic.learn(works, reals or Works())  # as the next round begins; it is not saved
            found.append(auc(run.critic.judge(Works(test), None), run.critic.judge(works, None)))
            rose += statistics.mean(rewards[-3:]) > statistics.mean(rewards[:3])
        aucs.append(found)
        rises.append(rose)
    means = [statistics.mean(column) for column in zip(*aucs, strict=True)]
    report("features", auc_by_round=means, least=min(map(min, aucs)), rounds_that_rose=rises, of=ARGS.rounds or 5)


def society() -> None:
    """Novelty in a society and under random selection; and how far agents drift apart with and without exchange."""
    arms: dict[str, dict[str, Any]] = {
        "exchange": {},
        "alone": {"run": {"exchange": 0}},
        "chance": {"artist": {"tournament": 1}},  # a tournament of one: random parents
    }
    novelty: dict[str, list[float]] = {arm: [] for arm in arms}
    interest: dict[str, list[float]] = {arm: [] for arm in arms}
    apart: dict[str, list[float]] = {arm: [] for arm in arms}
    for seed in range(ARGS.seeds):
        for arm, options in arms.items():
            run = played("artificial-creativity", f"society-{arm}", seed, ARGS.rounds or 60, **options)
            works = run.artist.make(0, None)
            members = list(zip(run.critic.members, _equal_parts(works, len(run.critic.members)), strict=True))
            novelty[arm].append(torch.cat([critic.novelty(own) for critic, own in members]).mean().item())
            rows = read_log(run.store.folder / "metrics.jsonl")
            interest[arm].append(statistics.mean(row["artist.reward"] for row in rows[len(rows) // 2 :]))
            apart[arm].append(_energy_distance([critic.thumbnails(own) for critic, own in members]))
            if seed == 0:
                sheet = contact_sheet(works.pixels, columns=len(works) // len(members))
                save_png(Path(ARGS.runs) / f"society-{arm}.png", sheet, {})
    band = "0.29 to 0.66"
    report("society", band=band, novelty=novelty, p=p_value(novelty["chance"], novelty["exchange"]))
    report("interest", rewards=interest, p=p_value(interest["chance"], interest["exchange"]))
    report("exchange", apart=apart, p=p_value(apart["exchange"], apart["alone"]))


def past_critics() -> None:
    """What is forgotten with past critics in the game, and without."""
    found: dict[int, dict[str, list[float]]] = {}
    for size in (0, 4):
        found[size] = {"ancestors.critic_forgets": [], "ancestors.artist_forgets": [], "ancestors.critics": []}
        for seed in range(ARGS.seeds):
            critic = {"past_critics": size}
            run = played("evolved-art", f"past-critics-{size}", seed, ARGS.rounds or 40, critic=critic)
            rows = read_log(run.store.folder / "metrics.jsonl")
            for key, values in found[size].items():
                values.append(statistics.mean(row[key] for row in rows[len(rows) // 3 :]))
    for key in found[0]:
        report(
            "past-critics", figure=key, none=found[0][key], four=found[4][key], p=p_value(found[4][key], found[0][key])
        )


def speed() -> None:
    """Seconds to measure a hundred photographs; and in a round, to train the critic and to draw the works."""
    images = to_float(photographs(_options("train", 128)).images[::8])
    measured(images[:8])
    took = []
    for _ in range(3):
        started = time.perf_counter()
        measured(images)
        took.append(time.perf_counter() - started)
    report("speed", pictures=len(images), seconds=min(took))
    run = Run.resume(played("computational-aesthetics", "speed", 0, 1).store, rounds=2)
    learning, drawing = _timed(run.critic, "learn"), _timed(run.artist, "draw")
    for _ in run.turns():
        pass
    run.close()
    report("speed", training_a_round=sum(learning), rendering_a_round=sum(drawing))


TRIALS: dict[str, Callable[[], None]] = {
    "speed": speed,
    "society": society,
    "fooling": fooling,
    "languages": languages,
    "features": features,
    "past-critics": past_critics,
}


# what they use


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _options(split: str, size: int = 64) -> DataOptions:
    return DataOptions.model_validate({"size": size, "channels": 3, "split": split})


def _equal_parts(works: Works, n: int) -> list[Works]:
    """The works of each agent of a society."""
    return [works[places] for places in torch.arange(len(works)).tensor_split(n)]


def _works(run: Run) -> Tensor:
    """The better half of the last population, by its critic, the best first."""
    works = run.artist.make(0, None)
    with torch.no_grad():
        rewards = run.critic.judge(works, run.session.data.batch(run.round, 1, 0))
    return works.pixels[rewards.argsort(descending=True)[: len(works) // 2]]


def _best_random(run: Run) -> Tensor:
    """The same number of works, the best by the run's own critic, of as many random programs as evolution made."""
    studio = Studio(run.studio.image, batch=run.session.data.size, seed=10_000 + run.config.run.seed)
    studio.reseed()
    many = run.studio.ids
    keep = len(run.artist.make(0, None)) // 2
    best, scores = torch.empty(0, *run.studio.image), torch.empty(0)
    reals = run.session.data.batch(run.round, 1, 0)
    made = 0
    while made < many:
        artist = type(run.artist)(run.artist.options, studio)
        artist.build()
        images = artist.make(0, None).pixels
        with torch.no_grad():
            rewards = run.critic.judge(Works(images), reals)
        best, scores = torch.cat([best, images]), torch.cat([scores, rewards])
        order = scores.argsort(descending=True)[:keep]
        best, scores, made = best[order], scores[order], made + len(images)
    return best


def _judge(real: Tensor, made: Tensor, seed: int) -> Callable[[Tensor], Tensor]:
    """A convolutional network that learns to tell the two apart, from scratch."""
    torch.manual_seed(seed)
    layers, features = halvings(16, real.shape[1], real.shape[2], "none")
    net = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(features, 1))
    net.apply(init_kaiming)
    adam, generator = torch.optim.Adam(net.parameters(), 1e-3, weight_decay=1e-4), _generator(seed)
    for _ in range(300):
        some = [side[torch.randint(len(side), (64,), generator=generator)] for side in (real, made)]
        loss = nn.functional.softplus(torch.cat([-net(some[0]), net(some[1])])).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    net.eval()
    return lambda images: net(images)[:, 0].detach()


def _energy_distance(agents: Sequence[Tensor]) -> float:
    """The energy distance between agents' works, the mean over pairs: 0 if they make the same works."""

    def mean(a: Tensor, b: Tensor) -> float:
        return torch.cdist(a, b).mean().item()

    own = [mean(a, a) for a in agents]
    pairs = [(i, j) for i in range(len(agents)) for j in range(i)]
    return statistics.mean(2 * mean(agents[i], agents[j]) - own[i] - own[j] for i, j in pairs)


def _timed(player: Any, method: str) -> list[float]:
    """Seconds of each call of a player's method from now on."""
    seconds: list[float] = []
    call = getattr(player, method)

    def timed(*args: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*args)
        finally:
            seconds.append(time.perf_counter() - started)

    setattr(player, method, timed)
    return seconds


def main() -> None:
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", choices=[*TRIALS, "all"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, help="of every run; by default the trial's own number")
    parser.add_argument("--runs", default="runs")
    ARGS = parser.parse_args()
    for name, trial in TRIALS.items():
        if ARGS.trial in (name, "all"):
            begun = time.perf_counter()
            trial()
            print(f"{name}: {time.perf_counter() - begun:.0f} s in all", flush=True)


if __name__ == "__main__":
    main()
