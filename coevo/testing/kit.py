"""The conformance kit: every check of a player, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from coevo.contract.players import Artist, Critic
from coevo.errors import CoevoError
from coevo.testing.artist_checks import ArtistBench
from coevo.testing.bench import Bench
from coevo.testing.critic_checks import CriticBench


@dataclass(frozen=True)
class Check:
    """One thing that a player must hold to, and whether it does."""

    name: str
    passed: bool
    message: str = ""


def conform(
    kind: Literal["artist", "critic"], player: type[Artist | Critic], options: Mapping[str, Any] | None = None
) -> None:
    """Assert that a player conforms to the contract.

    Args:
        kind: "artist" or "critic".
        player: its class.
        options: options that differ from the defaults, for example a smaller network.

    Raises:
        AssertionError: it does not; the message names every check that failed.

    Example:
        >>> from coevo.testing import TargetCritic
        >>> conform("critic", TargetCritic)
    """
    failed = [f"{check.name}: {check.message}" for check in check_player(kind, player, options) if not check.passed]
    assert not failed, f"{kind} {player.name!r} does not conform:\n" + "\n".join(failed)


def check_player(
    kind: Literal["artist", "critic"], player: type[Artist | Critic], options: Mapping[str, Any] | None = None
) -> Iterator[Check]:
    """Try a player out beside a simple opponent and real digits, and yield every check. Arguments as of `conform`."""
    bench: Bench = (ArtistBench if kind == "artist" else CriticBench)(player, dict(options or {}))
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        bench.folder = Path(folder, "run")
        bench.folder.mkdir()
        for name, check in bench.checks():
            try:
                check()
            except Exception as error:  # a plugin may raise anything: its check fails, the others go on
                text = str(error) or "did not hold"
                message = text if isinstance(error, AssertionError | CoevoError) else f"{type(error).__name__}: {text}"
                yield Check(name, False, message.splitlines()[0])
            else:
                yield Check(name, True)
        stray = sorted(path.name for path in Path(folder).iterdir() if path.name != "run")
        yield Check("writes nothing outside the run's folder", not stray, ", ".join(stray))
