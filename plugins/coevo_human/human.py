"""A person as a critic: only the picked reproduce (Dawkins 1986, The Blind Watchmaker, ch. 3)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

import coevo
from coevo import EndSession, Rewind, Works
from coevo.errors import CoevoError
from coevo.interactive.session import Session
from coevo.interactive.ui import STEP, Branch, Command, Face, Mutate, Pick, Quit, Redo, Save, Sheet, Undo


class Human(coevo.Critic):
    """Shows a sheet to a person, and rewards those that are picked with 1; where nobody is, all roll again."""

    name = "human"
    rewards = "picks"
    learns = False
    asks = True
    batch = 15

    class Options(coevo.Options):
        person: str = ""
        """Whose picks these are, as the lineage names them."""

    options: Options
    session: Session
    face: Face | None = None

    @property
    def who(self) -> str:
        return self.options.person or self.name

    def sit(self, session: Session) -> None:
        self.session = session

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        note = ""
        while True:
            sheet = Sheet(works.detach(), self.session, note)
            with preserve_python_rng():  # a face may draw from the global random stream
                assert self.face is not None
                command = self.face.ask(sheet)
            note = sheet.flaw(command)
            if note:
                continue
            if isinstance(command, Pick):
                self.picked = torch.zeros(len(works), dtype=torch.bool, device=self.studio.device)
                self.picked[list(command.places)] = True
                return self.picked.float()
            note = self._follow(command, sheet)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.picked

    def _follow(self, command: Command, sheet: Sheet) -> str:
        """Do what breeds nothing, and say what became of it. Raises Rewind and EndSession."""
        match command:
            case Undo():
                raise Rewind(-1)
            case Redo():
                raise Rewind(+1)
            case Branch(one):
                assert sheet.history is not None
                raise Rewind(to=sheet.history.individual(one).moment)
            case Quit():
                raise EndSession
            case Mutate(steps):
                return self._mutate(steps, sheet.mutation or 0.0)
            case Save(place, size, path):
                try:
                    work = sheet.works[place : place + 1]
                    return f"Saved {self.session.save(work, size, Path(path) if path else None)}"
                except CoevoError as error:
                    return str(error)
        raise CoevoError(
            f"Face {type(self.face).__name__} gave {command!r}; a command of coevo.interactive.ui is wanted."
        )

    def _mutate(self, steps: int, rate: float) -> str:
        rate = round(min(max(rate, 0.01) * STEP**steps, 1.0), 4)
        try:
            self.session.tune({"mutation": rate}, steps=steps)
        except ValueError:
            return f"The mutation rate cannot be {rate}."
        return f"Mutation {rate:.3g} from the next sheet on."
