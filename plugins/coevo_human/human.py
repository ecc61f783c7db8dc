"""A person as a critic: only the picked reproduce (Dawkins 1986, The Blind Watchmaker, ch. 3)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

import coevo
from coevo import CriticSpec, EndSession, Rewind, Works
from coevo.errors import CoevoError
from coevo.interactive.commands import MUTATION_STEP, Branch, Command, Mutate, Pick, Quit, Redo, Save, Take, Undo
from coevo.interactive.session import Session
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI

SMALL_RATE = 0.01  # the mutation rate that + starts from where it is lower


class Human(coevo.Critic):
    """Shows a sheet to a person, and rewards what is picked with 1. Without any pick, the artist rolls again."""

    name = "human"

    class Options(coevo.Options):
        user: str = ""
        """Name of the person who picks, for the lineage."""

        renamed: ClassVar = {"person": "user"}

    options: Options
    session: Session
    ui: UI | None = None

    def spec(self) -> CriticSpec:
        return CriticSpec(rewards="picks", learns=False, batch=15)

    @property
    def user(self) -> str:
        return (self.ui and self.ui.user) or self.options.user or self.name

    def attach_session(self, session: Session) -> None:
        self.session = session

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        note = ""
        while True:
            sheet = Sheet(works.detach(), self.session, note)
            command = self._ask(sheet)
            note = sheet.problem(command)
            if note:
                continue
            if isinstance(command, Pick):
                self.picked = torch.zeros(len(works), dtype=torch.bool, device=self.studio.device)
                self.picked[list(command.indices)] = True
                return self.picked.float()
            note = self._follow(command, sheet)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.picked

    def _ask(self, sheet: Sheet) -> Command:
        if self.ui is None:
            raise CoevoError("Critic 'human' has no user interface to ask a person with; set its `ui`.")
        with self.studio.paused():  # a UI may draw from the global random streams
            return self.ui.ask(sheet)

    def _follow(self, command: Command, sheet: Sheet) -> str:
        """Follow a command that breeds nothing, and return what to say of it. Raises Rewind or EndSession."""
        match command:
            case Undo():
                raise Rewind(-1)
            case Redo():
                raise Rewind(+1)
            case Branch(individual) if sheet.db:
                raise Rewind(to=sheet.db.individual(individual).first_snapshot)
            case Take(individuals):
                raise Rewind(to=self.session.take(individuals))
            case Quit():
                raise EndSession
            case Mutate(steps):
                return self._mutate(steps, sheet)
            case Save(index, size, path):
                try:
                    work = sheet.works[index : index + 1]
                    return f"Saved {self.session.save(work, size, Path(path) if path else None)}"
                except CoevoError as error:
                    return str(error)
        raise CoevoError(
            f"UI {type(self.ui).__name__} returned {command!r}; it should return a command of "
            "coevo.interactive.commands."
        )

    def _mutate(self, steps: int, sheet: Sheet) -> str:
        """Change the mutation rate within the bounds of the artist's option."""
        old, (least, most) = sheet.mutation or 0.0, sheet.mutation_bounds
        wanted = (max(old, SMALL_RATE) if steps > 0 else old) * MUTATION_STEP**steps
        rate = round(min(max(wanted, least), most), 4)
        if rate == old:
            return f"The mutation rate is {old:.3g} already, the {'highest' if steps > 0 else 'lowest'} possible."
        try:
            self.session.tune({"mutation": rate}, steps=steps)
        except ValueError:
            return f"The mutation rate cannot be {rate}; it is {old:.3g} still."
        limit = ", the highest possible" if rate == most else ", the lowest possible" if rate == least else ""
        return f"The mutation rate is {rate:.3g} from the next sheet on{limit}."
