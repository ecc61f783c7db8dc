"""Undo, redo and branch: a session restores a snapshot and starts the loop there, just as resume does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coevo.contract.capabilities import Evolving, Interactive, user_of
from coevo.contract.players import Artist, Critic, CriticSpec, Metrics, Player, State
from coevo.contract.works import Genome, Works
from coevo.errors import CoevoError, StoreError
from coevo.images.files import work_file
from coevo.images.origin import describe, signature, works_of
from coevo.interactive.session_db import SessionDB
from coevo.loop import EndSession, Phase, Position, Rewind, Turn, coevolve
from coevo.loop.coevolve import Batches
from coevo.storage.atomic import OUTPUT, write_whole, writing
from coevo.studio import Studio


class Session:
    """A pair at work on data: all that a checkpoint must hold.

    Args:
        artist, critic, data, phases, studio, resample: as `coevolve` takes them.
        db: where every safe turn is kept as a snapshot, so that the critic may raise Rewind; picks are written there
            before they act. To breed again after an undo gives new offspring; a redo shows the same sheet again.
        run_state: gives what else belongs to a snapshot; called whenever one is kept.
    """

    def __init__(
        self,
        artist: Artist,
        critic: Critic,
        data: Batches,
        phases: Sequence[Phase],
        studio: Studio,
        *,
        resample: bool = False,
        db: SessionDB | None = None,
        run_state: Callable[[], State] = dict,
    ):
        self.artist, self.critic, self.data, self.phases, self.studio = artist, critic, data, phases, studio
        self.resample, self.db, self.run_state = resample, db, run_state
        self.position = Position()
        self._kept: Position | None = None  # the position of the newest snapshot
        if isinstance(critic, Interactive):
            critic.attach_session(self)

    def turns(self) -> Generator[Turn]:
        """The loop's turns from the session's position on, through every rewind, until a person leaves."""
        critic = RecordingCritic(self.critic, self.db) if self.db else self.critic
        self.keep()
        while True:
            turns = coevolve(self.artist, critic, self.data, self.phases, start=self.position, resample=self.resample)
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
            except StoreError:  # a full disk: the pick is bred from when there is room again
                raise
            except Exception:
                if self.db:
                    self.db.cancel_pick()  # or else a resume would breed from it, and fail, again and again
                raise

    def keep(self) -> None:
        """Keep a snapshot, unless this position has one. The loop must be at a safe turn."""
        if self.db and self._kept != self.position:
            artist, critic = state_without_constants(self.artist), state_without_constants(self.critic)
            state = {"artist": artist, "critic": critic, "studio": self.studio.state()}
            parent = self.db.head.snapshot
            self.db.add_snapshot(parent, self.position, state, self.studio.ids, self.run_state())
            self._kept = self.position

    def state(self) -> State:
        """Everything that changes; exact after a safe turn."""
        return {"artist": self.artist.state(), "critic": self.critic.state(), "studio": self.studio.state()}

    def restore(self, position: tuple[int, int, int], state: State) -> None:
        """Take back a state made by `state()`, to go on at a position."""
        self.artist.restore(state["artist"])
        self.critic.restore(state["critic"])
        self.studio.restore(state["studio"])
        self.position = Position(*position)

    def resume(self) -> None:
        """Go back to the database's head, with every option that was changed; save what a crash left unsaved."""
        if self.db is None or self.db.head.snapshot is None:
            return
        self._stand(self.db, self.db.head.snapshot)
        for event in self.db.events("tune"):
            self._set_options(event.detail["options"])
        for event in () if self.db.is_read_only else self.db.pending("save"):
            path, size, about = Path(event.detail["path"]), event.detail["size"], event.detail["about"]
            self._write(path, self._file(path, works_of(about), size, about))
            self.db.mark_done(event.id)

    def close(self) -> None:
        """Close the database and the data."""
        if self.db:
            self.db.close()
        self.data.close()

    # what a person may do beside picking

    @property
    def user(self) -> str:
        """The critic's name, as the lineage shows it."""
        return user_of(self.critic)

    @property
    def can_undo(self) -> bool:
        return self.db is not None and self.db.parent(self.db.current) is not None

    @property
    def can_redo(self) -> bool:
        return self.db is not None and bool(self.db.head.redo_stack)

    def tune(self, options: dict[str, Any], **about: Any) -> None:
        """Change options of the artist while it is at work.

        Args:
            options: new values by name.
            about: what else the database should tell of this event.

        Raises:
            ValueError: a value is out of range.
        """
        self._set_options(options)
        if self.db:
            self.db.record_event("tune", self.db.current, self.user, {"options": options, **about})

    def take(self, ids: Sequence[str]) -> int:
        """Put copies of individuals of other sheets among those of this one.

        Args:
            ids: of individuals of this session, fewer than the sheet has places.

        Returns:
            A new snapshot, whose sheet has them; to undo it leads back to the sheet without them.

        Raises:
            CoevoError: the session keeps no snapshots, or the artist takes nobody in.
        """
        if self.db is None or not isinstance(self.artist, Evolving):
            raise CoevoError(f"This session with artist {self.artist.name!r} takes in no works of other sheets.")
        here, some = self.db.current, self.db.individuals(*ids)
        self._stand(self.db, here)  # the sheet that is shown may have drawn from the random streams
        self.artist.immigrate(Works(genomes=tuple(Genome(one.id, one.parents, one.genome) for one in some.values())))
        self.db.record_event("take", here, self.user, {"ids": list(some)})
        self._kept = None
        self.keep()
        return self.db.current

    def save(self, works: Works, size: int, path: Path | None = None) -> Path:
        """Save the first of the works as a PNG, or as an SVG by the name of its file, that carries its genome or code.

        It is recorded before it is written, so that a crash between the two loses nothing.

        Args:
            works: one work.
            size: px of the picture's side.
            path: the file; by default it is named after the individual, in the run's folder `saved`.

        Returns:
            The file's path.

        Raises:
            PairError: an SVG is wanted, and the artist draws no lines.
        """
        about = describe(works, 0)
        if path is None:
            if self.studio.folder is None:
                raise CoevoError("This session has no folder, so a picture needs a path to be saved to.")
            name = str(about.get("id", "picture")).replace("/", "-")
            path = self.studio.folder / "saved" / f"{name}.png"
        content = self._file(path, works, size, about)
        detail = {"path": str(path.absolute()), "size": size, "about": about}
        event = self.db.record_event("save", self.db.current, self.user, detail, done=False) if self.db else None
        self._write(path, content)
        if self.db and event:
            self.db.mark_done(event)
        return path

    def _file(self, path: Path, works: Works, size: int, about: dict[str, Any]) -> bytes:
        run = self.studio.folder.name if self.studio.folder else ""
        return work_file(path, self.artist, works, size, signature(self.artist, run) | about)

    def _write(self, path: Path, content: bytes) -> None:
        with writing(path, OUTPUT):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, OUTPUT)

    def _set_options(self, options: dict[str, Any]) -> None:
        old = self.artist.options
        new = {old.renamed.get(name, name): value for name, value in options.items()}
        self.artist.options = type(old).model_validate({**old.model_dump(), **new})

    def _rewind(self, rewind: Rewind) -> None:
        """Go back, forward or to another branch, and show that snapshot's sheet again."""
        if self.db is None:
            raise CoevoError(f"Critic {self.critic.name!r} wants to go back, but this session keeps no snapshots.")
        target = here = self.db.current
        redo_stack = list(self.db.head.redo_stack)
        if rewind.to is not None:
            self.db.snapshot(rewind.to)  # raises StoreError if there is none
            target, redo_stack = rewind.to, []
        for _ in range(-rewind.by):
            parent = self.db.parent(target)
            if parent is None:
                break
            redo_stack.append(target)
            target = parent
        for _ in range(rewind.by):
            if redo_stack:
                target = redo_stack.pop()
        kind = "branch" if rewind.to is not None else "undo" if rewind.by < 0 else "redo"
        if target != here:
            self.db.move_head(kind, self.user, target, redo_stack, self.studio.ids)
        self._stand(self.db, target)

    def _stand(self, db: SessionDB, snapshot: int) -> None:
        """Restore a snapshot. The number of ids is not restored: none is given twice."""
        position, state = db.snapshot(snapshot)
        self.restore(position, state)
        self.studio.ids = max(self.studio.ids, db.head.ids)
        self._kept = position


