"""Seconds until the command line answers."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

COEVO = str(Path(sys.executable).parent / "coevo")


def seconds(*arguments: str) -> float:
    begun = time.perf_counter()
    subprocess.run([COEVO, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


for arguments in (["--help"], ["run", "--help"], ["plugins"]):
    times = [seconds(*arguments) for _ in range(9)]
    print(f"coevo {' '.join(arguments)}: {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f})")
