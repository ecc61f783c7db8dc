"""A sheet of works for a user interface to show, and the commands that it allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from coevo.contract.capabilities import Evolving, Renderer
from coevo.contract.works import Genome, Works
from coevo.errors import PairError
from coevo.images import PICTURES
from coevo.images.files import drawings, is_svg
from coevo.images.rendering import render
from coevo.images.sheets import to_bytes, to_picture
from coevo.interactive.commands import SIZES, Branch, Command, Mutate, Pick, Redo, Save, Take, Undo
from coevo.interactive.session_db import Individual, SessionDB

if TYPE_CHECKING:
    from coevo.interactive.session import Session


@dataclass(frozen=True)
class Sheet:
    """The works of one generation, for a person to pick from.

    Args:
        works: what is shown, N works.
        session: the session that asks.
        note: the answer to the last command, if that bred nothing.
    """

    works: Works
    session: Session = field(repr=False)
    note: str = ""

    def __len__(self) -> int:
        return len(self.works)

    @property
    def generation(self) -> int:
        return self.session.position.round

    @property
    def title(self) -> str:
        folder = self.session.studio.folder
        players = f"{self.session.artist.name} × {self.session.critic.name}"
        return f"{folder.name} · {players}" if folder else players

    @property
    def picks(self) -> tuple[int, int]:
        """The fewest and the most works that can be picked; to pick none is always possible."""
        least, most = self.session.artist.spec().picks or (1, len(self))
        return least, min(most, len(self))

    @property
    def picks_text(self) -> str:
        least, most = self.picks
        return f"pick {'one' if most == 1 else least}" if least == most else f"pick {least} to {most}"

    @property
    def mutation(self) -> float | None:
        """The artist's mutation rate, if it has one."""
        rate: float | None = getattr(self.session.artist.options, "mutation", None)
        return rate

    @property
    def mutation_bounds(self) -> tuple[float, float]:
        """The least and the greatest mutation rate that the artist's option allows."""
        bounds = type(self.session.artist.options).model_fields["mutation"].metadata
        least = max((float(bound.ge) for bound in bounds if hasattr(bound, "ge")), default=0.0)
        most = min((float(bound.le) for bound in bounds if hasattr(bound, "le")), default=inf)
        return least, most

    @property
    def can_undo(self) -> bool:
        return self.session.can_undo

    @property
    def can_redo(self) -> bool:
        return self.session.can_redo

    @property
    def db(self) -> SessionDB | None:
        """Every earlier sheet and individual."""
        return self.session.db

    @property
    def snapshot(self) -> int:
        """The snapshot whose sheet it is; 0 if the session keeps none."""
        return self.db.current if self.db else 0

    def id(self, index: int) -> str:
        """The id of an individual, or its number on the sheet if the works have no genomes."""
        genomes = self.works.genomes
        return genomes[index].id if genomes else str(index + 1)

    def pictures(self, size: int = 0) -> list[Image.Image]:
        """Every work as a picture: in its own size, or drawn anew from its genome if `size` px are more."""
        pixels, artist = self.works.pixels, self.session.artist
        if size > pixels.shape[-1] and self.works.codes is None and isinstance(artist, Renderer):
            pixels = artist.render(self.works, size)
        return [to_picture(picture) for picture in to_bytes(pixels)]

    def picture(self, index: int, size: int) -> Image.Image:
        """One work, drawn anew at another size in px."""
        return self._draw(self.works[index : index + 1], size)

    def ancestor_picture(self, one: Individual, size: int) -> Image.Image:
        """An individual of any earlier sheet, drawn from its genome."""
        return self._draw(Works(genomes=(Genome(one.id, one.parents, one.genome),)), size)

    def missing(self, index: int) -> str:
        """A sentence if the sheet has no work of that index; empty if it has."""
        return "" if 0 <= index < len(self) else f"There is no picture {index + 1}; there are 1 to {len(self)}."

    def problem(self, command: Command) -> str:
        """Why a command cannot be followed, in one sentence; empty if it can."""
        match command:
            case Pick(indices):
                least, most = self.picks
                if missing := next(filter(None, map(self.missing, indices)), ""):
                    return missing
                if len(set(indices)) < len(indices):
                    return "One picture is picked twice."
                if indices and not least <= len(indices) <= most:
                    wants = str(most) if least == most else f"{least} to {most}"
                    wants = "one pick" if most == 1 else f"{wants} picks"
                    return f"Artist {self.session.artist.name!r} can breed {wants} at a time, not {len(indices)}."
            case Save(index, size, path):
                if missing := self.missing(index):
                    return missing
                if not SIZES[0] <= size <= SIZES[1]:
                    return f"A picture can be saved with {SIZES[0]} to {SIZES[1]} px, not {size}."
                if path and not path.lower().endswith(PICTURES):
                    return f"A picture is saved as a {' or '.join(PICTURES)}, not {Path(path).name!r}."
                if path and is_svg(Path(path)):
                    return self._svg_problem(index)
            case Mutate() if self.mutation is None:
                return f"Artist {self.session.artist.name!r} has no mutation rate."
            case Undo() if not self.can_undo:
                return "This is the first sheet; there is nothing to undo."
            case Redo() if not self.can_redo:
                return "There is nothing to redo."
            case Branch(id):
                if self.db is None or id not in self.db.individuals(id):
                    return f"There is no individual {id!r} in this session."
            case Take(ids):
                return self._taking_problem(ids)
        return ""

    def _taking_problem(self, ids: tuple[str, ...]) -> str:
        if self.db is None or not isinstance(self.session.artist, Evolving):
            return f"Artist {self.session.artist.name!r} takes in no works of other sheets."
        if unknown := [id for id in ids if id not in self.db.individuals(id)]:
            return f"There is no individual {unknown[0]!r} in this session."
        if not 0 < len(ids) < len(self):
            return f"A sheet of {len(self)} has room for 1 to {len(self) - 1} others, not {len(ids)}."
        return ""

    def _svg_problem(self, index: int) -> str:
        try:
            drawings(self.session.artist, self.works[index : index + 1])
        except PairError as error:
            return str(error)
        return ""

    def _draw(self, works: Works, size: int) -> Image.Image:
        return to_picture(to_bytes(render(self.session.artist, works, size))[0])