class RecordingCritic(Critic):
    """Wraps a critic: its picks are recorded before they act, and those that a crash cut off are repeated."""

    name = "recording"

    def __init__(self, critic: Critic, db: SessionDB):
        super().__init__(critic.options, critic.studio)
        self.critic, self.db = critic, db
        self.picked = torch.empty(0, dtype=torch.bool)

    def spec(self) -> CriticSpec:
        return self.critic.spec()

    def check(self) -> None:
        self.critic.check()

    def build(self, artist: Artist) -> None:
        self.critic.build(artist)

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        return self.critic.parameters()

    def state(self) -> State:
        return self.critic.state()

    def restore(self, state: State) -> None:
        self.critic.restore(state)

    def learn(self, works: Works, reals: Works) -> Metrics:
        return self.critic.learn(works, reals)

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        """The critic's picks, or those of a pending event; the sheet is recorded first."""
        snapshot = self.db.current
        self.db.record_sheet(snapshot, works.genomes or (), self.studio.ids)
        if pending := self.db.pending("pick"):
            indices, salt = pending[-1].detail["places"], pending[-1].detail["salt"]
            rewards = torch.zeros(len(works), device=self.studio.device)
            rewards[indices] = 1
        else:
            rewards = self.critic.judge(works, reals)
            indices = (rewards > 0).nonzero().flatten().tolist()
            salt = self.db.record_pick(snapshot, indices, user_of(self.critic), self.studio.ids)
        if salt:
            self.studio.reseed(salt)
        self.picked = rewards > 0
        return rewards

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.picked


def state_without_constants(player: Player) -> State:
    """A player's state without the parts that never change while it plays."""
    return {name: part for name, part in player.state().items() if name not in player.constant_state}
