"""Options that would have no effect are refused: each that a user chose, with the reason.

An option that is off (false, 0, "no") asks for nothing, so it is never refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coevo.contract.players import Artist, Critic, Options
from coevo.data.datasets import DataOptions, Dataset
from coevo.errors import ConfigError
from coevo.evolution.latent_population import LatentPopulation
from coevo.evolution.population import Population
from coevo.images.given import is_map
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
        labels = any(uses_labels(one) for one in (artist, critic))
        given = any(one.spec().given != "unused" for one in (artist, critic))
        reasons |= dict(data_reasons(config.data, dataset, labels, given))
    mistakes = []
    for name in chosen:
        why = reasons.get(name) or reasons.get(f"{name.rpartition('.')[0]}.*", "")
        if why and name not in SHAPE:
            mistakes.append(f"{typed(name)} would have no effect: {why}. Leave it out.")
    for role in ("artist", "critic"):
        its: Options = getattr(config, role)
        for name in chosen:
            section, _, option = name.partition(".")
            if section == role and (needed := unmet(its, option, critic.spec().rewards)):
                gives = f"; {critic.name!r} gives {critic.spec().rewards}"
                wanted = [
                    f"a critic that gives {value}{gives}" if key == "rewards" else f"{role}.{one}"
                    for one in needed
                    for key, _, value in [one.partition("=")]
                ]
                mistakes.append(f"{name} would have no effect: it needs {' or '.join(wanted)}. Leave it out.")
    if mistakes:
        raise ConfigError(mistakes)


def check_place(data: DataOptions, dataset: Dataset, data_dir: str | None) -> None:
    """Raise ConfigError if a dataset was read, and what --data-dir said was not."""
    if data_dir is not None and (why := dict(data_reasons(data, dataset)).get("data.dir")):
        raise ConfigError(f"--data-dir would have no effect: {why}. Leave it out.")


CONDITION = re.compile(r"(\w+)(?:([=>])(.*))?")


def needs_of(options: type[Options]) -> dict[str, list[str]]:
    """The conditions, any of which an option needs, by its name; those of all classes that it inherits from."""
    classes = [vars(one).get("needs", {}) for one in reversed(options.__mro__)]
    return {name: needed.split(" or ") for needs in classes for name, needed in needs.items()}


def unmet(options: Options, name: str, rewards: str = "scores") -> list[str]:
    """The conditions of which an option needs one, if it has none: "memory" is on, "prior=mixture", "islands>1".

    Args:
        options: of a player.
        name: one of them.
        rewards: what the critic gives, for options that need "rewards=scores" or "rewards=picks".
    """
    values = {"rewards": rewards, **options.model_dump()}

    def holds(condition: str) -> bool:
        match = CONDITION.fullmatch(condition)
        assert match is not None, f"{type(options).__name__}.needs: {condition!r} is not a condition"
        its, sign, value = values[match[1]], match[2], match[3]
        if sign == ">":
            return its is not None and its > float(value)
        return str(its) == value if sign else its not in OFF

    needed = needs_of(type(options)).get(name, [])
    return [] if any(map(holds, needed)) else needed


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
        if isinstance(artist, Population) and not isinstance(artist, LatentPopulation):
            for name in ("compile", "precision", "deterministic"):
                yield f"run.{name}", f"neither {its} nor {judge} has networks"
    elif not critic.spec().learns:
        yield "run.ancestral_opponents", f"{judge} never learns, so there are no critics of its past"
    elif config.critic_phase.rounds:
        yield "run.ancestral_opponents", f"{judge} learns in the first rounds only, and has no past"
    if not config.run.critic_from:
        yield "frozen.*", "it is for a critic that --critic-from names"
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


def data_reasons(
    data: DataOptions, dataset: Dataset, labels: bool = True, given: bool = True
) -> Iterator[tuple[str, str]]:
    """The same of the options of a dataset that the pair looks at."""
    named = data.name in registry().offers("dataset")
    reads = getattr(registry().load("dataset", data.name), "reads", None) if named else ("split", "workers")
    if reads is not None and data.given in registry().offers("dataset"):
        others = getattr(registry().load("dataset", data.given), "reads", None)
        reads = None if others is None else (*reads, *others)
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
    if not given:
        yield "data.given", "neither player makes works from something, or judges them so"
    if not given or not (dataset.paired and is_map(dataset.planes)) or named:
        yield (
            "data.regions",
            "it says how many regions there are in label maps of files (data.given=left, right, A or B)",
        )
