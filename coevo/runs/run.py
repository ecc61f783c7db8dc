"""A run: a session wired to its folder. It yields every turn, and logs, shows and saves between them."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from coevo.coevolution.society import society
from coevo.contract.players import Artist, Critic, State
from coevo.contract.works import Works
from coevo.data.datasets import Blank, Data, DataOptions, Dataset, load_dataset
from coevo.errors import CoevoError, ConfigError, DataError, NotFiniteError, PairError, StoreError
from coevo.evolution.latent_population import Breeder
from coevo.images.png import qualify_ids, read_origin, save_png
from coevo.images.sheets import contact_sheet
from coevo.interactive.session import Session, copied
from coevo.interactive.session_db import FILE, History
from coevo.loop import Turn, check_pair
from coevo.loop.pairs import lacks_gradients
from coevo.monitoring.accepted import Accepted
from coevo.monitoring.ancestral_opponents import Past
from coevo.monitoring.diagnostics import Watch
from coevo.plugin.registry import registry
from coevo.runs.config import Config, read_toml, resolve
from coevo.storage.atomic import write_whole
from coevo.storage.jsonl import Log, read_log
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.studio import Studio, find_device

SHEET = 64  # works on a sheet
SAVE_SECONDS = 60  # a long phase is saved at least so often


class Run:
    """One run, new or resumed. `turns()` plays it; `latest` holds the newest row of the log."""

    def __init__(self, config: Config, store: RunFolder, remember: bool = True):
        self.config, self.store = config, store
        run = config.run
        if run.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        self.studio = make_studio(config, store.folder)
        self.artist, self.critic = make_pair(config, self.studio)
        check_pair(self.artist, self.critic)
        phases = config.phases(self.critic.learns)
        self.data: Data | Blank = Blank(run.batch)
        if uses_reals(self.artist, self.critic):
            self.studio.classes = self.dataset.classes
            check_pair(self.artist, self.critic, labels=self._labels)
            self.data = Data(
                self.dataset, run.batch, run.seed, [phase.steps for phase in phases], self.studio.device,
                config.data.workers, config.data.hold_mb, config.data.labelled,
            )  # fmt: skip
        self.studio.reseed()
        if isinstance(self.artist, Breeder):
            self.artist.decoder.build()
        self.artist.build()
        self.critic.build(self.artist)
        if run.start and not store.names():
            start_from(run.start, self.artist, self.critic, store.folder.parent)
        picks = self.critic.rewards == "picks"
        self.history = History(store.folder / FILE) if picks and remember else None
        self.session = Session(
            self.artist, self.critic, self.data, phases, self.studio,
            fresh=run.fresh, history=self.history, books=self._books,
        )  # fmt: skip
        self.meter = Meter()
        self.latest: dict[str, float] = {}
        self.watch, self.warnings = Watch(), list[str]()
        self.accepted = Accepted(store.folder, 0 if picks else run.accepts)
        self.past: Past | None = None
        if run.past and self.critic.learns and not picks:
            self.past = Past(store.folder / "past", partial(make_pair, config), self.studio)
        self.sheet: Path | None = None
        self.flaws: list[str] = []
        self.stopping = False
        self._best: float | None = None
        self._log_length: int | None = 0
        self._stream = random.getstate()
        self._log: Log

    @classmethod
    def create(cls, config: Config, runs: Path, name: str | None = None, stem: str | None = None) -> Run:
        """A new run in a new folder. Nothing stays of one whose pair, data or start are refused.

        stem: what a run without a name is called, with a number; its players and data by default.
        """
        check_start(config, runs)
        pair = make_pair(config, make_studio(config, None))
        check_pair(*pair)
        stem = stem or f"{config.artist_class.name}-{config.critic_class.name}"
        if uses_reals(*pair):
            stem = f"{config.artist_class.name}-{config.critic_class.name}-{Path(config.data.name).stem}"
        store = RunFolder.create(runs, name, stem)
        try:
            run = cls(config, store)
            write_whole(store.folder / "config.toml", config.toml().encode())
        except BaseException:
            store.discard()
            raise
        return run

    @classmethod
    def resume(cls, store: RunFolder, *, lock: bool = True, remember: bool = True, **changes: Any) -> Run:
        """The run as its newest whole checkpoint left it.

        changes: options of [run] that may differ now (rounds, minutes); remember: False leaves a session's
        history alone, and the run stands at its first sheet.
        """
        config = read_config(store)
        config = replace(config, run=config.run.model_copy(update=changes))
        if lock:
            store.lock()
        try:
            run = cls(config, store, remember)
            if store.names():
                checkpoint, run.flaws = store.load()
                run._restore(checkpoint)
        except BaseException:
            store.unlock()
            raise
        return run

    @cached_property
    def dataset(self) -> Dataset:
        """The real works; read when they are asked for."""
        return load_dataset(self.config.data, loaders())

    @property
    def _labels(self) -> Literal["all", "some", "none"]:
        """How many of the real works have a label that is told."""
        return "none" if self.dataset.labels is None else "some" if self.config.data.labelled else "all"

    @property
    def round(self) -> int:
        return self.session.position.round

    @property
    def seconds_before(self) -> float:
        """How long the run took so far, in earlier processes."""
        rows = read_log(self.store.folder / "timing.jsonl")
        return float(rows[-1]["seconds"]) if rows else 0.0

    @property
    def finished(self) -> bool:
        run = self.config.run
        return (run.rounds is not None and self.round >= run.rounds) or (
            run.rounds is None and run.minutes is not None and self.seconds_before >= run.minutes * 60
        )

    def turns(self) -> Iterator[Turn]:
        """Play until the rounds or minutes are over, or `stopping` is set; saved at the end, however it ends.

        Raises NotFiniteError where a loss or a parameter is not finite: the last good checkpoint stays.
        """
        options = self.config.run
        if self.critic.asks and self.critic.face is None:
            raise PairError(f"Critic {self.critic.name!r} asks a person; give it a face (coevo.interactive.ui.Face).")
        before, started = self.seconds_before, time.perf_counter()
        deadline = started + options.minutes * 60 - before if options.minutes else math.inf
        log = Log(self.store.folder / "metrics.jsonl", self._log_length)
        timing = Log(self.store.folder / "timing.jsonl")
        board = _tensorboard(self.store.folder) if options.tensorboard else None
        saved, logged, works = started, started, 0
        random.setstate(self._stream)  # since the run was made, others may have drawn from it
        turn = None
        try:
            if self.round == 0 and not self.store.names():
                self.hang()
                if self.history:  # all that never changes; whatever does is in the history, moment by moment
                    self._save(log, judge_best=False)
            self._log = log
            self.accepted.begin()
            if options.rounds is not None and self.round >= options.rounds:
                return
            for turn in self.session.turns():
                self.meter.add(turn)
                works += len(turn.works) if turn.role == "artist" else 0
                round, now = turn.next.round, time.perf_counter()
                if turn.ends_round:
                    if self.past and self.past.due(round):
                        self.past.meet(turn, self.critic)
                    if self.accepted.most:
                        self.accepted.look(turn, self.critic)
                    if round % options.log_every == 0:
                        self.latest = self.meter.row(round) | diversity(turn) | (self.past.figures if self.past else {})
                        self._check_finite()
                        self.warnings = self.watch.look(self.latest)
                        log.append({**self.latest, **({"warnings": self.warnings} if self.warnings else {})})
                        self.meter.clear()
                        timing.append(
                            {
                                "round": round,
                                "seconds": round_to(before + now - started),
                                "images_per_second": round_to(works / max(now - logged, 1e-9)),
                            }
                        )
                        if board:
                            for key, value in self.latest.items():
                                board.add_scalar(key, value, round)
                        logged, works = now, 0
                    if round % options.sheet_every == 0:
                        self.hang()
                over = self.stopping or now >= deadline or (turn.ends_round and round == options.rounds)
                regular = turn.ends_round and round % options.save_every == 0
                if turn.safe and not self.history and (over or regular or now - saved > SAVE_SECONDS):
                    self._save(log, judge_best=regular)
                    saved = time.perf_counter()
                with preserve_python_rng():
                    yield turn
                if over and turn.safe:
                    self.session.keep()
                    break
            self.hang()
        finally:
            if turn is not None:
                seconds = round_to(before + time.perf_counter() - started)
                timing.append({"round": self.round, "seconds": seconds})
            log.close()
            timing.close()
            self.accepted.close()
            if board:
                board.close()

    def hang(self) -> None:
        """Put a sheet of exhibited works into the gallery: the same codes in every round."""
        seed = self.config.run.seed
        # a population is shown as it stands, everything else by the same codes each time
        works = self.artist.make(self.data.size, None) if self.artist.repeats else self.artist.exhibit(SHEET, seed)
        if works.images is None:
            return
        if not works.images.isfinite().all():
            raise self._not_finite("the exhibited pictures")
        path = self.store.gallery / f"{self.round:08d}.png"
        about = {"artist": self.artist.name, "run": self.store.name, "round": self.round, "seed": seed}
        save_png(path, contact_sheet(works.images), about)
        self.sheet = path

    def close(self) -> None:
        self.data.close()
        if self.history:
            self.history.close()
        self.store.unlock()

    def _save(self, log: Log, judge_best: bool) -> None:
        self._check_finite()
        parameters = [p.detach() for player in (self.artist, self.critic) for p in player.parameters()]
        if parameters and not torch.stack(torch._foreach_norm(parameters)).isfinite().all():
            raise self._not_finite("a parameter")
        value = self._best_value() if judge_best else None
        if value is not None:
            self._best = value
        state = self.session.state() | self._books(log)
        name = self.store.save(Checkpoint(self.session.position, state), self.config.run.keep)
        if value is not None:
            self.store.point("best", name)
        if self.past:
            self.past.tidy()

    def _books(self, log: Log | None = None) -> State:
        """What a run keeps beside its session: how far its log has come, and what is not in it yet."""
        return {
            "meter": self.meter.state(),
            "log": (log or self._log).length,
            "best": self._best,
            "latest": self.latest,
            "watch": self.watch.state(),
            "past": self.past.state() if self.past else None,
            "accepted": self.accepted.state(),
        }

    def _best_value(self) -> float | None:
        """The metric that is watched, where it is better than ever before."""
        if self.config.run.best is None:
            return None
        way, _, metric = self.config.run.best.partition(":")
        if metric not in self.latest:
            if not self.latest:
                return None
            raise ConfigError(
                f"run.best watches {metric!r}, which is not measured; there are: {', '.join(self.latest)}."
            )
        value = self.latest[metric]
        better = self._best is None or (value < self._best if way == "min" else value > self._best)
        return value if better else None

    def _restore(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.state
        try:
            self.session.restore(checkpoint.position, state)
            if self.history:
                state |= self.history.books() or {}
                self.session.resume()
            self._stream = random.getstate()
            self.meter.restore(state["meter"], self.studio.device)
            self.watch.restore(state["watch"])
            if self.past and state.get("past"):
                self.past.restore(state["past"])
            if "accepted" in state:
                self.accepted.restore(state["accepted"])
            self._log_length, self._best, self.latest = state["log"], state["best"], state["latest"]
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"The checkpoint of run {self.store.name!r} is not of this pair with these options: {error}"
            ) from error

    def _check_finite(self) -> None:
        for key, value in self.meter.row(self.round).items():
            if not math.isfinite(value):
                raise self._not_finite(key)

    def _not_finite(self, what: str) -> NotFiniteError:
        good = self.store.pointed("latest")
        kept = (
            f"the run stopped, and its last good checkpoint is round {int(good.split('-')[0])}"
            if good
            else "the run stopped before its first checkpoint"
        )
        begin = f" --from {self.store.name}" if good else ""
        learners = [role for role in ("artist", "critic") if hasattr(getattr(self, role).options, "rate")]
        lower = " ".join(f"-o {role}.learning_rate=1e-4" for role in learners)
        return NotFiniteError(
            f"{what} is not finite in round {self.round}: {kept}. Try {f'lower rates ({lower}) or ' if lower else ''}"
            f"--precision fp32 in a new run{begin}."
        )


class Meter:
    """Means of the metrics of many turns. Sums stay on the device until a row is asked for; a NaN in any
    turn stays in the sum, so no turn has to be looked at alone."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def add(self, turn: Turn) -> None:
        metrics = {f"{turn.role}.{key}": value for key, value in turn.metrics.items()}
        if turn.rewards is not None:
            metrics |= {"artist.reward": turn.rewards.mean(), "artist.spread": turn.rewards.std(correction=0)}
        for key, value in metrics.items():
            self._sums[key] = self._sums.get(key, 0.0) + value
            self._counts[key] = self._counts.get(key, 0) + 1

    def row(self, round: int) -> dict[str, float]:
        """The means since the last `clear()`."""
        on_device = {key: value for key, value in self._sums.items() if isinstance(value, Tensor)}
        values = torch.stack([v.double() for v in on_device.values()]).tolist() if on_device else []
        sums = {**self._sums, **dict(zip(on_device, values, strict=True))}
        return {"round": round, **{key: float(value) / self._counts[key] for key, value in sums.items()}}

    def clear(self) -> None:
        self._sums, self._counts = {}, {}

    def state(self) -> dict[str, Any]:
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        self._sums = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in state["sums"].items()}
        self._counts = dict(state["counts"])


