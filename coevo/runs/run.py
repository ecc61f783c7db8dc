"""A run: a session wired to its folder. It yields every turn, and observers log, show and save between them."""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from coevo.contract.capabilities import Interactive
from coevo.contract.players import Artist, Critic, State
from coevo.data.datasets import Dataset
from coevo.errors import CoevoError, ConfigError, DataError, PairError, StoreError
from coevo.interactive.session import Session
from coevo.interactive.session_db import FILE, SessionDB
from coevo.loop import Turn
from coevo.loop.pairs import check_restart
from coevo.monitoring.accepted import AcceptedWorks
from coevo.monitoring.ancestral_opponents import AncestralOpponents
from coevo.monitoring.collection import Collection
from coevo.monitoring.diagnostics import Diagnostics
from coevo.monitoring.observer import Observer
from coevo.plugin.own import Role
from coevo.runs.build import Setup, make_pair
from coevo.runs.config import Config, leaves, typed
from coevo.runs.effects import check_place
from coevo.runs.migrations import migrate_folder, migrate_run_state, migrate_state
from coevo.runs.observers import Checkpoints, Clock, MetricsLog, Sheets
from coevo.runs.opening import check_kept, read_config, restoring
from coevo.runs.players import changes_of, refuse_changed
from coevo.runs.real_works import check_uses_data, relocated
from coevo.runs.tracking import Trackers
from coevo.runs.warm_start import check_start, take_critic, warm_start
from coevo.storage.run_folder import FORMAT, Checkpoint, RunFolder
from coevo.studio import Studio, processes

MAY_CHANGE = (
    *("rounds", "minutes", "log_every", "sheet_every", "save_every", "keep_checkpoints", "best", "accepted"),
    *("trackers", "device", "threads", "compile", "deterministic"),
)
"""Options of [run] that a run may be resumed with: how long it plays, what is written of it, and where it is computed.
All others decide what it is: its checkpoints hold optimisers and populations that were made with them."""


def check_changes(changes: Mapping[str, Any], kept: Config, store: RunFolder) -> None:
    """Raise ConfigError for every option of a run, such as "artist.latent", that is to differ and cannot."""
    now = leaves(kept.tree())
    wrong = [
        name
        for name, value in changes.items()
        if name.removeprefix("run.") not in MAY_CHANGE and now.get(name) != value
    ]
    names = {role: source.class_name and str(source) for role, source in kept.sources.items()}
    pair = f"--artist {names['artist'] or kept.artist_class.name} --critic {names['critic'] or kept.critic_class.name}"
    if wrong:
        raise ConfigError(
            f"{name} decides what run {store.name!r} is, so it stays {now.get(name, 'as it was')}; a new run that "
            f"starts from it can have another: {store.command(f'coevo run {pair} {typed(name, changes[name])} --from')}"
            for name in wrong
        )


