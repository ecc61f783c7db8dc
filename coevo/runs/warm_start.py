"""--from: a run that starts where another one stands, or from the work that a picture shows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from coevo.contract.capabilities import DecoderUser, Evolving, LayerSource
from coevo.contract.players import Artist, Player
from coevo.contract.works import Works
from coevo.errors import ConfigError, DataError, PairError, StoreError
from coevo.images import PICTURES
from coevo.images.files import read_origin
from coevo.images.origin import qualify_ids
from coevo.latent_models.autoencoder import Autoencoder
from coevo.runs.build import Setup
from coevo.runs.config import Config, typed
from coevo.runs.observers import SHEET
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.storage.state_tools import copy_state


def check_start(config: Config, runs: Path) -> None:
    """Raise if --from or --critic-from names nothing to start from, before a folder is made."""
    start = config.run.start
    if config.run.critic_from:
        RunFolder.open(config.run.critic_from, runs)
    if not start:
        return
    if Path(start).is_file():
        origin = read_origin(Path(start))
        if origin.artist != config.artist_class.name:
            raise DataError(
                f"{start} shows a work of artist {origin.artist!r}; artist {config.artist_class.name!r} of this run "
                "cannot go on from it."
            )
    elif start.lower().endswith(PICTURES):
        raise DataError(f"There is no picture {start}.")
    else:
        RunFolder.open(start, runs)


def take_critic(name: str, setup: Setup, runs: Path) -> None:
    """Let the critic judge as it does in another run; it is built."""
    saved = SavedRun(RunFolder.open(name, runs))
    check_agents(setup.config, saved)
    take_over(setup.critic, "critic", saved, setup.config)


def warm_start(start: str, setup: Setup, runs: Path) -> None:
    """Start from another run or a picture; the players are built.

    Networks of players with the same name take over their parameters; an autoencoder takes over layers of another
    artist that has any. A population starts from what the other artist exhibits, as immigrants with ids of their own.
    """
    artist, critic, own = setup.artist, setup.critic, setup.trained
    if Path(start).is_file():
        origin = read_origin(Path(start))
        if setup.plays_codes:  # the picture holds a code; what decodes it is in its run
            take_over(own, "artist", SavedRun(RunFolder.open(origin.run, runs)), setup.config)
            choose_first_codes(setup)
        seed_population(artist, origin.works, f"the picture {start}")
        return
    saved = SavedRun(RunFolder.open(start, runs))
    check_agents(setup.config, saved)
    same = own.name == saved.setup.trained.name
    if critic.name == saved.config.critic_class.name and saved.state and not setup.config.run.critic_from:
        take_over(critic, "critic", saved, setup.config)
    if same and not own.spec().population:
        take_over(own, "artist", saved, setup.config)
        choose_first_codes(setup)
    if isinstance(artist, DecoderUser) and not isinstance(artist, Evolving):
        return  # it starts anew in the code space
    if not same and isinstance(own, Autoencoder) and isinstance(saved.artist, LayerSource):
        take_layers(own, saved.artist, saved.folder.name)
    elif not same or own.spec().population or (setup.plays_codes and saved.setup.plays_codes):
        works = saved.artist.exhibit(SHEET, saved.config.run.seed)
        name = saved.folder.name
        seed_population(artist, qualify_ids(works, name), f"run {name!r} of artist {saved.artist.name!r}")


def choose_first_codes(setup: Setup) -> None:
    """Make a population of codes anew, now that its networks have learnt: the codes of a sheet are chosen by what the
    networks draw. Nobody has seen those before, so ids begin anew too."""
    if setup.plays_codes and isinstance(setup.artist, Evolving):
        setup.studio.ids = 0
        setup.artist.build()


def check_agents(config: Config, saved: SavedRun) -> None:
    """Raise ConfigError if one of the two runs is a society and the other is not, or has another number of agents."""
    here, there = config.run.agents, saved.config.run.agents
    if here != there:
        what = f"a society of {there} agents; say --agents {there}" if there > 1 else "one pair; leave out --agents"
        raise ConfigError(f"Run {saved.folder.name!r} is {what}.")


def evolving(artist: Artist) -> Evolving:
    """The artist, if it can take in works of others."""
    if not isinstance(artist, Evolving):
        raise PairError(f"Artist {artist.name!r} cannot start from works of others: it has no population.")
    return artist


def seed_population(artist: Artist, works: Works, origin: str) -> None:
    """Let a population start from works of others. Raises PairError, which names both, if it can use none of them."""
    population = evolving(artist)
    try:
        population.seed_population(works)
    except PairError as error:
        said = str(error)
        raise PairError(f"Artist {artist.name!r} cannot start from {origin}: {said[:1].lower()}{said[1:]}") from error


def take_over(player: Player, role: Literal["artist", "critic"], saved: SavedRun, config: Config) -> None:
    """Restore the state that the player of the same name has in another run."""
    if not saved.state:
        raise StoreError(f"Run {saved.folder.name!r} has no checkpoint to start from.")
    state = saved.state[role]
    if role == "artist" and saved.setup.plays_codes:
        state = state["decoder"]
    try:
        player.restore(copy_state(state))
    except (KeyError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"The networks of {player.name!r} have other shapes in run {saved.folder.name!r} than in this one; "
            f"{differences(role, config, saved.config) or 'see the options in its config.toml'}."
        ) from error


def take_layers(artist: Autoencoder, source: LayerSource, name: str) -> None:
    """Let an autoencoder start from the layers of another's run. Raises PairError, which names the run."""
    try:
        artist.start_from_layers(source.pretrained_layers())
    except PairError as error:
        raise PairError(f"Artist {artist.name!r} cannot start from the layers of run {name!r}: {error}") from error


def differences(role: Literal["artist", "critic"], config: Config, other: Config) -> str:
    """What of this run another run has otherwise: the options of a player and of pictures, as typed, and classes."""
    theirs, ours = other.tree(), config.tree()
    options = {"data": ("size", "channels"), role: tuple(theirs[role])}
    found = [
        typed(f"{section}.{key}", theirs[section][key])
        for section, keys in options.items()
        for key in keys
        if key != "name" and theirs[section].get(key) != ours[section].get(key, theirs[section].get(key))
    ]
    if found:
        return f"what fits is {' '.join(found)}"
    if config.classes and other.classes and len(config.classes) != len(other.classes):
        return f"it knows {len(other.classes)} classes, and this data has {len(config.classes)}"
    return ""
