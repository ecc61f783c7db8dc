"""Undo, redo and branch: a session restores a saved turn and starts the loop there, just as resume does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coevo.contract.players import Artist, Critic, Metrics, State
from coevo.contract.works import Works
from coevo.errors import CoevoError
from coevo.images.png import describe, save_png, signature, works_of
from coevo.images.sheets import to_bytes, to_picture
from coevo.interactive.session_db import History
from coevo.loop import EndSession, Phase, Position, Rewind, Turn, coevolve
from coevo.loop.coevolve import Batches
from coevo.storage.atomic import writing
from coevo.studio import Studio


class Session:
    """A pair at work on data. It is all that a checkpoint must hold.

    history: where every safe moment is kept, so that a Critic may raise Rewind; picks are written there
    before they act. Breeding again after an undo gives new children; a redo gives the same sheet again.
    books: what else belongs to a moment, asked for when one is kept.
    """

    def __init__(
        self,
        artist: Artist,
        critic: Critic,
        data: Batches,
        phases: Sequence[Phase],
        studio: Studio,
        *,
        fresh: bool = False,
        history: History | None = None,
        books: Callable[[], State] = dict,
    ):
        self.artist, self.critic, self.data, self.phases, self.studio = artist, critic, data, phases, studio
        self.fresh, self.history, self.books = fresh, history, books
        self.position = Position()
        self._kept: Position | None = None  # the position of the newest moment
        critic.sit(self)

    def turns(self) -> Iterator[Turn]:
        """The loop's turns from the session's position on, through every rewind, until a person leaves."""
        critic = Witness(self.critic, self, self.history) if self.history else self.critic
        self.keep()
        while True:
            turns = coevolve(self.artist, critic, self.data, self.phases, start=self.position, fresh=self.fresh)
            try:
                for turn in turns:
                    self.position = turn.next
                    yield turn
                    if turn.safe:
                        self.keep()
            except Rewind as rewind:
                self._rewind(rewind)
            except EndSession:
                return

    def keep(self) -> None:
        """Keep this moment in the history, unless it is there already. The loop must be at a safe turn."""
        if self.history and self._kept != self.position:
            before = self.history.pointer.now
            state = {"artist": thawed(self.artist), "critic": thawed(self.critic), "studio": self.studio.state()}
            self.history.arrive(before, self.position, state, self.studio.ids, self.books())
            self._kept = self.position

    def state(self) -> State:
        """Everything that changes; exact after a safe turn."""
        return {"artist": self.artist.state(), "critic": self.critic.state(), "studio": self.studio.state()}

    def restore(self, position: Position, state: State) -> None:
        """Take back a state made by `state()`, to go on at a position."""
        self.artist.restore(state["artist"])
        self.critic.restore(state["critic"])
        self.studio.restore(state["studio"])
        self.position = position

    def resume(self) -> None:
        """Stand where the history says, with every option that was tuned; save what a crash left unsaved."""
        if self.history is None or (now := self.history.pointer.now) is None:
            return
        self._stand(now)
        for event in self.history.events("tune"):
            self._tune(event.detail["options"])
        for event in self.history.pending("save"):
            self._write(event.detail["path"], event.detail["size"], event.detail["about"])
            self.history.finish(event.id)

    # what a person may do beside picking

    @property
    def who(self) -> str:
        return self.critic.who

    @property
    def can_undo(self) -> bool:
        return self.history is not None and self.history.before(self._now) is not None

    @property
    def can_redo(self) -> bool:
        return self.history is not None and bool(self.history.pointer.undone)

    def tune(self, options: dict[str, Any], **about: Any) -> None:
        """Change options of the living artist. Raises ValueError where they are out of range."""
        self._tune(options)
        if self.history:
            self.history.note("tune", self._now, self.who, {"options": options, **about})

    def save(self, works: Works, size: int, path: Path | None = None) -> Path:
        """Save the first of the works as a PNG of any size that carries what it is made of.

        It is noted before it is written, so that a crash between the two loses nothing.
        """
        about = describe(works, 0)
        if path is None:
            assert self.studio.folder is not None
            path = self.studio.folder / "saved" / f"{about.get('id', 'picture')}.png"
        detail = {"path": str(path.absolute()), "size": size, "about": about}
        event = self.history.note("save", self._now, self.who, detail, done=False) if self.history else None
        self._write(str(path.absolute()), size, about, works)
        if self.history and event:
            self.history.finish(event)
        return path

    def _write(self, path: str, size: int, about: dict[str, Any], works: Works | None = None) -> None:
        works = works or works_of(about)
        picture = to_picture(to_bytes(self.artist.render(works, size))[0])
        folder = self.studio.folder
        with writing(Path(path)):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        save_png(Path(path), picture, signature(self.artist, folder.name if folder else "") | about)

    def _tune(self, options: dict[str, Any]) -> None:
        of = self.artist.options
        self.artist.tune(type(of).model_validate({**of.model_dump(), **options}))

    @property
    def _now(self) -> int:
        now = self.history.pointer.now if self.history else None
        if now is None:
            raise CoevoError(f"Critic {self.critic.name!r} asked to look back, but this session keeps no moments.")
        return now

    def _stand(self, moment: int) -> None:
        """Restore a moment. Numbers of individuals are never given again."""
        assert self.history
        position, state = self.history.moment(moment)
        born = self.history.pointer.born
        self.restore(position, state)
        self.studio.ids = max(self.studio.ids, born)
        self._kept = position

    def _rewind(self, rewind: Rewind) -> None:
        here = self._now
        assert self.history
        target, undone = here, list(self.history.pointer.undone)
        if rewind.to is not None:
            self.history.moment(rewind.to)  # is it there?
            target, undone = rewind.to, []
        for _ in range(-rewind.by):
            before = self.history.before(target)
            if before is None:
                break
            undone.append(target)
            target = before
        for _ in range(rewind.by):
            if undone:
                target = undone.pop()
        kind = "branch" if rewind.to is not None else "undo" if rewind.by < 0 else "redo"
        if target != here:
            self.history.move(kind, self.who, target, undone, self.studio.ids)
        self._stand(target)


class Witness(Critic):
    """A Critic whose picks are written down before they act. It repeats those that a crash cut off."""

    def __init__(self, critic: Critic, session: Session, history: History):
        self.critic, self.session, self.history = critic, session, history
        self.name = critic.name  # type: ignore[misc]
        self.parameters = critic.parameters  # type: ignore[method-assign]
        self.picked = torch.empty(0, dtype=torch.bool)

    def learn(self, works: Works, reals: Works) -> Metrics:
        return self.critic.learn(works, reals)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.picked

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        studio = self.session.studio
        now = self.history.pointer.now
        assert now is not None
        self.history.hang(now, works.genomes or (), studio.ids)
        if pending := self.history.pending("pick"):
            places, salt = pending[-1].detail["places"], pending[-1].detail["salt"]
            rewards = torch.zeros(len(works), device=studio.device)
            rewards[places] = 1
        else:
            rewards = self.critic.judge(works, reals)
            places = (rewards > 0).nonzero().flatten().tolist()
            salt = self.history.pick(now, places, self.critic.who, studio.ids)
        if salt:
            studio.reseed(salt)
        self.picked = rewards > 0
        return rewards


def thawed(player: Artist | Critic) -> State:
    """A player's state without the parts that never change while it plays."""
    return {name: part for name, part in player.state().items() if name not in player.constant_state}


def copied(value: Any) -> Any:
    """The same nested state, with tensors of its own."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(part) for part in value)
    return value
