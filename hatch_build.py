"""Compiles coevo's machine code where there is a C compiler; without one, Python and NumPy do the same, more slowly."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("coevo/native")
# no contraction: the order and the rounding of arithmetic are the source's
FLAGS = ["-O3", "-std=c11", "-fPIC", "-shared", "-fvisibility=hidden"]
FLAGS += ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]


class CompileNative(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("COEVO_PURE"):  # a wheel for every platform
            return
        sources = Path(self.root) / SOURCES
        target, unfinished = sources / "native.so", sources / "native.so.unfinished"
        problem = "there is no C compiler"
        for command in commands(stays=version == "editable"):
            done = subprocess.run(
                [
                    *command,
                    *FLAGS,
                    f'-DSOURCE="{made_of(sources)}"',
                    "-o",
                    unfinished,
                    *sorted(sources.glob("*.c")),
                    "-lm",
                ],
                capture_output=True,
                text=True,
            )
            if not done.returncode:
                unfinished.replace(target)
                build_data["artifacts"].append(target.relative_to(self.root).as_posix())
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
                return
            problem = f"{shlex.join(command)} says\n{done.stderr}"
        self.app.display_warning(
            f"Populations will be bred and drawn by Python and NumPy, many times more slowly: {problem}"
        )


def made_of(sources: Path) -> str:
    """A digest of the sources, as in coevo/native/library.py."""
    digest = hashlib.sha256()
    for source in sorted(path for path in sources.iterdir() if path.suffix in (".c", ".h")):
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()


def commands(stays: bool) -> Iterator[list[str]]:
    """The compilers that may do it; for this very processor only where the code stays on this machine."""
    found = filter(None, (sysconfig.get_config_var("CC"), "cc", "gcc", "clang"))
    compilers = [words for words in map(shlex.split, found) if shutil.which(words[0])]
    yield from compilers
    if stays:
        yield from ([*words, "-march=native"] for words in compilers)
