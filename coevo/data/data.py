"""Real works for a loop of one's own, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from coevo.contract.works import Works
from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, Dataset, load_dataset, of_arrays, with_given
from coevo.data.loaders import loaders
from coevo.data.readers import Arrays
from coevo.data.readers.torch_dataset import is_torch_dataset, read_torch_dataset
from coevo.errors import DataError
from coevo.loop import DEFAULT_PHASES, Phase


class Data:
    """Real works of arrays, of a torch dataset, or of a name or path: batches for `coevo.coevolve`.

    Args:
        source: pictures as an array or tensor, or with labels as (pictures, labels); a torch dataset, which is read
            once; or the name of a dataset, or the path of a folder, a zip or an .npz file.
        given: what works are made from: an array or tensor with a picture, or a label map of whole numbers, for each
            picture of arrays; or as the option data.given says, such as "edges", "grey", "left" or another dataset.
        regions: the number of regions, if what is given are label maps.
        size: side of the pictures in px, to which they are cropped and resized; by default as they are, and 32 px for
            a name or path.
        channels: 1 for grey, 3 for colour; by default as they are.
        batch: works in a step, made and real.
        seed: of the order in which they come.
        phases: the phases of the loop, if it has others than one step of either side.
        device: where batches live.

    Raises:
        DataError: it cannot be read as pictures.

    Example:
        >>> import numpy as np
        >>> data = Data(np.random.default_rng(0).random((100, 28, 28)), batch=16)
        >>> data
        <Data: 100 pictures, 1 × 28 × 28 px, in batches of 16>
        >>> tuple(data.batch(round=0, phase=0, step=0).pixels.shape)
        (16, 1, 28, 28)
        >>> maps = np.arange(100 * 28 * 28).reshape(100, 28, 28) % 3
        >>> pairs = Data(np.random.default_rng(0).random((100, 28, 28)), given=maps, regions=3, batch=16)
        >>> tuple(pairs.batch(round=0, phase=0, step=0).given.shape)
        (16, 3, 28, 28)
    """

    def __init__(
        self,
        source: Any = "digits",
        *,
        given: Any = None,
        regions: int | None = None,
        size: int | None = None,
        channels: int | None = None,
        batch: int = 64,
        seed: int = 0,
        phases: Sequence[Phase] = DEFAULT_PHASES,
        device: str | torch.device = "cpu",
    ):
        self.source = read_torch_dataset(source) if is_torch_dataset(source) else source
        """What it was made of: arrays, or a name or path; `coevo.run(data=…)` takes it too."""
        self.given, self.regions = (str(given) if isinstance(given, Path) else given), regions
        """What works are made from, as it was given, and the number of regions of label maps."""
        self.dataset = _dataset(self.source, self.given, regions, size, channels)
        self.size = batch
        """Works in a batch, as the loop calls it; the side of the pictures is in `image`."""
        self.seed, self.device = seed, torch.device(device)
        self._batches = DatasetBatches(self.dataset, batch, seed, [phase.steps for phase in phases], self.device)

    @property
    def image(self) -> tuple[int, int, int]:
        """(channels, height, width) of a picture."""
        channels, height, width = self.dataset.images.shape[1:]
        return channels, height, width

    @property
    def planes(self) -> tuple[str, ...]:
        """The names of the planes that works are made from, as `Studio.planes`; empty if nothing is given."""
        return self.dataset.planes

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its labels; empty without labels."""
        return self.dataset.classes

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works:
        """A batch of real works; a function of the seed and the position."""
        return self._batches.batch(round, phase, step, stream)

    def examples(self, n: int, seed: int) -> Works:
        """n of the real works, the same for the same seed; each again if they are fewer."""
        return self.dataset.examples(n, seed, self.device)

    def close(self) -> None:
        """End the threads that read ahead, if there are any."""
        self._batches.close()

    def __len__(self) -> int:
        return len(self.dataset)

    def __repr__(self) -> str:
        classes = f" of {len(self.classes)} classes" if self.classes else ""
        shape = " × ".join(map(str, self.image))
        return f"<Data: {len(self):,} pictures{classes}, {shape} px, in batches of {self.size}>"


def _dataset(source: Any, given: Any, regions: int | None, size: int | None, channels: int | None) -> Dataset:
    how = {"given": given if isinstance(given, str) else "", "regions": regions}
    if isinstance(source, str | Path):
        if given is not None and not isinstance(given, str):
            raise DataError(f"Arrays are given to pictures that are arrays too, and {str(source)!r} is a name or path.")
        named = {"name": str(source), "size": size or 32, "channels": channels or 1}
        return load_dataset(DataOptions.model_validate({**named, **how}), loaders())
    arrays = Arrays.of(source, None if isinstance(given, str) else given)
    _, height, width, colours = arrays.images.shape
    options = DataOptions.model_validate(
        {"name": "arrays", "size": size or min(height, width), "channels": channels or colours, **how}
    )
    dataset = of_arrays("arrays", arrays, options)
    return with_given(dataset, options, loaders()) if options.given else dataset
