"""The loaders of the datasets that plugins offer, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from coevo.data.datasets import DataOptions, Dataset
from coevo.errors import CoevoError, DataError
from coevo.plugin.registry import registry


def loaders() -> dict[str, Callable[[DataOptions], Dataset]]:
    """Every dataset's loader by name, imported when it is called, as `load_dataset` takes them."""
    return {name: partial(_load, name) for name in registry().offers("dataset")}


def _load(name: str, options: DataOptions) -> Dataset:
    loader = registry().load("dataset", name)
    try:
        dataset: Dataset = loader(options)
    except CoevoError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        raise DataError(
            f"Dataset {name!r} raised {type(error).__name__}: {said[:500]}\n"
            f"The mistake is in its loader, in plugin {registry().owner('dataset', name)!r}, or in what it reads; "
            "`coevo --debug` shows the whole traceback."
        ) from error
    return dataset
