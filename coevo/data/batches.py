"""Batches of real works that follow from the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import torch
from torch import Tensor

from coevo.contract.works import Works
from coevo.data.datasets import Dataset, black_or_white, to_float
from coevo.data.moves import moved
from coevo.data.splits import stratified_indices
from coevo.images.given import to_planes
from coevo.studio import processes
from coevo.studio.random_streams import seed_of


class NoData:
    """Batches for a pair that uses no real works."""

    def __init__(self, size: int):
        self.size = size

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> None:
        return None

    def close(self) -> None:
        pass


class DatasetBatches:
    """Batches of a dataset by position.

    The t-th batch of a phase takes items [t·B, (t+1)·B) of an endless sequence of permutations, one an epoch; so every
    work comes once an epoch, whatever B is.

    Args:
        dataset: the real works.
        batch: works in a batch, B.
        seed: the permutations follow from it.
        steps: steps of each phase of a round.
        device: where batches live; the whole dataset too, if it fits into `memory_mb`; else threads read ahead.
        workers: threads that read ahead.
        memory_mb: the largest dataset that is held on the device.
        labelled: this many works keep their labels; a batch of those comes with every other batch, as `labelled`.
        augmentation: how works, and what is given with them, are moved; see `moved`.

    Raises:
        DataError: there are fewer works than `labelled`.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch: int,
        seed: int,
        steps: Sequence[int],
        device: torch.device,
        workers: int = 2,
        memory_mb: int = 1024,
        labelled: int | None = None,
        augmentation: str = "",
    ):
        self.size, self.seed, self.steps, self.device = batch, seed, tuple(steps), device
        self.augmentation, self.planes, self.paired = augmentation, dataset.planes, dataset.paired
        self.drawn = dataset.intensities is not None
        """Whether black and white are drawn anew in every batch."""
        self.random = bool(augmentation) or self.drawn
        """Whether something is drawn for every batch."""
        images = dataset.images if dataset.intensities is None else dataset.intensities
        labels, given = dataset.labels, dataset.given
        self.held = images.numel() + (0 if given is None else given.numel()) <= memory_mb * 2**20
        self._images = images.to(device) if self.held else images
        self._labels = None if labels is None else labels.to(self._images.device)
        self._given = None if given is None else given.to(self._images.device)
        self._streams = {"main": torch.arange(len(dataset))}
        if given is not None and not self.paired:
            self._streams["given"] = torch.arange(len(given))
        self._orders: dict[tuple[str, int], dict[int, Tensor]] = {}
        self._ahead: dict[tuple[str, int, int], Future[Works]] = {}
        self._pool = None if self.held else ThreadPoolExecutor(workers, "coevo-data")
        if labelled is not None:
            self.add_stream("labelled", stratified_indices(dataset, labelled, seed))

    def add_stream(self, name: str, indices: Tensor) -> None:
        """Add a stream of some of the works: int64 indices [K], K ≥ 1."""
        self._streams[name] = indices.cpu()

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works:
        """`size` real works, of several processes this one's; a function of the seed and the position."""
        works = self._at(round * self.steps[phase] + step, phase, stream)
        if self.random and processes.size() > 1:  # what is drawn for the whole batch
            works = works[processes.own(torch.arange(len(works)))]
        if stream == "labelled" or "labelled" not in self._streams:
            return works
        hidden = None if works.labels is None else torch.full_like(works.labels, -1)
        return replace(works, labels=hidden, labelled=self.batch(round, phase, step, "labelled"))

    def _at(self, number: int, phase: int, stream: str) -> Works:
        if self._pool is None:
            return self._read(*self._wanted(stream, phase, number))
        works = self._ahead.pop((stream, phase, number), None)
        for key in [key for key in self._ahead if key[:2] == (stream, phase)]:
            self._ahead.pop(key).cancel()  # the position jumped: what was read ahead is not wanted
        soon = self._wanted(stream, phase, number + 1)
        self._ahead[stream, phase, number + 1] = self._pool.submit(self._read, *soon)
        return works.result() if works else self._read(*self._wanted(stream, phase, number))

    def close(self) -> None:
        """End the reading threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _wanted(self, stream: str, phase: int, number: int) -> tuple[Tensor, Tensor, int]:
        """The indices [B] of a batch, those of what is given with it, and the seed of what is done to both."""
        places = self._places(stream, phase, number)
        others = places if self.paired or self._given is None else self._places("given", phase, number)
        if self.random:
            return places, others, seed_of(self.seed, "moves", stream, phase, number)
        return processes.own(places), processes.own(others), 0

    def _places(self, stream: str, phase: int, number: int) -> Tensor:
        """The indices [B] of a batch, from slices of permutations; no value on the device is read."""
        length = len(self._streams[stream])
        parts, place, end = [], number * self.size, (number + 1) * self.size
        while place < end:
            epoch, offset = divmod(place, length)
            upto = min(length, offset + end - place)
            parts.append(self._order(stream, phase, epoch)[offset:upto])
            place += upto - offset
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _order(self, stream: str, phase: int, epoch: int) -> Tensor:
        """The permutation of an epoch; its neighbours are kept, since a batch can span them."""
        orders = self._orders.setdefault((stream, phase), {})
        if epoch not in orders:
            generator = torch.Generator().manual_seed(seed_of(self.seed, stream, phase, epoch))
            indices = self._streams[stream]
            orders[epoch] = indices[torch.randperm(len(indices), generator=generator)].to(self._images.device)
            for old in [old for old in orders if abs(old - epoch) > 1]:
                del orders[old]
        return orders[epoch]

    def _read(self, places: Tensor, others: Tensor, seed: int) -> Works:
        images = self._images.index_select(0, places).to(self.device)  # many times as fast as [places]
        labels = None if self._labels is None else self._labels.index_select(0, places).to(self.device)
        given = None if self._given is None else self._given.index_select(0, others).to(self.device)
        if self.augmentation:
            moves = torch.Generator().manual_seed(seed)
            both = [images] if given is None else [images, given]
            both = moved(both, self.augmentation, moves)
            images, given = both[0], None if given is None else both[-1]
        if self.drawn:
            images = black_or_white(images, torch.Generator(images.device).manual_seed(seed))
        planes = None if given is None else to_planes(given, self.planes)
        return Works(to_float(images), labels=labels, given=planes)


class LazyBatches:
    """Batches of a dataset that is read when the first of them is wanted, so that a run opens without its dataset."""

    def __init__(self, size: int, load: Callable[[], DatasetBatches]):
        self.size, self._load = size, load
        self._batches: DatasetBatches | None = None

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works:
        """`size` real works; a function of the seed and the position."""
        if self._batches is None:
            self._batches = self._load()
        return self._batches.batch(round, phase, step, stream)

    def close(self) -> None:
        """End the reading threads, if there are any."""
        if self._batches is not None:
            self._batches.close()
