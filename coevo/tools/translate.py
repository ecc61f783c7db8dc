"""`coevo translate`: works of a run's artist, made from files. What the run was trained on says how they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, cast

import torch
from torch import Tensor

from coevo.contract.capabilities import BackTranslator, Styled, Translator
from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.data.readers import BROKEN, Folder, Form, open_image
from coevo.errors import ConfigError, DataError, reason
from coevo.images.given import GREY, RGB, is_map, to_planes
from coevo.images.png import png_bytes
from coevo.images.sheets import to_bytes, to_picture
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio
from coevo.tools.output import about, write_output

AT_ONCE = 64  # files that are read and translated together
STYLES = 8  # in which each file is translated with all styles


def write_translations(
    run: RunFolder,
    files: Sequence[Path],
    output: Path,
    seed: int = 0,
    all_styles: bool = False,
    style: Path | None = None,
    backwards: bool = False,
) -> list[Path]:
    """Write what a run's artist makes of each file, as a PNG of its name. Nothing is written if one cannot be read.

    Files are read twice, at first to see that all of them can be: never more than a batch of them is in memory.

    Args:
        run: the run's folder.
        files: pictures or label maps, or folders of them; each is cropped to a square and resized as in training.
        output: a folder.
        seed: of what the files leave open; same seed, same works.
        all_styles: write each file in eight styles of the seed, the same for all files, with a number after its name.
        style: a picture, in whose style all of them are.
        backwards: files are of the domain that works are of, and are translated into the other.

    Returns:
        The files that were written.

    Raises:
        ConfigError: the run's artist translates nothing, has no styles or no way back, or two files have one name.
        DataError: a file is missing, no picture, or no label map of the run's regions.
    """
    if output.suffix and not output.is_dir():
        raise ConfigError(f"-o {output} should be a folder: each file is translated into a PNG of its own.")
    if all_styles and style:
        raise ConfigError("A picture has one style; leave out --all-styles or --style.")
    saved = SavedRun(run)
    check_abilities(saved.setup.trained, run.name, all_styles or style is not None, backwards)
    found = [path for each in files for path in listed(each)]
    names = [path.stem for path in found]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ConfigError(f"Two of the files are called {twice!r}, and would become one {output / twice}.png.")
    endings = [f"-{number}" for number in range(1, STYLES + 1)] if all_styles else [""]
    targets = {(output / f"{name}{ending}.png").resolve() for name in names for ending in endings}
    for path in [*found, *([style] if style else [])]:
        if path.resolve() in targets:
            raise ConfigError(f"{path} would be overwritten by what is made from it; choose another -o than {output}.")
    model = read_picture(style, saved.setup.studio) if style else None
    read = read_picture if backwards else read_given
    for path in found:
        read(path, saved.setup.studio)
    artist, written = saved.artist, []
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        given = torch.cat([read(path, artist.studio) for path in some]).to(artist.studio.device)
        for ending, works in translated(artist, given, seed, all_styles, model, backwards):
            for path, pixels in zip(some, to_bytes(works.pixels), strict=True):
                more = {"style": style.name if style else ending[1:], "backwards": backwards}
                origin = about(run, artist, seed=seed, given=path.name, **{k: v for k, v in more.items() if v})
                written.append(output / f"{path.stem}{ending}.png")
                write_output(written[-1], png_bytes(to_picture(pixels), origin))
    return written


def check_abilities(artist: Artist, run: str, styles: bool, backwards: bool) -> None:
    """Raise ConfigError if the artist of a run translates nothing, or not in styles or backwards if that is wanted."""
    its = f"Artist {artist.name!r} of run {run!r}"
    if not isinstance(artist, Translator):
        raise ConfigError(
            f"Run {run!r} translates nothing: artist {artist.name!r} is given no pictures. Train one that is, such as "
            "coevo run pix2pix."
        )
    if styles and not isinstance(artist, Styled):
        raise ConfigError(f"{its} has no styles; leave out --all-styles and --style.")
    if backwards and not isinstance(artist, BackTranslator):
        raise ConfigError(
            f"{its} makes works of what it is given, and nothing the other way; leave out --backwards, or train one of "
            "two domains, such as coevo run cyclegan."
        )


def translated(
    artist: Artist, given: Tensor, seed: int, all_styles: bool, model: Tensor | None, backwards: bool
) -> Iterator[tuple[str, Works]]:
    """Works of what is given, in each style that is wanted, and what their names end with."""
    if backwards:
        yield "", cast(BackTranslator, artist).translate_back(given, seed)
        return
    if not all_styles and model is None:
        yield "", cast(Translator, artist).translate(given, seed)
        return
    styled = cast(Styled, artist)
    styles = styled.styles(STYLES, seed) if model is None else styled.style_of(model)
    for number, style in enumerate(styles, 1):
        yield f"-{number}" if all_styles else "", styled.in_styles(given, style.expand(len(given), -1))


def listed(path: Path) -> list[Path]:
    """A file, or the images of a folder and below. Raises DataError if there is none."""
    if not path.is_dir():
        return [path]
    if not (names := Folder(path, "all").names):
        raise DataError(f"{path} holds no images.")
    return [path / name for name in names]


def read_given(path: Path, studio: Studio) -> Tensor:
    """What works are made from, of a file: [1, planes, H, W].

    Raises:
        DataError: it is missing, no picture, or no label map of the studio's regions.
    """
    return to_planes(read_form(path, studio, studio.planes), studio.planes)


def read_picture(path: Path, studio: Studio) -> Tensor:
    """A picture as the studio's works are, of a file: [1, C, H, W] in [-1, 1]. Raises DataError as `read_given`."""
    planes = GREY if studio.image[0] == 1 else RGB
    return to_planes(read_form(path, studio, planes), planes)


def read_form(path: Path, studio: Studio, planes: tuple[str, ...]) -> Tensor:
    """A file as datasets keep a picture or a label map of these planes, uint8 [1, C, H, W]."""
    channels: Literal[1, 3] = 1 if len(planes) == 1 else 3
    form = Form(studio.image[1], channels, len(planes) if is_map(planes) else None)
    try:
        picture, _ = open_image(path.read_bytes(), form.size, None if form.regions else channels)
        pixels = form.given(picture, str(path))
    except OSError as error:
        if error.errno is None:  # Pillow's, of a file that is no image
            raise DataError(f"{path} is no picture that can be read.") from error
        raise DataError(f"{path} cannot be read: {reason(error)}.") from error
    except BROKEN as error:
        raise DataError(f"{path} is no picture that can be read.") from error
    return torch.from_numpy(pixels.copy())[None]
