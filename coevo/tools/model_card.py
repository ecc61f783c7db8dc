"""A run as a folder for a model hub: its newest checkpoint, its options, and a card that says what it is.

The folder is a run, so `coevo.load(FOLDER)`, `coevo sample FOLDER` and `coevo run --from FOLDER` read it; nothing in it
is code, and nothing is unpickled.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from coevo.errors import ConfigError, StoreError
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.monitoring.ancestral_opponents import AncestralOpponents
from coevo.plugin.registry import registry
from coevo.runs.config import Config
from coevo.runs.opening import SavedRun
from coevo.storage.atomic import OUTPUT, write_whole, writing
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import CONFIG, RunFolder
from coevo.version import __version__

CARD, SHEET = "README.md", "works.png"
WORKS = 36  # on the card's picture
LOG, TIME = "metrics.jsonl", "timing.jsonl"


def write_model(store: RunFolder, folder: Path, figures: Mapping[str, Any], licence: str | None) -> None:
    """Write a run's model and its card; the folder appears whole or not at all.

    Args:
        store: the run's folder.
        folder: which does not exist yet, or is empty.
        figures: of `coevo evaluate --json`, for the card; empty for none.
        licence: the name of the model's licence, as hubs know it; None leaves it to be filled in.

    Raises:
        ConfigError: the folder has files, or the run is a session with a person, which is more than a model.
        StoreError: no checkpoint is whole, or the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} already exists and has files; choose another --folder.")
    saved = SavedRun(store)
    if saved.setup.picks:
        raise ConfigError(
            f"Run {store.name!r} was bred by picks, and its session is no model; `{store.command('coevo export')} ID` "
            "exports a picture with its genome."
        )
    checkpoint, _ = store.load(saved.config.run.seed)
    config = without_places(saved.config)
    with writing(folder, OUTPUT):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as place:
            model = RunFolder(Path(place) / "model")
            model.checkpoints.mkdir(parents=True)
            model.write_config(config.toml().encode())
            checkpoint.state.get("run", {}).pop(AncestralOpponents.name, None)  # their files stay with the run
            model.save(checkpoint, keep=1)
            for name in (LOG, TIME):
                if (store.folder / name).is_file():
                    shutil.copyfile(store.folder / name, model.folder / name)
            draw_works(saved, model.folder / SHEET)
            text = card(store, saved, folder.name, figures, licence, (model.folder / SHEET).is_file())
            write_whole(model.folder / CARD, text.encode(), OUTPUT)
            if folder.is_dir():
                folder.rmdir()
            model.folder.replace(folder)


def without_places(config: Config) -> Config:
    """The options without paths of this machine: of a dataset in a folder its name is left."""
    data = config.data
    named = data.name in registry().offers("dataset")
    changes: dict[str, Any] = {"dir": None} if data.dir else {}
    if not named:
        changes["name"] = Path(data.name).name
    if data.given and Path(data.given).is_absolute():
        changes["given"] = Path(data.given).name
    return replace(config, data=data.model_copy(update=changes))


def draw_works(saved: SavedRun, path: Path) -> None:
    """A sheet of what the artist exhibits, if that is pictures of nothing that it would have to be given."""
    if saved.artist.spec().given != "unused":
        return
    with torch.no_grad(), saved.setup.studio.playing():
        works = saved.artist.exhibit(WORKS, saved.config.run.seed)
    if works.images is not None:
        save_png(path, contact_sheet(works.images), {})


def card(
    store: RunFolder, saved: SavedRun, name: str, figures: Mapping[str, Any], licence: str | None, pictured: bool
) -> str:
    """The card, in Markdown with the front matter that hubs read."""
    config = saved.config
    artist, critic = config.artist_class, config.critic_class
    data = without_places(config).data.name if saved.setup.uses_reals else None
    tags = ["coevo", "generative-art", artist.name, critic.name]
    matter = {"library_name": "coevo", "tags": tags, "pipeline_tag": "unconditional-image-generation"}
    matter |= {"license": licence} if licence else {}
    matter |= {"datasets": [data]} if data else {}
    timing, log = read_log(store.folder / TIME, "seconds"), read_log(store.folder / LOG, "round")
    minutes = f", {timing[-1]['seconds'] / 60:.1f} minutes" if timing else ""
    size = f"{config.data.size} × {config.data.size} px, {'grey' if config.data.channels == 1 else 'colour'}"
    parts = [
        "---\n"
        + "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in matter.items())
        + "\n---",
        f"# {name}",
        f"Pictures of {size}, by the artist `{artist.name}` that learned before the critic `{critic.name}`"
        + (f" on `{data}`" if data else "")
        + f": {saved.round:,} rounds{minutes}. Made with [coevo](https://pypi.org/project/coevo/) {__version__}.",
        *([f"![Works]({SHEET})"] if pictured else []),
        "## Use",
        "```console\n$ pip install coevo\n$ coevo sample . -n 64 -o works.png\n$ coevo run --artist "
        f"{artist.name} --critic {critic.name} --from . --minutes 10\n```",
        '```python\nimport coevo\n\nrun = coevo.load(".")\nworks = run.artist.exhibit(16, seed=1)  # works.images: '
        "[16, C, H, W] in [-1, 1]\n```",
        f"`checkpoints/` holds all networks as safetensors, `{CONFIG}` every option, `{LOG}` what was measured while "
        "it learned. There is no code in this folder.",
        *([table("What its works are like", figures)] if figures else []),
        *([table(f"The last row of its log, round {log[-1]['round']:,}", log[-1])] if log else []),
        *([f"Of the data: {config.attribution}"] if config.attribution else []),
        *([] if licence else ["**Licence**: not chosen yet; that of the data may limit it."]),
    ]
    return "\n\n".join(parts) + "\n"


def table(title: str, figures: Mapping[str, Any]) -> str:
    """Numbers and words among figures, as a table of Markdown under a title."""
    rows = [
        f"| {name} | {value if isinstance(value, str | int) else format(value, '.4g')} |"
        for name, value in figures.items()
        if isinstance(value, str | int | float) and name not in ("round", "warnings")
    ]
    return "\n".join([f"## {title}\n", "| figure | value |", "|---|--:|", *rows])


def read_figures(path: Path) -> dict[str, Any]:
    """The figures of a file that `coevo evaluate --json` wrote.

    Raises:
        StoreError: it cannot be read, or is something else.
    """
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read as the figures of coevo evaluate --json: {error}.") from error
    if not isinstance(found, dict):
        raise StoreError(f"{path} has no figures; coevo evaluate --json writes them.")
    return {str(name): value for name, value in found.items()}
