"""Compiles the renderer's machine code where there is a C compiler; without one, NumPy draws the same pictures."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("coevo/shader/native.c")
# no contraction: the order and the rounding of arithmetic are the source's, so that pictures are the same everywhere
FLAGS = "-O3 -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math"


class CompileRenderer(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(self.root) / SOURCE
        target, unfinished = source.with_suffix(".so"), source.with_suffix(".so.unfinished")
        named = hashlib.sha256(source.read_bytes()).hexdigest()
        for compiler in filter(None, (sysconfig.get_config_var("CC"), "cc", "gcc", "clang")):
            words = shlex.split(compiler)
            if shutil.which(words[0]):
                command = [*words, *FLAGS.split(), f'-DSOURCE="{named}"', "-o", unfinished, source, "-lm"]
                done = subprocess.run(command, capture_output=True, text=True)
                if not done.returncode:
                    unfinished.replace(target)
                    build_data["artifacts"].append(target.relative_to(self.root).as_posix())
                    build_data["pure_python"] = False
                    build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
                    return
                self.app.display_warning(f"{compiler} could not compile {SOURCE}:\n{done.stderr}")
        self.app.display_warning("No C compiler: pictures will be drawn by NumPy, several times more slowly.")
