"""Do the beginning of a tutorial literally, from a clean environment, and say how long each command takes.

    python tests/newcomer.py [PAGE]       docs/tutorials/artist.md by default: a picture by an artist of one's own

The first block of Python is saved under the name that the page gives; then every command of its first console block
is typed. coevo is not published, so `pip install coevo` finds the wheel of this checkout. The bar: five commands, 40
lines, under ten minutes with the installation, under three without. The exit code is 1 if it is missed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
COMMANDS, LINES, MINUTES, INSTALLED = 5, 40, 10, 3


def main(page: Path) -> int:
    text = page.read_text()
    code = re.search(r"Save this as `(\S+)`:\n\n(?:<!--.*?-->\n)?```python\n(.*?)```", text, re.S)
    console = re.search(r"```console\n(.*?)```", text, re.S)
    assert code and console, f"{page} has no file to save and no commands"
    commands = [line.removeprefix("$ ") for line in console[1].splitlines() if line.startswith("$ ")]
    lines = sum(bool(line.strip()) for line in code[2].splitlines())
    with tempfile.TemporaryDirectory() as folder:
        wheel(Path(folder, "wheels"))
        subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
        Path(folder, code[1]).write_text(code[2])
        path = os.pathsep.join([f"{folder}/venv/bin", os.environ["PATH"]])
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        there = kept | {"PATH": path, "PIP_FIND_LINKS": f"{folder}/wheels", "COEVO_CACHE": f"{folder}/cache"}
        seconds = [timed(command, folder, there) for command in commands]
        picture = Path(folder, "sheet.png")
        assert picture.stat().st_size > 1000, "there is no picture"
    total, without = sum(seconds) / 60, sum(seconds[1:]) / 60
    print(f"{len(commands)} commands, {lines} lines, {total:.1f} minutes, {without:.1f} without the installation")
    return int(len(commands) > COMMANDS or lines > LINES or total > MINUTES or without > INSTALLED)


def wheel(folder: Path) -> None:
    """The wheel of this checkout, as an index would have it."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)


def timed(command: str, folder: str, environment: dict[str, str]) -> float:
    """The seconds that a command takes; its output goes to this terminal's stderr if it fails."""
    words, started = shlex.split(command, comments=True), perf_counter()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = perf_counter() - started
    print(f"{seconds:7.1f} s  {command}", flush=True)
    if done.returncode:
        sys.exit(f"it failed:\n{done.stdout}{done.stderr}")
    return seconds


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "tutorials" / "artist.md"))
