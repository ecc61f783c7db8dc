"""Pairs: the specs of two players, compared before either is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from coevo.contract.capabilities import Breedable, Decoder, Divisible, Encoder
from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec
from coevo.errors import ConfigError, PairError
from coevo.loop import checks
from coevo.loop.phases import Phase


def share_parameters(artist: Artist, critic: Critic) -> bool:
    """Whether the two hold a parameter in common, as ALAE's pair does its encoder."""
    own = {id(parameter) for parameter in artist.parameters()}
    return any(id(parameter) in own for parameter in critic.parameters())


def check_restart(artist: Artist, critic: Critic, phases: Sequence[Phase]) -> None:
    """Refuse to restart an artist that shares parameters with its critic: the critic would keep the old ones.

    Raises:
        PairError: a phase restarts it; both players are built.
    """
    if any(phase.restart for phase in phases) and share_parameters(artist, critic):
        raise PairError(
            f"Artist {artist.name!r} and critic {critic.name!r} share parameters, so the artist cannot be restarted "
            "each round; leave out phases.artist.restart."
        )


def check_playable(artist: Artist, critic: Critic, phases: Sequence[Phase]) -> None:
    """Raise PairError if the artist cannot learn from the critic or be restarted as a phase says, or all phases end."""
    check_fit(artist, critic)
    check_restart(artist, critic, phases)
    if all(phase.rounds is not None for phase in phases):
        raise PairError("Every phase ends after some rounds, so nobody learns in later ones; leave rounds out of one.")


def lacks_gradients(artist: ArtistSpec, critic: CriticSpec) -> bool:
    """Whether the artist waits for gradients that the critic does not give."""
    return artist.gradients and not critic.gradients and critic.rewards != "constant"


def mismatch(artist: Artist, critic: Critic) -> str:
    """Why an artist cannot learn from a critic, as the end of a sentence; empty if it can."""
    a, c = artist.spec(), critic.spec()
    its, theirs = artist.name, critic.name
    inferred = isinstance(artist, Encoder) or not isinstance(artist, Decoder)
    reasons = {
        f"{its} learns from a critic alone": c.rewards == "constant" and a.critic == "required",
        f"{its} learns by gradients and {theirs} gives none": lacks_gradients(a, c),
        f"{theirs} judges latent codes and {its} makes none": c.judges == "codes" and not a.code,
        f"{its} samples its codes from the prior instead of encoding images, so {theirs}, which judges codes, gives it "
        "nothing to learn from": c.judges == "codes" and a.gradients and not inferred,
        f"{theirs} judges pictures and {its} makes none": c.judges == "images" and not a.images,
        f"{theirs} gives picks and {its} learns from scores only": c.rewards == "picks" and not can_be_bred(artist),
        f"{theirs} gives scores and {its} learns from picks only": c.rewards == "scores" and not a.scores,
        f"{theirs} judges works by their labels and {its} gives them none": c.labels == "required"
        and a.labels == "unused",
        f"{theirs} judges works beside what they were made from and {its} is given nothing": c.given != "unused"
        and a.given == "unused",
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def check_fit(artist: Artist, critic: Critic) -> None:
    """Raise PairError, with the reason, if the artist cannot learn from the critic."""
    if reason := mismatch(artist, critic):
        raise PairError(f"Artist {artist.name!r} cannot work with critic {critic.name!r}: {reason}.")


def check_divided(artist: Artist, critic: Critic, batch: int, processes: int) -> None:
    """Refuse a pair that several processes cannot play together, each with a part of every batch.

    Raises:
        ConfigError: one of the two learns in another way, or the batch has no equal parts.
    """
    learners = [artist, *([critic] if critic.spec().learns else [])]
    for role, player in zip(("Artist", "Critic"), learners, strict=False):
        if not isinstance(player, Divisible):
            how = "has a population" if role == "Artist" and artist.spec().population else "looks at batches as a whole"
            raise ConfigError(
                f"{role} {player.name!r} {how}, so its batches cannot be divided among processes; leave out "
                "--processes."
            )
        player.check_divided()
    if critic.spec().rewards == "picks":
        raise ConfigError(f"Critic {critic.name!r} picks from one sheet; leave out --processes.")
    check_parts(batch, processes)


def check_parts(batch: int, processes: int) -> None:
    """Raise ConfigError if processes of that number cannot have equal parts of a batch."""
    if batch < processes:
        raise ConfigError(f"A batch of {batch} has no work for each of {processes} processes; say a larger --batch.")
    if batch % processes:
        raise ConfigError(
            f"{processes} processes need equal parts of a batch, and {batch} works have none; say --batch "
            f"{-(-batch // processes) * processes}."
        )


def can_be_bred(artist: Artist) -> bool:
    """Whether a person can pick its works."""
    return artist.spec().picks is not None and isinstance(artist, Breedable)


def check_pair(
    artist: Artist,
    critic: Critic,
    *,
    reals: bool = True,
    labels: Literal["all", "some", "none"] = "all",
    given: Literal["pairs", "domains", "none"] = "pairs",
) -> None:
    """Refuse a pair that cannot work, before either is built.

    Args:
        artist, critic: the two, not yet built.
        reals: whether the run's data has real works.
        labels: how many of the real works have labels.
        given: whether real works bring what they were made from, or things of another domain without partners.

    Raises:
        ConfigError: an option does not fit.
        PairError: the two do not fit, or one of them and the data.
    """
    for player in (artist, critic):
        checks.specified(player)
        player.check()
    check_fit(artist, critic)
    for player in (artist, critic):
        spec = player.spec()
        if spec.reals == "required" and not reals:
            raise PairError(f"{player.name!r} needs real works to compare with; name a dataset with --data.")
        if spec.labels in ("required", "some") and labels == "none":
            raise PairError(f"{player.name!r} needs labels, and this data has none.")
        if spec.labels == "required" and labels == "some":
            raise ConfigError(f"{player.name!r} needs the label of every work; leave out data.labelled.")
        if spec.given != "unused" and given == "none":
            raise PairError(
                f"{player.name!r} needs something to make works from, and this data brings nothing; say what it is "
                "with -o data.given=…, such as grey, edges, left or A, or take --data scenes."
            )
        if spec.given == "pairs" and given == "domains":
            raise PairError(
                f"{player.name!r} learns from pairs, and this data has two domains whose pictures have no partners; "
                "take pairs (-o data.given=left, or folders A/ and B/ with equal names), or options without them."
            )