def diversity(turn: Turn) -> dict[str, float]:
    """How much the pictures of a turn differ, those of its real works being 1; where it has both."""
    if turn.works.images is None or turn.reals is None or turn.reals.images is None:
        return {}
    made, real = (works.images.std(0).mean().item() for works in (turn.works, turn.reals) if works.images is not None)
    return {"artist.diversity": made / real} if real else {}


# wiring


def make_studio(config: Config, folder: Path | None) -> Studio:
    run, data = config.run, config.data
    image = data.channels, data.size, data.size
    device = find_device(run.device)
    if device.type == "cuda":  # TF32 keeps fp32's range and a tenth of its digits; strictly fp32 has neither of the two
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = run.precision != "fp32"
    return Studio(image, (), device, run.precision, run.compile, run.seed, folder, run.batch)


def make_pair(config: Config, studio: Studio) -> tuple[Artist, Critic]:
    """Both players, not yet built. An Artist that cannot get the gradients it wants is bred by its codes."""
    agents, exchange = config.run.agents, config.run.exchange
    if agents > 1:
        return society([_one_pair(config, studio) for _ in range(agents)], 1 if exchange is None else exchange)
    if exchange:
        raise ConfigError(f"run.exchange={exchange} needs others to show works to; say --agents 2 or more.")
    artist, critic = _one_pair(config, studio)
    if lacks_gradients(artist, critic) and artist.decodes and artist.codes:
        if not config.run.start:
            raise PairError(
                f"Critic {critic.name!r} gives no gradients, so it can only breed the codes of an artist "
                f"{artist.name!r} that is trained already; name its run with --from."
            )
        artist = Breeder(artist, config.breeder)
    return artist, critic


