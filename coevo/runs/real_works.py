"""The real works of a run: what was read, whether they are those that it started with, and where they are now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from coevo.data.datasets import DataOptions, Dataset
from coevo.data.derived import DERIVED
from coevo.data.fingerprint import Fingerprint
from coevo.data.readers import FOLDERS, HALVES
from coevo.errors import ConfigError, DataError, command
from coevo.images.given import is_map
from coevo.plugin.registry import registry
from coevo.runs.config import Config


def what_was_read(dataset: Dataset, side: int, is_new: bool = True) -> str:
    """A sentence: "Read 1,797 pictures of 10 classes, digits, 8 × 8 px enlarged to 32 × 32."."""
    classes = len(dataset.classes)
    parts = [
        f"Read {len(dataset):,} pictures" + (f" of {classes} class{'es' if classes > 1 else ''}" if classes else ""),
        dataset.name,
        dataset.originals.resized(side) if dataset.originals else f"{side} × {side} px",
    ]
    if dataset.originals and dataset.originals.colour and dataset.images.shape[1] == 1:
        parts.append("in colour and made grey" + (" (--channels 3 keeps it)" if is_new else ""))
    if dataset.given is not None:
        parts.append(what_is_given(dataset))
    names = dataset.unreadable
    some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return ", ".join(parts) + (f"; {len(names):,} could not be read ({some})." if names else ".")


def what_is_given(dataset: Dataset) -> str:
    """What works are made from, as a part of a sentence."""
    assert dataset.given is not None
    if not dataset.paired:
        return f"and {len(dataset.given):,} others of another domain"
    if is_map(dataset.planes):
        return f"each with a label map of {len(dataset.planes)} regions"
    return f"each with a picture to be made from, in {'grey' if len(dataset.planes) == 1 else 'colour'}"


def check_unchanged(config: Config, dataset: Dataset, now: Fingerprint, folder: Path | None, accept: bool) -> None:
    """Raise DataError if the real works are others than those that the run in this folder started with.

    Other works can be accepted; other classes cannot, because the players know the old ones.
    """
    start = f"Dataset {dataset.name!r} has changed since the run started:"
    if change := changed_classes(config, dataset):
        raise DataError(f"{start} {change}. Put it back, or say where it is with --data.")
    if not accept and (change := changed_works(config, now)):
        again = command("coevo resume", folder.name if folder else "latest", runs=folder and folder.parent)
        raise DataError(
            f"{start} {change}. Put it back, say where it is with --data, or go on with what is there: "
            f"{again} --changed-data"
        )


def changed_classes(config: Config, dataset: Dataset) -> str:
    """How the classes differ from those that the run started with, as the end of a sentence; empty if they do not."""
    if config.classes is None or config.classes == dataset.classes:
        return ""
    was, are = (", ".join(classes) or "none" for classes in (config.classes, dataset.classes))
    return f"its classes were {was}, and are {are} now"


def changed_works(config: Config, now: Fingerprint) -> str:
    """What else differs from when the run started; empty if nothing does, or if the run is too old to know."""
    return config.fingerprint.change(now) if config.fingerprint else ""


def changed(config: Config, dataset: Dataset) -> str:
    """How a dataset differs from that which the run started with, as the end of a sentence; empty if it does not."""
    return changed_classes(config, dataset) or (
        changed_works(config, Fingerprint.of(dataset)) if config.fingerprint else ""
    )


def located(config: Config) -> Config:
    """The options with whole paths of a dataset that is there, so that the run goes on from any folder."""
    changes = {}
    if config.data.name not in registry().offers("dataset"):
        changes["name"] = whole(config.data.name)
    if config.data.dir:
        changes["dir"] = whole(config.data.dir)
    if config.data.given not in ("", *DERIVED, *FOLDERS, *HALVES, *registry().offers("dataset")):
        changes["given"] = whole(config.data.given)
    return replace(config, data=config.data.model_copy(update=changes))


def whole(path: str) -> str:
    """The whole path of what is there; otherwise the same, which a sentence will say."""
    found = Path(path).expanduser()
    if not found.exists():
        return path
    return str(found.resolve() if ".." in found.parts else found.absolute())  # a link that is named stays one


def lost(error: DataError, data: DataOptions, folder: Path | None, words: str = "coevo resume") -> DataError:
    """What to say if the dataset of the run in this folder cannot be read: it may have been moved, and this command
    takes the place where it is now."""
    if folder is None:
        return error
    place = "--data-dir FOLDER" if data.name in registry().offers("dataset") else "--data PATH"
    again = command(words, folder.name, runs=folder.parent)
    return DataError(f"{error} If the data of run {folder.name!r} was moved, say where it is: {again} {place}")


def check_uses_data(uses_reals: bool, run: str) -> None:
    """Raise ConfigError if somebody says where the data of a run is that looks at none."""
    if not uses_reals:
        raise ConfigError(f"Run {run!r} looks at no real works: leave out --data, --data-dir and --changed-data.")


def relocated(config: Config, data: str | None, data_dir: str | None) -> Config:
    """The options with another place of the same dataset. Raises ConfigError if there is no such place."""
    changes = {key: value for key, value in (("name", data), ("dir", data_dir)) if value is not None}
    named = config.data.name in registry().offers("dataset")
    if data_dir is not None and not named:
        raise ConfigError(f"Dataset {config.data.name!r} has no --data-dir; say where it is now with --data.")
    if data is not None and named:
        raise ConfigError(f"The run plays dataset {config.data.name!r}; say where it is now with --data-dir.")
    return located(replace(config, data=config.data.model_copy(update=changes)))
