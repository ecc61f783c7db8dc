"""What a dataset was when a run started, so that a change is noticed before the run goes on with it."""

from __future__ import annotations

import zlib

from coevo.contract.players import Options
from coevo.data.datasets import Dataset
from coevo.data.readers import Sums, checksums
from coevo.errors import DataError

FEW = 50  # pictures; with fewer a critic learns them by heart


class Fingerprint(Options):
    """The pictures and labels of a dataset, in three values that are kept in config.toml."""

    pictures: int
    """Number of pictures."""
    different: int
    """The number of pictures that differ from each other, of those that were summed."""
    digest: str
    """A checksum over all pictures, as they were before they were resized, and labels; the same on every machine."""

    @classmethod
    def of(cls, dataset: Dataset) -> Fingerprint:
        """The fingerprint of a dataset: in 0.1 s for MNIST, in a second however large it is."""
        originals = dataset.originals
        if originals and originals.sums:
            different, crc = originals.sums
        else:
            different, crc = Sums.of(checksums(dataset.images.numpy()))
            if dataset.given is not None:
                crc = zlib.crc32(checksums(dataset.given.numpy()).tobytes(), crc)
        labels = b"" if dataset.labels is None else dataset.labels.numpy().tobytes()
        return cls(pictures=len(dataset), different=different, digest=f"{zlib.crc32(labels, crc):08x}")

    def change(self, now: Fingerprint) -> str:
        """What is another than it was, as the end of a sentence; empty if nothing is."""
        if self.pictures != now.pictures:
            return f"it had {self.pictures:,} pictures and has {now.pictures:,} now"
        return "" if self == now else f"of its {now.pictures:,} pictures and their labels some are others now"

    def warning(self, name: str) -> str:
        """A sentence if there are few pictures; empty if there are enough.

        Raises:
            DataError: there are not two different ones.
        """
        count = "one picture" if self.pictures == 1 else f"{self.pictures:,} pictures that are all alike"
        if self.different < 2:
            raise DataError(f"Dataset {name!r} has {count}; nothing can be learnt from it. Give it different ones.")
        if self.different >= FEW:
            return ""
        alike = f", {self.different} of them different" if self.different < self.pictures else ""
        return f"Dataset {name!r} has only {self.pictures:,} pictures{alike}: a critic learns so few by heart."
