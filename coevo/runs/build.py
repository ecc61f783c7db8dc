"""From a configuration to two players who fit each other, and the real works that they see."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from coevo.coevolution.frozen import FrozenCritic
from coevo.coevolution.society import society
from coevo.contract.capabilities import Decoder, DecoderUser
from coevo.contract.players import Artist, Critic
from coevo.contract.works import Works
from coevo.data.batches import DatasetBatches, LazyBatches, NoData
from coevo.data.datasets import Dataset, load_dataset
from coevo.data.fingerprint import Fingerprint
from coevo.data.loaders import loaders
from coevo.data.splits import stratified_indices, test_part
from coevo.errors import ConfigError, DataError, PairError
from coevo.evaluation.evaluator import evaluator_for
from coevo.evaluation.progress import PlainProgress
from coevo.evolution.latent_population import LatentPopulation
from coevo.loop import Phase, check_pair, checks
from coevo.loop.pairs import check_divided, lacks_gradients
from coevo.runs.config import Config
from coevo.runs.effects import check_effects
from coevo.runs.kept_precision import kept_precision
from coevo.runs.real_works import check_unchanged, lost, what_was_read
from coevo.studio import Studio, find_device, processes
from coevo.studio.precision import PrecisionChoices


class Setup:
    """A run's players, checked and not yet built, and its data.

    Args:
        config: the run's options. With the names of classes in it (a run that was played before), the dataset is not
            read before its first batch is wanted.
        folder: the run's folder, if it has one yet.

    Raises:
        ConfigError, PairError: something does not fit.
        DataError: the dataset cannot be read.
    """

    def __init__(self, config: Config, folder: Path | None = None):
        self.config = config
        self.studio = make_studio(config, folder)
        self.artist, self.critic = make_pair(config, self.studio)
        check_pair(self.artist, self.critic)
        if (several := processes.count()) > 1:
            check_divided(self.artist, self.critic, config.run.batch, several)
            if config.run.compile:
                raise ConfigError(
                    "--compile is for one process, as compiled networks cannot wait for others; leave out --processes, "
                    "or say -o run.compile=false."
                )
        self.studio.picks = self.picks
        knows_classes = self.plays_codes and config.classes is not None  # so its decoder needs no data
        self.uses_reals = uses_reals(self.critic) if knows_classes else uses_reals(self.artist, self.critic)
        self.phases: tuple[Phase, ...] = config.phases(self.critic.spec().learns)
        self.uses_given = any(player.spec().given != "unused" for player in (self.artist, self.critic))
        if self.uses_reals:
            self.studio.classes = self.dataset.classes if config.classes is None else config.classes
            self.studio.evaluator = self.evaluator
            if self.uses_given:
                self.studio.planes = self.dataset.planes if config.planes is None else config.planes
                self.studio.examples = self.examples
            if config.classes is None:
                check_pair(self.artist, self.critic, labels=self._labels, given=self._given)
                if config.data.labelled:
                    stratified_indices(self.dataset, config.data.labelled, config.run.seed)  # are there as many?
        else:
            self.studio.classes = config.classes or ()
        if config.given:
            check_effects(config, self.artist, self.critic, self.dataset if self.uses_reals else None)

    @property
    def trained(self) -> Artist:
        """The artist that has networks: the decoder, if another one plays with its latent codes."""
        decoder = self.artist.trained() if isinstance(self.artist, DecoderUser) else None
        return decoder or self.artist

    @property
    def plays_codes(self) -> bool:
        """Whether the artist plays with the latent codes of a trained one, which stays as it is."""
        return self.trained is not self.artist

    @property
    def picks(self) -> bool:
        """Whether the critic picks, so that a session's database keeps every turn."""
        return self.critic.spec().rewards == "picks"

    @cached_property
    def dataset(self) -> Dataset:
        """The real works; read when they are first asked for."""
        try:
            return load_dataset(self.config.data, loaders())
        except DataError as error:
            raise lost(error, self.config.data, self.studio.folder) from error

    @cached_property
    def fingerprint(self) -> Fingerprint | None:
        """What the real works are now; None if the pair uses none."""
        return Fingerprint.of(self.dataset) if self.uses_reals else None

    def read(self, changed: bool = False) -> list[str]:
        """Read the real works, and say in sentences what was read.

        Args:
            changed: whether they may be others than when the run started.

        Raises:
            DataError: they cannot be read, are too few, or others than when the run started.
        """
        if self.fingerprint is None:
            return []
        check_unchanged(self.config, self.dataset, self.fingerprint, self.studio.folder, accept=changed)
        return [
            what_was_read(self.dataset, self.config.data.size, is_new=self.studio.folder is None),
            *filter(None, [self.fingerprint.warning(self.dataset.name), self.dataset.attribution]),
        ]

    def build(self) -> None:
        """Make networks and populations; every random stream starts from the seed."""
        self.build_artist()
        self.critic.build(self.artist)

    def build_artist(self) -> None:
        """Make the artist alone."""
        self.studio.reseed()
        if self.plays_codes:
            self.trained.build()
        self.artist.build()

    def batches(self) -> LazyBatches | NoData:
        """Real works by position."""
        size = self.config.run.batch // processes.count()
        return LazyBatches(size, self._load) if self.uses_reals else NoData(size)

    def _load(self) -> DatasetBatches:
        run, data = self.config.run, self.config.data
        return DatasetBatches(
            self.dataset if self.uses_given else replace(self.dataset, given=None),
            run.batch,
            run.seed,
            [phase.steps for phase in self.phases],
            self.studio.device,
            data.workers,
            data.memory_mb,
            data.labelled,
            data.augmentation,
        )

    def examples(self, n: int, seed: int) -> Works:
        """n real works with what is given, held out if some are: the same for the same seed, each again if they are
        fewer."""
        return self._held_out.examples(n, seed, self.studio.device)

    def evaluator(self) -> nn.Module:
        """The network that `coevo evaluate` looks at the real works with; stderr says so while it is trained."""
        return evaluator_for(replace(self.dataset, parts=None), PlainProgress()).network

    @cached_property
    def _held_out(self) -> Dataset:
        """The test part of the real works; all of them if they have none."""
        return test_part(self.config.data, self.dataset, loaders()) or self.dataset

    @property
    def _given(self) -> Literal["pairs", "domains", "none"]:
        """Whether the real works bring what they were made from, or things of another domain."""
        return "none" if self.dataset.given is None else "pairs" if self.dataset.paired else "domains"

    @property
    def _labels(self) -> Literal["all", "some", "none"]:
        """Whether all, some or none of the real works have a label."""
        return "none" if self.dataset.labels is None else "some" if self.config.data.labelled else "all"