def _one_pair(config: Config, studio: Studio) -> tuple[Artist, Critic]:
    return config.artist_class(config.artist, studio), config.critic_class(config.critic, studio)


def uses_reals(artist: Artist, critic: Critic) -> bool:
    return any(need != "unused" for player in (artist, critic) for need in (player.reals, player.labels))


def loaders() -> dict[str, Callable[[DataOptions], Dataset]]:
    """Every dataset's loader by name, imported when it is called."""
    return {name: partial(_load_and_read, name) for name in registry().offers("dataset")}


def _load_and_read(name: str, options: DataOptions) -> Dataset:
    dataset: Dataset = registry().load("dataset", name)(options)
    return dataset


def read_config(store: RunFolder) -> Config:
    return resolve(read_toml(store.folder / "config.toml"), registry())


def check_start(config: Config, runs: Path) -> None:
    """Raise where --from names nothing to begin from, before a folder is made."""
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


def start_from(start: str, artist: Artist, critic: Critic, runs: Path) -> None:
    """Begin where another run stands, or with the work that a picture shows.

    A player of the same name takes over its parameters; another Artist adopts what the run exhibits.
    """
    if Path(start).is_file():
        origin = read_origin(Path(start))
        if isinstance(artist, Breeder):  # the picture holds a code; what decodes it is in its run
            _take_over(artist.decoder, RunFolder.open(origin.run, runs))
        artist.seed_population(origin.works)
        return
    store = RunFolder.open(start, runs)
    other = Run.resume(store, lock=False)
    own, its = _decoder(artist), _decoder(other.artist)
    if own.name == its.name:
        _take_over(own, store)
    if critic.name == other.critic.name:
        _take_over(critic, store)
    bred = isinstance(artist, Breeder) and isinstance(other.artist, Breeder)
    if own.name != its.name or bred:
        artist.seed_population(qualify_ids(other.artist.exhibit(SHEET, other.config.run.seed), store.name))
    other.close()


