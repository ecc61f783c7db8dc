"""Runs made by older versions, as this one has them: one function a step of the format.

A format is a number in config.toml ([made] format) and in every checkpoint; a folder without one has format 1.
Players rename their own options and parts of their state (`Options.renamed`, `Player.upgrade`, `Player.renamed_state`).
Their plugins have versions of their own, so what they upgrade is asked for whenever a run is opened, of any format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coevo.contract.players import Player, State
from coevo.data.datasets import DataOptions
from coevo.errors import ConfigError, StoreError
from coevo.evolution.latent_population import LatentPopulation
from coevo.plugin.own import ROLES
from coevo.plugin.registry import Registry
from coevo.runs.config import RENAMED_SECTIONS, RunOptions, Tree
from coevo.storage.atomic import write_whole
from coevo.storage.run_folder import FORMAT, RunFolder
from coevo.storage.serialization import pack_text, unpack_text

RUN_STATE_1 = {"past": "ancestral_opponents", "watch": "diagnostics", "log": "log_length"}
METRICS_1 = {
    "artist.spread": "artist.reward_std",
    "artist.wasserstein": "artist.mmd",
    "artist.condition": "artist.conditioning_kl",
    "past.works": "ancestors.works",
    "past.critics": "ancestors.critics",
    "past.critic_forgets": "ancestors.critic_forgets",
    "past.artist_forgets": "ancestors.artist_forgets",
}
DIAGNOSTICS_1 = {
    "best": "best_diversity",
    "spread": "reward_std",
    "widest": "largest_reward_std",
    "troubles": "problems",
}
PROBLEMS_1 = {
    "chance": "critic_at_chance",
    "sure": "critic_saturated",
    "collapse": "mode_collapse",
    "forgetting": "critic_forgets",
    "circles": "artist_forgets",
}
FILES_1 = {"gallery": "sheets", "past": "ancestral_opponents", "past.png": "ancestral-opponents.png"}


def migrate_config(tree: Mapping[str, Any], registry: Registry) -> Tree:
    """The sections of a config.toml of any format, as the newest has them."""
    format = format_of(tree)
    if format > FORMAT:
        raise StoreError(
            f"This run has format {format}, and this coevo reads up to {FORMAT}; upgrade coevo to go on with it."
        )
    if not all(isinstance(section, Mapping) for section in tree.values()):
        return dict(tree)  # of what is no table, `resolve` says so
    tree = {**tree, "run": with_trackers(tree.get("run", {}))}
    if format == FORMAT:
        return with_upgraded_players(dict(tree), registry)
    sections = {RENAMED_SECTIONS.get(name, name): section for name, section in tree.items()}
    sections["run"] = renamed(sections.get("run", {}), RunOptions.renamed)
    way, _, metric = str(sections["run"].get("best", "")).partition(":")
    if metric in METRICS_1:
        sections["run"]["best"] = f"{way}:{METRICS_1[metric]}"
    sections["data"] = renamed(sections.get("data", {}), DataOptions.renamed)
    return with_upgraded_players(sections, registry)


def with_trackers(run: Mapping[str, Any]) -> dict[str, Any]:
    """The options of [run], where `tensorboard = true` was what `trackers = ["tensorboard"]` is now."""
    options = dict(run)
    if options.pop("tensorboard", False):
        options["trackers"] = ["tensorboard"]
    return options


def with_upgraded_players(sections: Tree, registry: Registry) -> Tree:
    """The sections with the players' options as their classes name them now, whatever version wrote them."""
    for kind in ROLES:
        options = dict(sections.get(kind, {}))
        name = str(options.pop("name", ""))
        if name and registry.has(kind, name):  # or else `resolve` says what is missing
            player: type[Player] = registry.load(kind, name)
            sections[kind] = {"name": name, **player.upgrade(options)}
    if "latent_population" in sections:
        sections["latent_population"] = LatentPopulation.upgrade(dict(sections["latent_population"]))
    return sections


def format_of(tree: Mapping[str, Any]) -> int:
    """The format of a config.toml. Raises ConfigError if it is not a number."""
    made = tree.get("made", {})
    format = made.get("format", 1) if isinstance(made, Mapping) else made
    if not isinstance(format, int):
        raise ConfigError(f"made.format should be a number, but got {format!r}.")
    return format


def migrate_state(state: State, format: int, artist: Player, critic: Player) -> State:
    """The state of a run, or of a snapshot of its session, of any format, as the newest has it."""
    new = dict(state)
    for role, player in (("artist", artist), ("critic", critic)):
        if role in new:
            new[role] = migrate_player_state(new[role], player)
    if format < FORMAT and "studio" in new:
        new["studio"] = renamed(new["studio"], {"born": "ids"})
    return new


def migrate_player_state(state: State, player: Player) -> State:
    """A player's state with the names that its class has now; of players within a player, too."""
    members = dict(enumerate(getattr(player, "members", ())))
    if members:  # a society's state holds its members' by number
        parts = {str(number): migrate_player_state(state[str(number)], one) for number, one in members.items()}
        return {**state, **parts}
    new = player.upgrade_state(state)
    decoder = getattr(player, "decoder", None)
    if isinstance(decoder, Player) and "decoder" in new:
        new["decoder"] = migrate_player_state(new["decoder"], decoder)
    return new


def migrate_run_state(state: Mapping[str, Any], format: int) -> State:
    """The states of a run's observers, of any format, as the newest has them: {observer: state}."""
    if format >= FORMAT:
        return dict(state)
    old = renamed(state, RUN_STATE_1)
    diagnostics = {"reward_std": [], "largest_reward_std": 0.0, **renamed(old["diagnostics"], DIAGNOSTICS_1)}
    diagnostics["problems"] = [PROBLEMS_1.get(name, name) for name in diagnostics["problems"]]
    metrics = {
        "length": old["log_length"],
        "meter": {part: renamed(values, METRICS_1) for part, values in old["meter"].items()},
        "latest": renamed(old["latest"], METRICS_1),
        "diagnostics": diagnostics,
    }
    new: State = {"metrics": metrics, "checkpoints": {"best": old["best"]}}
    if old.get("ancestral_opponents"):
        past = dict(old["ancestral_opponents"])
        new["ancestral_opponents"] = past | {"figures": renamed(past.get("figures", {}), METRICS_1)}
    if "accepted" in old:
        new["accepted"] = old["accepted"]
    return new


def migrate_folder(folder: RunFolder, critic: Player) -> None:
    """Give a run's files the names and states that they have now; the run must be locked.

    A migration that is cut off is done again: a state that has its new names keeps them.
    """
    for path in (folder.folder / "past").glob("*.json"):
        kept = unpack_text(path.read_text(), path.with_suffix(".safetensors").read_bytes())
        text, tensors = pack_text({**kept, "critic": migrate_player_state(kept["critic"], critic)})
        write_whole(path.with_suffix(".safetensors"), tensors)
        write_whole(path, text.encode())
    for old, new in FILES_1.items():
        if (folder.folder / old).exists() and not (folder.folder / new).exists():
            (folder.folder / old).rename(folder.folder / new)


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same values with some of their keys renamed."""
    return {names.get(key, key): value for key, value in values.items()}
