"""`coevo paint`: a run's artist draws what a person paints as a label map, and pictures keep their map."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from coevo.contract.capabilities import Styled, Translator
from coevo.errors import ConfigError, DataError
from coevo.images.given import colours, is_map, shown, to_planes
from coevo.images.png import png_bytes, png_text
from coevo.images.sheets import to_bytes, to_picture
from coevo.runs.opening import SavedRun
from coevo.storage.atomic import RUN, write_whole
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import about, write_output
from coevo.tools.translate import read_given, read_picture

KEPT = "painting.png"  # in the run's folder: what is being painted


@dataclass(frozen=True)
class Style:
    """What a label map leaves open.

    Args:
        seed: of the style.
        code: [D], the style of a picture, in the place of the seed's.
    """

    seed: int = 0
    code: tuple[float, ...] | None = None

    @property
    def name(self) -> str:
        return f"style {self.seed}" if self.code is None else "style of a picture"


class Painter:
    """A run whose artist makes pictures of label maps.

    Args:
        run: its folder.

    Raises:
        ConfigError: the artist is given no label maps.
    """

    def __init__(self, run: RunFolder):
        saved = SavedRun(run)
        artist, studio = saved.setup.artist.name, saved.setup.studio
        if not isinstance(saved.setup.trained, Translator) or not is_map(studio.planes):
            given = "pictures" if studio.planes else "nothing"
            raise ConfigError(
                f"There is nothing to paint for run {run.name!r}: artist {artist!r} is given {given}, no label maps. "
                "Train one that is, such as coevo run gaugan."
            )
        self.run, self.artist = run, saved.artist
        self.regions = studio.planes
        self.size: tuple[int, int] = studio.image[1:]
        self.colours = colours(len(self.regions))

    @property
    def has_styles(self) -> bool:
        """Whether a style can be taken from a picture."""
        return isinstance(self.artist, Styled)

    def blank(self) -> np.ndarray:
        """A map of the first region alone, uint8 [H, W]."""
        return np.zeros(self.size, np.uint8)

    def picture(self, numbers: np.ndarray, style: Style) -> Image.Image:
        """The picture of a label map uint8 [H, W]. Same map and style, same picture."""
        given = to_planes(torch.from_numpy(numbers.copy())[None, None], self.regions).to(self.artist.studio.device)
        if style.code is not None:
            works = cast(Styled, self.artist).in_styles(given, torch.tensor([style.code]).to(given))
        elif self.has_styles:
            styled = cast(Styled, self.artist)
            works = styled.in_styles(given, styled.styles(1, style.seed).to(given))
        else:
            works = cast(Translator, self.artist).translate(given, style.seed)
        return to_picture(to_bytes(works.pixels)[0])

    def map_picture(self, numbers: np.ndarray) -> Image.Image:
        """A label map in the colours of its regions."""
        planes = to_planes(torch.from_numpy(numbers.copy())[None, None], self.regions)
        return to_picture(to_bytes(shown(planes, self.regions))[0])

    def style_of(self, picture: Path) -> Style:
        """The style of a picture in a file. Raises ConfigError if the artist has no styles, DataError for the file."""
        if not self.has_styles:
            raise ConfigError(f"Artist {self.artist.name!r} of run {self.run.name!r} has no styles of pictures.")
        model = read_picture(picture, self.artist.studio).to(self.artist.studio.device)
        code: Tensor = cast(Styled, self.artist).style_of(model)[0]
        return Style(code=tuple(float(f"{value:.9g}") for value in code.tolist()))

    # files

    def content(self, numbers: np.ndarray, style: Style) -> bytes:
        """The picture of a map as a PNG, which carries the map and the style."""
        map = {"size": list(numbers.shape), "numbers": base64.b64encode(zlib.compress(numbers.tobytes())).decode()}
        more: dict[str, Any] = {"seed": style.seed, "map": map}
        if style.code is not None:
            more["style"] = style.code
        return png_bytes(self.picture(numbers, style), about(self.run, self.artist, **more))

    def keep(self, numbers: np.ndarray, style: Style) -> None:
        """Keep what is being painted in the run's folder."""
        write_whole(self.run.folder / KEPT, self.content(numbers, style), RUN)

    def save(self, numbers: np.ndarray, style: Style, output: Path) -> None:
        write_output(output, self.content(numbers, style))

    def kept(self) -> tuple[np.ndarray, Style] | None:
        """What was being painted last; None if there is nothing."""
        path = self.run.folder / KEPT
        return self.read(path) if path.is_file() else None

    def read(self, path: Path) -> tuple[np.ndarray, Style]:
        """The map and the style of a picture that was saved, or a label map in any file.

        Raises:
            DataError: it has no map, or one of other regions.
        """
        text = png_text(path) if path.suffix.lower() == ".png" and path.is_file() else None
        if text and '"map"' in text:
            return self._carried(text, path)
        planes = read_given(path, self.artist.studio)
        return planes[0].argmax(0).to(torch.uint8).numpy(), Style()

    def _carried(self, text: str, path: Path) -> tuple[np.ndarray, Style]:
        """What a picture carries. It may come from others, so that nothing in it is trusted."""
        try:
            said = json.loads(text)
            height, width = map(int, said["map"]["size"])
            if (height, width) != self.size:
                raise DataError(f"{path} is a map of {height} × {width} px, and run {self.run.name!r} has {self.size}.")
            packed = base64.b64decode(said["map"]["numbers"], validate=True)
            numbers = np.frombuffer(zlib.decompressobj().decompress(packed, height * width), np.uint8)
            numbers = numbers.reshape(height, width)
            style = Style(int(said.get("seed", 0)))
            if "style" in said and self.has_styles:
                style = replace(style, code=self._code(said["style"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error) as error:
            raise DataError(f"{path} carries a label map that cannot be read ({error}).") from error
        if int(numbers.max()) >= len(self.regions):
            raise DataError(f"{path} has a region {numbers.max()}, and run {self.run.name!r} has {len(self.regions)}.")
        return numbers, style

    def _code(self, values: Any) -> tuple[float, ...]:
        code = tuple(map(float, values))
        wanted = cast(Styled, self.artist).styles(1, 0).shape[1]
        if len(code) != wanted or not np.isfinite(code).all():
            raise ValueError(f"a style has {wanted} finite numbers, not {len(code)}")
        return code
