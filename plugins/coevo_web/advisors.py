"""Advisors: critics that score a sheet beside the people, or breed some generations by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from coevo.contract.players import Artist, Critic
from coevo.contract.works import Works
from coevo.errors import ConfigError, PairError, unknown
from coevo.images.rendering import render, resized
from coevo.interactive.session_db import FILE
from coevo.interactive.sheet import Sheet
from coevo.plugin.registry import registry
from coevo.storage.run_folder import RunFolder
from coevo_web.rooms import run_named

if TYPE_CHECKING:
    from coevo.runs.opening import SavedRun

PARENTS = 2  # that an advisor picks, where the artist can breed as few
TASTES = ("symmetry", "aspect-ratio", "colour")  # of critic taste, that need nothing more to be said


class Advisor:
    """A critic that says how it likes what a person sees; it learns nothing.

    Args:
        name: as people read it.
        critic: the critic, built for another artist or for none yet.
        reals: real works that it compares with, if it does.
    """

    def __init__(self, name: str, critic: Critic, reals: Works | None = None):
        self.name, self.critic, self.reals = name, critic, reals

    def scores(self, sheet: Sheet) -> list[float]:
        """A score of each work; higher is better."""
        if self.critic.spec().judges != "images":
            raise PairError(f"Critic {self.critic.name!r} judges codes, and an advisor looks at pictures.")
        works = Works(images=pictures_for(self.critic, sheet))
        with torch.no_grad():
            scores: Tensor = getattr(self.critic, "score", self._judged)(works.pixels)
        return [float(score) for score in scores]

    def picks(self, sheet: Sheet) -> list[int]:
        """The works that it would breed."""
        scores, (least, most) = self.scores(sheet), sheet.picks
        best = sorted(range(len(scores)), key=lambda place: -scores[place])
        return sorted(best[: min(max(least, PARENTS), most)])

    def _judged(self, pixels: Tensor) -> Tensor:
        n, group = len(pixels), self.critic.spec().group
        padded = torch.cat([pixels, pixels[: -n % group]])
        reals = None if self.reals is None else repeated(self.reals, len(padded))
        return self.critic.judge(Works(images=padded), reals)[:n]


def pictures_for(critic: Critic, sheet: Sheet) -> Tensor:
    """The works in the size and colours that the critic knows: [N, C, H, W] in [-1, 1]."""
    channels, size, _ = critic.studio.image
    works = sheet.works
    pixels = works.pixels if works.codes is not None else render(sheet.session.artist, works, size)
    pixels = resized(pixels, size)
    if pixels.shape[1] == channels:
        return pixels
    return pixels.mean(1, keepdim=True) if channels == 1 else pixels.expand(-1, channels, -1, -1)


def repeated(reals: Works, n: int) -> Works:
    """n real works, again and again the same if there are fewer."""
    images = reals.pixels
    return Works(images=images.repeat(-(-n // len(images)), 1, 1, 1)[:n])


def advisor_for(name: str, sheet: Sheet, runs: Path) -> Advisor:
    """The advisor of a name: a taste, or `run:NAME` for the critic of a run as it was saved.

    Raises:
        ConfigError: there is none of that name.
        StoreError: there is no such run, or it has saved nothing yet.
    """
    kind, colon, run = name.partition(":")
    if colon and kind == "run":
        from coevo.runs.opening import SavedRun

        saved = SavedRun(run_named(run, runs))
        if not saved.critic.spec().learns or saved.critic.spec().rewards != "scores":
            raise ConfigError(f"The critic of run {run!r} gives no scores of its own.")
        return Advisor(f"critic of {run}", saved.critic, real_works(saved) if saved.setup.uses_reals else None)
    if name not in TASTES:
        raise ConfigError(unknown("advisor", name[:60], TASTES))
    return Advisor(f"taste for {name}", taste(name, sheet.session.artist))


def real_works(saved: SavedRun) -> Works | None:
    """A batch of the real works of a run."""
    saved.setup.read()
    batches = saved.setup.batches()
    try:
        return batches.batch(0, 0, 0)
    finally:
        batches.close()


def taste(likes: str, artist: Artist) -> Critic:
    found: type[Critic] = registry().load("critic", "taste")
    critic = found(found.Options.model_validate({"likes": likes, "noise": 0}), artist.studio)
    critic.build(artist)
    return critic


def known_advisors(runs: Path) -> list[str]:
    """The names of all advisors: tastes, and the critics of runs that have saved one."""
    stores = [store for store in RunFolder.all(runs) if store.names() and not (store.folder / FILE).is_file()]
    return [*TASTES, *(f"run:{store.name}" for store in reversed(stores))]
