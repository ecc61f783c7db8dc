"""A worker process: it plays the legs that it reads from its standard input, a line each, and answers on its output."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from coevo.errors import CoevoError
from coevo.grid.grid import Grid
from coevo.grid.leg import play_leg
from coevo.plugin.blame import blame


def end_with_parent() -> None:
    """End when whoever gives out the legs has ended: the same command may have begun again."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to whoever gives out the legs
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what others print is no answer
    about = json.loads(sys.stdin.readline())
    grid = Grid(**{**about, "folder": Path(about["folder"]), "shape": tuple(about["shape"])})
    for line in sys.stdin:
        cell, leg, versions = json.loads(line)
        said = ""
        try:
            play_leg(grid, cell, leg, {int(other): version for other, version in versions.items()})
        except CoevoError as error:
            said = str(error)
        except Exception as error:
            said = blame(error) or f"{type(error).__name__}: {error}"
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()
