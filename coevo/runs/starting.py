"""From what a user asks for to the options of a new run: recipe, --from, files and options laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coevo.contract.capabilities import DecoderUser, Interactive
from coevo.contract.players import Critic
from coevo.errors import CoevoError, ConfigError
from coevo.images import PICTURES
from coevo.images.files import read_origin
from coevo.loop.pairs import lacks_gradients
from coevo.plugin.own import Role
from coevo.plugin.registry import registry
from coevo.runs.config import Config, Tree, leaves, merge, read_recipe, resolve, typed
from coevo.runs.opening import read_config
from coevo.runs.players import asked_players, refuse_code, under_names
from coevo.runs.real_works import located
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio


def new_config(recipe: str | None, asked: Tree, runs: Path, file: Tree | None = None) -> tuple[Config, str]:
    """The options of a new run.

    Args:
        recipe: the recipe's name, if there is one.
        asked: the sections that the user chose.
        runs: the folder of all runs, where --from looks.
        file: the sections of a file; of a config.toml that a run wrote nothing counts as chosen. Neither it nor a
            recipe may name code that is not installed; what is asked for may.

    Returns:
        The options, and a sentence about those that were taken over from the run that it starts from.
    """
    file, known = file or {}, registry()
    asked = asked_players(asked, known)
    layers = [(f"Recipe {recipe!r}", read_recipe(recipe, known) if recipe else {}), ("The file of options", file)]
    for where, layer in layers:
        refuse_code(layer, where, asked, known)
    below, file = (under_names(layer, asked, known) for _, layer in layers)
    base = merge(below, file if "made" in file else {})
    asked = merge({} if "made" in file else file, asked)
    base.pop("made", None)
    run = merge(base, asked).get("run", {})
    if judge := origin_of(run.get("critic_from"), runs):
        base = merge(base, critic_of(judge, asked, alone=not run.get("start")))
    given = frozenset(leaves(asked)) - {"artist.name", "critic.name"}
    if is_for_a_person(merge(base, asked)) != is_for_a_person(base):
        base.get("run", {}).pop("batch", None)  # it was meant for another critic
    config = resolve(merge(base, asked), known, given)
    taken = ""
    if other := origin_of(config.run.start, runs):
        config, taken = taken_over(config, read_config(other), base, asked, other.name)
    if judge:
        check_same_pictures(config, read_config(judge), judge.name)
    config = located(config)
    for option, place in (("start", config.run.start), ("critic_from", config.run.critic_from)):
        if place and (Path(place).is_file() or Path(place, "config.toml").is_file()):
            config = config.changed(**{option: str(Path(place).absolute())})
    return config, taken


SHAPE = ("size", "channels")  # of pictures, in [data]


def without(options: Tree, *names: str) -> Tree:
    """Options but for some."""
    return {name: value for name, value in options.items() if name not in names}


def critic_of(judge: RunFolder, asked: Tree, alone: bool) -> Tree:
    """The critic of the run that --critic-from names, with its options and its real works, which others may lie over.

    Args:
        judge: that run.
        asked: the sections that the user chose.
        alone: whether no other run says what pictures are like.

    Raises:
        ConfigError: the user names another critic, or that run's has nothing that could be taken.
    """
    its = read_config(judge)
    if asked.get("critic"):
        raise ConfigError(
            f"--critic-from plays the critic of run {judge.name!r} as it is; leave out --critic and its options."
        )
    spec = its.critic_class(its.critic, Studio()).spec()
    if spec.rewards != "scores":
        raise ConfigError(f"Critic {its.critic_class.name!r} of run {judge.name!r} gives no scores; name another run.")
    tree = its.tree()
    name = registered_name("critic", its)
    data = without(tree["data"], "labelled", *(() if alone else SHAPE))
    return {"critic": {**tree["critic"], "name": name}, "data": data}


def registered_name(role: Role, config: Config) -> str:
    """The name by which the registry has a player of a run that was read."""
    source, name = config.sources[role], getattr(config, f"{role}_class").name
    if source.plugin is None:
        return f"{source.file or 'python'}:{source.class_name}"
    return f"{source.plugin}:{name}" if registry().problem(role, name) else str(name)


def check_same_pictures(config: Config, judge: Config, name: str) -> None:
    """Raise ConfigError if a critic of another run judges pictures of another size or number of channels."""
    ours, theirs = ((some.data.size, some.data.channels) for some in (config, judge))
    if ours != theirs:
        raise ConfigError(
            f"The critic of run {name!r} judges pictures of {theirs[0]} px and {theirs[1]} channels, and those of this "
            f"run have {ours[0]} px and {ours[1]}."
        )


def decoder_of(other: Config, name: str) -> Tree:
    """The option `decoder` of an artist that plays in the code space of another run's. Raises ConfigError if it is code
    of the user's own, which a run finds only as its own player."""
    if isinstance(player := other.artist_class(other.artist, Studio()), DecoderUser):
        its: Tree = dict(getattr(player.options, "decoder", {}))
        if its:
            return its
    if other.sources["artist"].plugin is None:
        raise ConfigError(
            f"The artist of run {name!r} is {other.sources['artist']}, and only an installed one can be played with; "
            "`coevo new-plugin` makes a package of it."
        )
    return {"name": registered_name("artist", other), **without(other.tree()["artist"], "name")}