def make_studio(config: Config, folder: Path | None) -> Studio:
    """The working conditions that a run's options ask for."""
    run, data = config.run, config.data
    if run.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # CUDA reads it when it starts
    return Studio(
        image=(data.channels, data.size, data.size),
        device=find_device(run.device),
        precision=run.precision,
        compile=run.compile,
        seed=run.seed,
        folder=folder,
        batch=run.batch,
        deterministic=run.deterministic,
        threads=max(1, (run.threads or config.threads or torch.get_num_threads()) // processes.count()),
        sync_batch_norm=run.sync_batch_norm,
        choices=PrecisionChoices(kept_precision),
    )


def make_pair(config: Config, studio: Studio) -> tuple[Artist, Critic]:
    """Both players, not yet built. An artist that cannot get the gradients it needs is bred by its latent codes."""
    agents, exchange = config.run.agents, config.run.exchange
    if agents > 1:
        return society([one_pair(config, studio) for _ in range(agents)], 1 if exchange is None else exchange)
    if exchange:
        raise ConfigError(f"run.exchange={exchange} needs several agents to show works to; say --agents 2 or more.")
    artist, critic = one_pair(config, studio)
    if isinstance(artist, DecoderUser):
        if not config.run.start:
            raise PairError(
                f"Artist {artist.name!r} plays in the code space of a trained artist, such as a vae; name its run with "
                "--from. `coevo run vae --minutes 3 --name codes` makes one."
            )
    elif lacks_gradients(artist.spec(), critic.spec()) and isinstance(artist, Decoder) and artist.code:
        if not config.run.start:
            raise PairError(
                f"Critic {critic.name!r} gives no gradients, so it can only breed the latent codes of an artist "
                f"{artist.name!r} that is trained already; name its run with --from."
            )
        artist = LatentPopulation(artist, config.latent_population)
    return artist, critic


def one_pair(config: Config, studio: Studio) -> tuple[Artist, Critic]:
    """The artist and the critic that a configuration names."""
    artist, critic = config.artist_class(config.artist, studio), config.critic_class(config.critic, studio)
    for player in (artist, critic):
        checks.specified(player)
    return artist, FrozenCritic(critic, config.frozen) if config.run.critic_from else critic


def uses_reals(*players: Artist | Critic) -> bool:
    """Whether one of the players looks at real works or at their labels."""
    return any(need != "unused" for player in players for need in (player.spec().reals, player.spec().labels))
