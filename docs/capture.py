"""Draw docs/session.png and docs/sims.png: real sessions in tmux, driven by their keys.

    python docs/capture.py [session|sims]

Needs tmux and the development dependencies.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyte
from PIL import Image, ImageDraw, ImageFont

SIZE = 150, 48
CELL = 9, 18
STEP = ["Down", "Right", "Space", "Enter"]
SESSIONS = {
    "session": ("blind-watchmaker -o artist.start=insect", [STEP] * 7 + [["Left", "Space"]]),
    "sims": ("sims --seed 5", [["Right", "Space"]]),
}
QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


def tmux(*words: object) -> str:
    """The output of a tmux command, on a server of our own."""
    command = ["tmux", "-L", "capture", "-f", "/dev/null", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def read_screen() -> pyte.Screen:
    """What the pane shows, with its colours."""
    screen = pyte.Screen(*SIZE)
    pyte.Stream(screen).feed(tmux("capture-pane", "-e", "-p").rstrip("\n").replace("\n", "\r\n"))
    return screen


def paint(screen: pyte.Screen) -> Image.Image:
    """The screen as a picture, cell by cell."""
    width, height = CELL
    picture = Image.new("RGB", (SIZE[0] * width, SIZE[1] * height), "#15171c")
    pen = ImageDraw.Draw(picture)
    try:
        font: ImageFont.FreeTypeFont | ImageFont.ImageFont = ImageFont.truetype("DejaVuSansMono.ttf", 14)
    except OSError:
        font = ImageFont.load_default(13)
    for y in range(SIZE[1]):
        for x in range(SIZE[0]):
            cell = screen.buffer[y][x]
            ink = "#d8dce4" if cell.fg == "default" else f"#{cell.fg}"
            left, top = x * width, y * height
            if cell.bg != "default":
                pen.rectangle((left, top, left + width - 1, top + height - 1), f"#{cell.bg}")
            if cell.data in QUARTERS:
                for bit in range(4):
                    if QUARTERS.index(cell.data) >> bit & 1:
                        x0, y0 = left + bit % 2 * width / 2, top + bit // 2 * height / 2
                        pen.rectangle((x0, y0, x0 + width / 2 - 0.5, y0 + height / 2 - 1), ink)
            elif cell.data.strip():
                pen.text((left + width / 2, top + height / 2), cell.data, ink, font, "mm")
    return picture


def capture(name: str) -> None:
    """Play a session by its keys, and save a picture of the screen beside this file."""
    words, keys = SESSIONS[name]
    with tempfile.TemporaryDirectory() as runs:
        line = f"{sys.executable} -m coevo run {words} --runs-dir {runs}"
        tmux("new-session", "-d", "-x", SIZE[0], "-y", SIZE[1], f"env COLORTERM=truecolor TERM=xterm-256color {line}")
        while "generation 0" not in tmux("capture-pane", "-p"):
            time.sleep(0.1)
        for step in keys:
            time.sleep(1)
            tmux("send-keys", *step)
        time.sleep(1)
        paint(read_screen()).save(Path(__file__).parent / f"{name}.png", optimize=True)
        tmux("kill-server")


if __name__ == "__main__":
    for name in sys.argv[1:] or SESSIONS:
        capture(name)
