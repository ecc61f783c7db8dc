"""Films of pictures, by the name's ending."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from coevo.errors import ConfigError
from coevo.images.films import film_bytes

COLOURS = [(255, 0, 0), (0, 255, 0), (10, 20, 250)]
TIMES = [80, 80, 400]


def frames(width: int = 20) -> list[Image.Image]:
    return [Image.new("RGB", (width, 12), colour) for colour in COLOURS]


@pytest.mark.parametrize("ending", [".gif", ".webp", ".apng"])
def test_frames_are_kept_with_their_times_and_loop(ending: str) -> None:
    with Image.open(io.BytesIO(film_bytes(Path(f"it{ending}"), frames(), TIMES))) as film:
        seen = [
            (frame.convert("RGB").getpixel((5, 5)), frame.info["duration"]) for frame in ImageSequence.Iterator(film)
        ]
        assert film.info["loop"] == 0
    assert [colour for colour, _ in seen] == COLOURS
    assert [time for _, time in seen] == TIMES


def test_an_mp4_has_the_frames_at_their_times() -> None:
    av = pytest.importorskip("av")
    content = film_bytes(Path("it.mp4"), frames(21), TIMES)
    with av.open(io.BytesIO(content)) as film:
        stream = film.streams.video[0]
        seen = [
            (round(float(f.pts * stream.time_base) * 1000), f.to_image().getpixel((5, 5))) for f in film.decode(stream)
        ]
    assert (stream.width, stream.height) == (22, 12)
    assert [start for start, _ in seen] == [0, 80, 160, 560]
    for (_, colour), right in zip(seen, COLOURS, strict=False):
        assert max(abs(one - other) for one, other in zip(colour, right, strict=True)) < 12


def test_an_mp4_asks_for_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match=r"-o it.mp4 needs the package 'av', .*: pip install 'coevo\[film\]'"):
        film_bytes(Path("it.mp4"), frames(), TIMES)