def _decoder(artist: Artist) -> Artist:
    return artist.decoder if isinstance(artist, Breeder) else artist


def _take_over(player: Artist | Critic, store: RunFolder) -> None:
    """Take over the state that the player of the same name has in another run."""
    other = Run.resume(store, lock=False)
    its = _decoder(other.artist) if isinstance(player, Artist) else other.critic
    try:
        player.restore(copied(its.state()))
    except (KeyError, RuntimeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{player.name!r} of run {store.name!r} has other options or another size than this one; start with the "
            f"same (see its config.toml): {str(error).splitlines()[0]}"
        ) from error
    finally:
        other.close()


def load_artist(store: RunFolder, remember: bool = True) -> Artist:
    """The Artist of a run as its newest whole checkpoint left it; without its history where only to draw."""
    run = Run.resume(store, lock=False, remember=remember)
    run.close()
    return run.artist


def round_to(seconds: float) -> float:
    return round(seconds, 3)


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError("run.tensorboard needs TensorBoard: pip install 'coevo[tensorboard]'.") from error
    return SummaryWriter(str(folder / "tensorboard"))


def exhibit(artist: Artist, n: int, seed: int, labels: Tensor | None = None, batch: int = 1000) -> Iterator[Works]:
    """n works in batches that fit into memory; batch k is drawn with a seed of its own. labels: [n], or none."""
    for number, begun in enumerate(range(0, n, batch)):
        some = None if labels is None else labels[begun : begun + batch]
        yield artist.exhibit(min(batch, n - begun), seed + number * 1_000_003, some)


def images_of(works: Works) -> Tensor:
    """The pictures of works [N, C, H, W]. Raises CoevoError where they are none."""
    if works.images is None:
        raise CoevoError("This artist makes no pictures.")
    return works.images
