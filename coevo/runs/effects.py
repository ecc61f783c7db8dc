"""Options that would have no effect are refused: each that a user chose, with the reason.

An option that is off (false, 0, "no") asks for nothing, so it is never refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coevo.contract.players import Artist, Critic, Options
from coevo.data.datasets import DataOptions, Dataset
from coevo.errors import ConfigError
from coevo.evolution.latent_population import LatentPopulation
from coevo.evolution.population import Population
from coevo.plugin.registry import registry
from coevo.runs.config import Config, leaves, typed

OFF: tuple[Any, ...] = (None, False, 0, "", "no", "none", (), [])
SHAPE = ("data.size", "data.channels")  # of every picture, real or made


def check_effects(config: Config, artist: Artist, critic: Critic, dataset: Dataset | None) -> None:
    """Raise ConfigError with a line for every option that the user chose and that would do nothing.

    Args:
        config: the options; `config.given` are those that the user chose.
        artist, critic: the pair.
        dataset: the real works; None if the pair looks at none.
    """
    values = leaves(config.tree())
    chosen = [name for name in sorted(config.given) if values.get(name) not in OFF]
    reasons = dict(pair_reasons(config, artist, critic, dataset))
    if dataset is not None:
        reasons |= dict(data_reasons(config.data, dataset, labels=any(uses_labels(one) for one in (artist, critic))))
    mistakes = []
    for name in chosen:
        why = reasons.get(name) or reasons.get(f"{name.rpartition('.')[0]}.*", "")
        if why and name not in SHAPE:
            mistakes.append(f"{typed(name)} would have no effect: {why}. Leave it out.")
    for role in ("artist", "critic"):
        its: Options = getattr(config, role)
        mistakes += [
            f"{name} would have no effect without {' or '.join(f'{role}.{one}' for one in needed)}; set that too, or "
            f"leave out {name}."
            for name in chosen
            if name.startswith(f"{role}.") and (needed := unmet(its, name.removeprefix(f"{role}.")))
        ]
    if mistakes:
        raise ConfigError(mistakes)


def unmet(options: Options, name: str) -> list[str]:
    """The options, or their values, of which an option needs one and has none; none if it has an effect."""
    needed = options.needs.get(name, "").split(" or ")
    return [] if needed == [""] or any(map(options_have(options), needed)) else needed


def options_have(options: Options) -> Any:
    """Whether an option is on ("memory"), or has a value ("game=wasserstein")."""

    def have(condition: str) -> bool:
        name, equals, value = condition.partition("=")
        its = getattr(options, name)
        return str(its) == value if equals else its not in OFF

    return have


def uses_labels(player: Artist | Critic) -> bool:
    """Whether a player looks at labels of real works."""
    return player.spec().labels != "unused"


def pair_reasons(config: Config, artist: Artist, critic: Critic, dataset: Dataset | None) -> Iterator[tuple[str, str]]:
    """Options by name, or by section (data.*), that do nothing for this pair; and why."""
    its, judge = f"artist {artist.name!r}", f"critic {critic.name!r}"
    if dataset is None:
        yield "data.*", f"neither {its} nor {judge} looks at real works"
    if critic.spec().rewards == "picks":
        for name in ("save_every", "keep_checkpoints", "best"):
            yield f"run.{name}", f"{judge} picks, and every sheet of such a session is kept"
        for name in ("accepted", "ancestral_opponents"):
            yield f"run.{name}", f"{judge} picks, and what it picked is in the session's lineage"
    elif not critic.spec().learns:
        yield "run.ancestral_opponents", f"{judge} never learns, so there are no critics of its past"
    if not critic.spec().learns:
        yield "phases.critic.*", f"{judge} never learns, so it has no phase"
        yield "run.resample", f"{judge} never learns, so there is no step to draw works anew after"
    if artist.spec().population:
        yield "run.resample", f"{its} is a population, which shows the same works until it learns"
    if not isinstance(artist, LatentPopulation):
        yield "latent_population.*", f"{judge} takes the works of {its} as they are, and no latent codes are bred"
    size = getattr(artist.options, "population", None)
    if isinstance(artist, Population) and size is not None and dataset is None:
        yield "run.batch", f"artist.population={size} says how many works there are"


def data_reasons(data: DataOptions, dataset: Dataset, labels: bool) -> Iterator[tuple[str, str]]:
    """The same of the options of a dataset that the pair looks at."""
    named = data.name in registry().offers("dataset")
    reads = getattr(registry().load("dataset", data.name), "reads", None) if named else ("split", "workers")
    if not named:
        yield "data.dir", f"--data {data.name} says already where the pictures are"
    elif reads is not None and "dir" not in reads:
        yield "data.dir", f"dataset {data.name!r} reads no files of yours; name one that does with --data"
    if reads is not None and "split" not in reads:
        yield "data.split", f"dataset {data.name!r} has only one part"
    streamed = dataset.images.numel() > data.memory_mb * 2**20
    if reads is not None and "workers" not in reads and not streamed:
        yield "data.workers", f"dataset {data.name!r} is held in memory, and nothing reads ahead"
    if not labels:
        yield "data.labelled", "neither player looks at labels"