class Run:
    """One run, new or resumed: `turns()` plays it, `latest` is the newest row of its log.

    Args:
        setup: its players, checked and not yet built.
        store: its folder.
        db: the database of its session, if its critic picks.
    """

    def __init__(self, setup: Setup, store: RunFolder, db: SessionDB | None = None):
        self.setup, self.store, self.config = setup, store, setup.config
        setup.studio.folder = store.folder
        with self.studio.playing():
            setup.build()
        check_restart(self.artist, self.critic, setup.phases)
        options, picks = self.config.run, setup.picks
        self.session = Session(
            self.artist, self.critic, setup.batches(), setup.phases, self.studio,
            resample=options.resample, db=db, run_state=self.state,
        )  # fmt: skip
        learns = self.critic.spec().learns and not setup.config.critic_phase.rounds
        ancestors = options.ancestral_opponents and learns and not picks
        self.ancestors = AncestralOpponents(store.folder, partial(make_pair, self.config)) if ancestors else None
        self.metrics = MetricsLog(store, options.log_every, Diagnostics(self.artist, self.critic), self.ancestors)
        self.clock = Clock(store, options.log_every)
        self.checkpoints = Checkpoints(options.save_every, options.best, self.metrics)
        self.sheets = Sheets(store, options.sheet_every, options.batch, options.seed)
        self.observers: list[Observer] = [
            *([self.ancestors] if self.ancestors else []),
            *([] if picks else [AcceptedWorks(store.folder, options.accepted)]),
            self.metrics,
            self.clock,
            self.sheets,
            *([self._trackers()] if options.trackers else []),
            Collection(options.sheet_every),
            self.checkpoints,
        ]
        self.problems: list[str] = []
        """Sentences about checkpoints and logs that are damaged."""
        self.notes: list[str] = []
        """Sentences about how it begins: options taken over, rounds that were lost, what was read of the real works."""
        self._is_read = False
        self._is_untried = False  # it was made by this process, and no turn was played
        self.stopping = self.is_ending = self.is_saving = self.closed = False
        self._turns: Generator[Turn] | None = None

    @classmethod
    def create(cls, config: Config, runs: Path, name: str | None = None, stem: str | None = None) -> Run:
        """A new run in a new folder. Nothing stays of one whose pair, data or start are refused.

        Args:
            config: its options.
            runs: the folder of all runs.
            name: its name; by default `stem` or its players and data, with a number.
            stem: the beginning of its name.
        """
        check_start(config, runs)
        setup = Setup(config)
        notes = setup.read()
        setup.config = replace(
            config,
            classes=setup.studio.classes,
            planes=setup.studio.planes or None,
            fingerprint=setup.fingerprint,
            attribution=(setup.dataset.attribution or None) if setup.uses_reals else None,
            threads=(setup.studio.threads or 1) * processes.count(),
        )
        data = f"-{Path(config.data.name).stem}" if setup.uses_reals and not stem else ""
        stem = (stem or f"{config.artist_class.name}-{config.critic_class.name}") + data
        store = RunFolder.create(runs, name, stem, setup.config.toml().encode())
        try:
            run = cls(setup, store, SessionDB(store.folder / FILE, "create") if setup.picks else None)
            run.notes, run._is_read, run._is_untried = notes, True, True
            run.begin(runs)
        except BaseException:
            store.discard()
            raise
        return run

    @classmethod
    def resume(
        cls,
        store: RunFolder,
        *,
        lock: bool = True,
        remember: bool = True,
        data: str | None = None,
        data_dir: str | None = None,
        changed_data: bool = False,
        own: Mapping[Role, str] | None = None,
        **changes: Any,
    ) -> Run:
        """The run as its newest whole checkpoint left it.

        Args:
            store: its folder.
            lock: False to look at it only, while another process may play it.
            remember: False to leave a session's database alone; the run then stands at its first sheet.
            data, data_dir: where its dataset is now, if that was moved.
            changed_data: go on with the real works that are there, even if the run started with others.
            own: names of classes, as the registry has them, to play in the place of those that it was made with.
            changes: options of [run] that differ while this process plays it, such as rounds or minutes; those of
                `MAY_CHANGE`.
        """
        kept = relocated(read_config(store, own), data, data_dir)
        notes = changes_of(kept, store)
        if lock:
            refuse_changed(kept, store, own or {})
        if own:
            kept = replace(kept, made_with={**kept.made_with, **{role: kept.sources[role] for role in own}})
        config = kept.changed(**changes)
        check_changes({f"run.{name}": value for name, value in changes.items()}, kept, store)
        if lock:
            store.lock()
        try:
            check_kept(store)
            setup = Setup(config, store.folder)
            if data or data_dir or changed_data:
                check_uses_data(setup.uses_reals, store.name)
                setup.read(changed_data)
                check_place(config.data, setup.dataset, data_dir)
                kept = replace(kept, fingerprint=setup.fingerprint)
                setup.config = replace(config, fingerprint=setup.fingerprint)
                store.write_config(kept.toml().encode())
            elif own and lock:
                store.write_config(kept.toml().encode())
            if lock:
                migrate_folder(store, setup.critic)
            run = cls(setup, store, open_session(store, lock) if setup.picks and remember else None)
            run.notes += notes
            if store.names():
                checkpoint, run.problems = store.load(config.run.seed)
                run.restore(checkpoint)
                run.notes += filter(None, [run.lost])
            else:  # it was killed before its first checkpoint
                run.begin(store.folder.parent)
        except BaseException:
            store.unlock()
            raise
        return run

    def begin(self, runs: Path) -> None:
        """Take over what other runs give to a new one: --from and --critic-from."""
        options = self.config.run
        with self.studio.playing():
            if options.critic_from:
                take_critic(options.critic_from, self.setup, runs)
            if options.start:
                warm_start(options.start, self.setup, runs)

    # its parts

    @property
    def artist(self) -> Artist:
        return self.setup.artist

    @property
    def critic(self) -> Critic:
        return self.setup.critic

    @property
    def studio(self) -> Studio:
        return self.setup.studio

    @property
    def dataset(self) -> Dataset:
        """The real works; read when they are first asked for."""
        return self.setup.dataset

    def read(self) -> list[str]:
        """Read the real works if they were not read yet; its notes.

        Raises:
            DataError: they cannot be read, or are others than when the run started.
        """
        if not self._is_read:
            self.notes += self.setup.read()
            self._is_read = True
        return self.notes

    # where it stands

    @property
    def lost(self) -> str:
        """A sentence about rounds that were played and not saved before the run was killed; empty if there are none, or
        if damage may have lost them."""
        if self.is_session or self.problems or self.clock.round <= self.round:
            return ""
        return (
            f"It was killed in round {self.clock.round}, and saved last at round {self.round}: it goes on from there."
        )

    @property
    def round(self) -> int:
        return self.session.position.round

    @property
    def latest(self) -> dict[str, float]:
        """The newest row of the log."""
        return self.metrics.latest

    @property
    def warnings(self) -> list[str]:
        """Problems of the game that are new in the newest row of the log."""
        return self.metrics.warnings

    @property
    def sheet(self) -> Path | None:
        """The newest contact sheet."""
        return self.sheets.latest

    @property
    def seconds(self) -> float:
        """Seconds of playing so far, over all processes."""
        return self.clock.seconds

    @property
    def is_new(self) -> bool:
        """It has not been played, nor saved."""
        return self.round == 0 and not self.store.names()

    @property
    def is_session(self) -> bool:
        """A database keeps every turn: its critic picks."""
        return self.session.db is not None

    @property
    def finished(self) -> bool:
        """It has all the rounds that it was to have, or else all the minutes."""
        options = self.config.run
        if options.rounds is not None:
            return self.round >= options.rounds
        return options.minutes is not None and self.seconds >= options.minutes * 60

    # playing

    def turns(self) -> Iterator[Turn]:
        """Play until the rounds or minutes are over, or `stopping` is set. Asked for again, it goes on from there.

        Nothing stays of a new run that is refused in its first turn, as by a player that reads a file when it plays.

        Raises:
            ConfigError, DataError: a player cannot do what its options ask for.
            NotFiniteError: a loss or a parameter is not finite; the last good checkpoint stays.
            PairError: the critic asks a person, and has no user interface.
            StoreError: another process plays this run, or it is closed.
        """
        if self._turns is not None:
            self.end_turns()
            self.stopping = self.is_ending = False  # it did stop
        self._turns = self._play()
        return self._turns

    def end_turns(self) -> None:
        """End an iterator of turns that was left before its end, as in a notebook's cell that failed."""
        if self._turns is not None:
            self._turns.close()
            self._turns = None

    def _play(self) -> Generator[Turn]:
        if self.config.run.rounds is not None and self.round >= self.config.run.rounds:
            return
        if self.closed:
            raise StoreError(f"Run {self.store.name!r} is closed; coevo.resume({self.store.name!r}) goes on with it.")
        if isinstance(self.critic, Interactive) and self.critic.ui is None:
            raise PairError(f"Critic {self.critic.name!r} asks a person; give it a ui (coevo.interactive.ui.UI).")
        observers = self.observers if processes.is_first() else []
        if processes.is_first():
            self.store.lock()
        if self.session.db:
            self.session.db.allow_writing()
        self.read()
        try:
            with self.studio.playing(), self._observed(observers):
                for turn in self._steps():
                    self._is_untried = False
                    for observer in observers:
                        observer.see(turn, self)
                    with self.studio.paused():
                        yield turn
                    if self.is_ending and turn.safe:
                        self.session.keep()
                        break
                for observer in observers:
                    observer.end(self)
        except CoevoError as error:
            if self._is_refused(error):
                self.session.close()
                self.store.discard()
            raise

    def _steps(self) -> Iterator[Turn]:
        """The session's turns, of which processes that share a run take each together; the first decides for all."""
        with closing(self.session.turns()) as turns:
            while True:
                with processes.together():
                    turn = next(turns, None)
                    if turn is None:
                        return
                    self.metrics.meter.add(turn)
                    self.is_ending = self._is_last(turn)
                    self.is_saving = self.checkpoints.due(turn, self)
                    self.is_ending, self.is_saving = processes.agreed(self.is_ending, self.is_saving)
                    if self.is_saving or self.metrics.ends_row(turn):
                        self.metrics.meter.share()
                yield turn
                if self.metrics.ends_row(turn):
                    self.metrics.meter.clear()

    @contextmanager
    def _observed(self, observers: Sequence[Observer]) -> Iterator[None]:
        with ExitStack() as stack:  # each is closed, whatever happens to the others
            for observer in reversed(observers):
                stack.callback(observer.close)
            for observer in observers:
                observer.begin(self)
            try:
                yield
            except Exception as error:
                if self.store.names() and not self._is_refused(error):
                    where = "on its newest sheet" if self.is_session else "at its last checkpoint"
                    error.add_note(f"The run is kept as it was {where}.")
                raise

    def _is_refused(self, error: Exception) -> bool:
        """Whether an error refuses a new run before its first turn is over, so that nothing of it stays."""
        return self._is_untried and not self.is_session and isinstance(error, ConfigError | DataError)

    def _is_last(self, turn: Turn) -> bool:
        """Whether the run should end at the next safe turn."""
        options = self.config.run
        late = options.minutes is not None and self.seconds >= options.minutes * 60
        return self.stopping or late or (turn.ends_round and turn.next.round == options.rounds)

    def _trackers(self) -> Trackers:
        options = {name: value for name, value in leaves(self.config.tree()).items() if not name.startswith("made.")}
        return Trackers(self.config.run.trackers, options, self.clock.warn, self.clock.warnings)

    # saving

    def save(self) -> str:
        """Save a checkpoint; its name. The run must stand at a safe turn."""
        state = self.session.state() | {"run": self.state()}
        options = self.config.run
        checkpoint = Checkpoint(self.session.position, state, seed=options.seed)
        name = self.store.save(checkpoint, options.keep_checkpoints)
        if self.ancestors:
            self.ancestors.tidy()
        return name

    def state(self) -> State:
        """The observers' states, by name."""
        return {observer.name: state for observer in self.observers if (state := observer.state())}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Stand where a checkpoint was saved, or where the session's database says."""
        format = checkpoint.format
        with restoring(self.store.name), self.studio.playing():
            state = migrate_state(checkpoint.state, format, self.artist, self.critic)
            kept = migrate_run_state(state if format == 1 else state["run"], format)
            self.session.restore(checkpoint.position, state)
            if db := self.session.db:
                db.upgrade(
                    lambda old: migrate_state(old, db.format, self.artist, self.critic),
                    lambda old: migrate_run_state(old, db.format),
                )
                db.upgraded = lambda state: migrate_state(state, FORMAT, self.artist, self.critic)
                kept |= db.run_state() or {}
                self.session.resume()
            for observer in self.observers:
                if observer.name in kept:
                    observer.restore(kept[observer.name])
                    self.problems += observer.problems

    def close(self) -> None:
        """End reading threads, close the session's database, and unlock the folder."""
        self.end_turns()
        self.closed = True
        self.session.close()
        self.store.unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # in a notebook

    def __repr__(self) -> str:
        data = f" on {Path(self.config.data.name).name}" if self.setup.uses_reals else ""
        rounds = self.config.run.rounds
        stands = f"round {self.round:,}" + (f" of {rounds:,}" if rounds else "")
        pair = f"{self.artist.name} × {self.critic.name}"
        return f"<Run {self.store.name}: {pair}{data}, {stands}, in {self.store.folder}>"

    def _repr_html_(self) -> str:
        """The newest contact sheet beside a table of the newest figures."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(key)}</th><td style='text-align:right'>{value:.4g}</td></tr>"
            for key, value in self.latest.items()
        )
        sheets = sorted(self.store.sheets.glob("*.png"))
        png = base64.b64encode(sheets[-1].read_bytes()).decode() if sheets else ""
        picture = f'<td><img width="480" src="data:image/png;base64,{png}"></td>' if png else ""
        title = escape(repr(self).strip("<>"))
        return f"<p>{title}</p><table><tr>{picture}<td><table>{rows}</table></td></tr></table>"


def open_session(store: RunFolder, lock: bool) -> SessionDB:
    """The database of a session that goes on. Without the lock it is only read, and one of an older format copied.

    Raises:
        StoreError: it is missing, empty or damaged.
    """
    path = store.folder / FILE
    if not store.names():  # it was killed before its first sheet
        return SessionDB(path, "create") if lock else SessionDB()
    if not (path.is_file() and path.stat().st_size):
        raise StoreError(f"Run {store.name!r} was bred by picks, and its database {path} is missing or empty.")
    db = SessionDB(path, "write" if lock else "read")
    return db if lock or db.is_current else db.in_memory()
