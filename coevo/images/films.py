"""Films of pictures: GIF, WebP, APNG and MP4, by the name's ending."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from PIL import Image

from coevo.extras import needed

LOSSLESS = {"lossless": True, "quality": 80}  # of WebP: pixels as they are; 80 is an effort
RATE = 1000  # ticks a second of an MP4: its frames are shown for milliseconds


def film_bytes(path: Path, frames: Sequence[Image.Image], milliseconds: Sequence[int]) -> bytes:
    """The content of a film.

    GIF, WebP and APNG loop; WebP and APNG keep every colour, and are smaller than a GIF. An MP4 is smaller still, and
    what every player shows; it is a few pixels larger where a side is odd.

    Args:
        path: its name, which ends as one of `coevo.images.FILMS`.
        frames: pictures of one size.
        milliseconds: how long each is shown.

    Raises:
        ConfigError: an MP4 needs a package that is not installed.

    Example:
        >>> frames = [Image.new("L", (8, 8), grey) for grey in (0, 255)]
        >>> film_bytes(Path("x.webp"), frames, [100, 100])[:4]
        b'RIFF'
    """
    kind = path.suffix.lower()
    if kind == ".mp4":
        return mp4_bytes(path, frames, milliseconds)
    format = "png" if kind == ".apng" else kind.removeprefix(".")
    more = LOSSLESS if format == "webp" else {}
    buffer = io.BytesIO()
    frames[0].save(
        buffer, format, save_all=True, append_images=list(frames[1:]), duration=list(milliseconds), loop=0, **more
    )
    return buffer.getvalue()


def mp4_bytes(path: Path, frames: Sequence[Image.Image], milliseconds: Sequence[int]) -> bytes:
    """A film in H.264, each frame shown for its time; the last once more, as its time ends with it."""
    av = needed("av", "film", f"-o {path}")
    buffer = io.BytesIO()
    width, height = frames[0].size
    with av.open(buffer, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        starts = [sum(milliseconds[:number]) for number in range(len(frames) + 1)]
        for frame, start in zip([*frames, frames[-1]], starts, strict=True):
            even = Image.new("RGB", (stream.width, stream.height), "white")
            even.paste(frame, (0, 0))
            shown = av.VideoFrame.from_image(even)
            shown.pts, shown.time_base = start, Fraction(1, RATE)
            film.mux(stream.encode(shown))
        film.mux(stream.encode())
    return buffer.getvalue()
