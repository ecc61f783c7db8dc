"""--from: a run that starts where another one stands, or from the work that a picture shows."""

from __future__ import annotations

from pathlib import Path

from coevo.contract.capabilities import Evolving
from coevo.contract.players import Artist, Player, State
from coevo.errors import ConfigError, DataError, PairError, StoreError
from coevo.evolution.latent_population import LatentPopulation
from coevo.images.png import qualify_ids, read_origin
from coevo.runs.build import Setup
from coevo.runs.config import Config
from coevo.runs.observers import SHEET
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.storage.state_tools import copy_state


def check_start(config: Config, runs: Path) -> None:
    """Raise if --from names nothing to start from, before a folder is made."""
    start = config.run.start
    if start and Path(start).is_file():
        origin = read_origin(Path(start))
        if origin.artist != config.artist_class.name:
            raise DataError(
                f"{start} shows a work of artist {origin.artist!r}; artist {config.artist_class.name!r} of this run "
                "cannot go on from it."
            )
    elif start:
        RunFolder.open(start, runs)


def warm_start(start: str, setup: Setup, runs: Path) -> None:
    """Start from another run or a picture; the players are built.

    Networks of players with the same name take over their parameters. A population starts from what the other artist
    exhibits, as immigrants with ids of their own.
    """
    artist, critic = setup.artist, setup.critic
    if Path(start).is_file():
        origin = read_origin(Path(start))
        if isinstance(artist, LatentPopulation):  # the picture holds a code; what decodes it is in its run
            saved = SavedRun(RunFolder.open(origin.run, runs))
            take_over(artist.decoder, decoder_state(saved), saved)
        evolving(artist).seed_population(origin.works)
        return
    saved = SavedRun(RunFolder.open(start, runs))
    bred = isinstance(artist, LatentPopulation)
    own = artist.decoder if isinstance(artist, LatentPopulation) else artist
    same = own.name == saved.config.artist_class.name
    if critic.name == saved.config.critic_class.name and saved.state:
        take_over(critic, saved.state["critic"], saved)
    if same and not own.spec().population:
        take_over(own, decoder_state(saved), saved)
    if not same or own.spec().population or (bred and isinstance(saved.setup.artist, LatentPopulation)):
        works = saved.artist.exhibit(SHEET, saved.config.run.seed)
        evolving(artist).seed_population(qualify_ids(works, saved.folder.name))


def evolving(artist: Artist) -> Evolving:
    """The artist, if it can take in works of others."""
    if not isinstance(artist, Evolving):
        raise PairError(f"Artist {artist.name!r} cannot start from works of others: it has no population.")
    return artist


def decoder_state(saved: SavedRun) -> State:
    """The state of the trained artist of a run, whose latent codes may have been bred."""
    if not saved.state:
        raise StoreError(f"Run {saved.folder.name!r} has no checkpoint to start from.")
    state: State = saved.state["artist"]
    return state["decoder"] if isinstance(saved.setup.artist, LatentPopulation) else state


def take_over(player: Player, state: State, saved: SavedRun) -> None:
    """Restore the state that the player of the same name has in another run."""
    try:
        player.restore(copy_state(state))
    except (KeyError, RuntimeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{player.name!r} of run {saved.folder.name!r} has other options or another size than this one; start with "
            f"the same (see its config.toml): {str(error).splitlines()[0]}"
        ) from error
