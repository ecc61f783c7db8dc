"""Stacked MNIST: three random digits as the channels of an image, which are 1,000 modes (Metz 2017, §3.3.1)."""

from __future__ import annotations

import torch

from coevo import DataError
from coevo.data.datasets import DataOptions, Dataset, mnist

COUNT = 60_000


def stacked(options: DataOptions) -> Dataset:
    """60,000 triples of MNIST digits, always the same; the class 407 is a 4, a 0 and a 7.

    Raises:
        DataError: MNIST's files are missing, or the run does not have three channels.
    """
    if options.channels != 3:
        raise DataError(f"Dataset 'stacked-mnist' has 3 channels, not {options.channels}; say --channels 3.")
    grey = mnist(options.model_copy(update={"channels": 1}))
    if grey.labels is None:
        raise DataError("Dataset 'stacked-mnist' needs the labels of MNIST.")
    generator = torch.Generator().manual_seed({"train": 0, "test": 1, "all": 2}[options.split])
    triples = torch.randint(len(grey), (COUNT, 3), generator=generator)
    images = torch.stack([grey.images[triples[:, place], 0] for place in range(3)], 1)
    labels = grey.labels[triples] @ torch.tensor([100, 10, 1])
    names = tuple(f"{number:03d}" for number in range(1000))
    return Dataset("stacked-mnist", images, labels, names, parts=grey, originals=grey.originals)