def taken_over(config: Config, other: Config, base: Tree, asked: Tree, name: str) -> tuple[Config, str]:
    """The options with those of the run that it starts from, which neither the recipe nor the user gives; and a
    sentence about them."""
    tree = other.tree()
    plays_codes = isinstance(config.artist_class(config.artist, Studio()), DecoderUser)
    shape = {key: tree["data"][key] for key in SHAPE}
    under: Tree = {"data": without(tree["data"], "labelled") if plays_codes else shape}
    same_kind = picks(config) == picks(other)  # a person looks at fewer works than a network
    if same_kind:
        under["run"] = {"batch": other.run.batch}
    if config.artist_class is other.artist_class:
        evolves = other.artist_class(other.artist, Studio()).spec().population
        own = {"population"} if evolves and not same_kind else set()
        under["artist"] = {key: value for key, value in tree["artist"].items() if key not in {*own, "name"}}
    if plays_codes:
        under["artist"] = {**under.get("artist", {}), "decoder": decoder_of(other, name)}
    if config.critic_class is other.critic_class and not config.run.critic_from:
        under["critic"] = {key: value for key, value in tree["critic"].items() if key != "name"}
    new = resolve(merge(under, base, asked), registry(), config.given)
    its, critic = (player(options, Studio()).spec() for player, options in pair(new))
    if (plays_codes or lacks_gradients(its, critic)) and critic.reals == critic.labels == "unused":
        new = replace(new, classes=other.classes)  # a bred decoder still knows its classes, and no data is read
    before, now = leaves(config.tree()), leaves(new.tree())
    found = [
        typed(key, now[key])
        for key in sorted(now)
        if before.get(key) != now[key] and key != "made.classes" and not key.startswith("artist.decoder.")
    ]
    flags_first = sorted(found, key=lambda option: option.startswith("-o"))
    return new, f"Taken over from run {name!r}: {' '.join(flags_first)}." if found else ""


def origin_of(start: str | None, runs: Path) -> RunFolder | None:
    """The run that --from names, or whose latent code a picture shows; None if it needs none."""
    if not start:
        return None
    if not Path(start).is_file():
        return None if start.lower().endswith(PICTURES) else RunFolder.open(start, runs)
    origin = read_origin(Path(start))
    try:
        return None if origin.works.codes is None else RunFolder.open(origin.run, runs)
    except CoevoError:
        return None  # said when the code is decoded


def pair(config: Config) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Both classes of players with their options."""
    return (config.artist_class, config.artist), (config.critic_class, config.critic)


def picks(config: Config) -> bool:
    """Whether the critic picks, as a person does."""
    return bool(config.critic_class(config.critic, Studio()).spec().rewards == "picks")


def is_interactive(config: Config) -> bool:
    """Whether the critic needs a user interface."""
    return isinstance(config.critic_class(config.critic, Studio()), Interactive)


def is_for_a_person(tree: Mapping[str, Any]) -> bool:
    """Whether the sections name a critic that picks, as far as they can be read."""
    name = tree.get("critic", {}).get("name")
    if name is None:
        return False
    try:
        found: type[Critic] = registry().load("critic", str(name))
        return found(found.Options(), Studio()).spec().rewards == "picks"
    except (CoevoError, ValueError):
        return False
