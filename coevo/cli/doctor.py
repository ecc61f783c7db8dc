"""`coevo doctor`: what this machine and this installation can do, and what to do about what they cannot."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import click

from coevo.cli.common import JSON, RUNS_DIR
from coevo.cli.tables import counted, paragraph
from coevo.plugin.registry import registry
from coevo.version import __version__

PACKAGES = ("torch", "numpy", "deap", "pillow")
LITTLE = 2**30  # bytes; a run of an hour writes less


class Finding(NamedTuple):
    """Something that was looked at.

    Args:
        what: its name.
        found: what it is like.
        advice: what to do about it, as a sentence; empty if nothing needs to be done.
    """

    what: str
    found: str
    advice: str = ""


@click.command()
@JSON
@RUNS_DIR
@click.pass_context
def doctor(context: click.Context, as_json: bool, runs_dir: Path) -> None:
    """Say what this machine and this installation can do, and what is wrong with them.

    The exit code is 1 if something needs to be done.
    """
    findings = list(examine(runs_dir))
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        _show(findings)
    context.exit(any(finding.advice for finding in findings))


def examine(runs: Path) -> Iterator[Finding]:
    """Everything that a run depends on.

    Args:
        runs: the folder of all runs.
    """
    yield Finding("coevo", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    yield Finding("packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES))
    yield machine_code()
    yield from processors()
    yield plugins()
    yield folder("runs", runs, "name another folder with --runs-dir")
    yield cache()
    yield terminal()


def machine_code() -> Finding:
    """Whether programs are varied and drawn by machine code."""
    from coevo.native import SOURCES, native

    if native() is not None:
        return Finding("machine code", "built: populations are bred and drawn without Python")
    there = (SOURCES / "native.so").exists()
    advice = "Install coevo again." if there else "Install a C compiler, such as gcc or clang, and then coevo again."
    found = "of another version" if there else "not built"
    return Finding("machine code", f"{found}: evolved artists are many times slower", advice)


def processors() -> Iterator[Finding]:
    """What computes."""
    import torch

    from coevo.native.threads import processors as usable
    from coevo.studio.devices import fast_bf16, find_device

    of = f" of {there}" if (there := os.cpu_count() or 1) != usable() else ""
    yield Finding("processors", f"{counted(usable(), 'core')}{of}, {counted(torch.get_num_threads(), 'thread')}")
    device = find_device("auto")
    name = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    half = "bf16 in hardware" if fast_bf16(device) else "no bf16 in hardware: networks are computed in fp32"
    yield Finding("device", f"{device.type}{name}, {half}")


def plugins() -> Finding:
    """Whether all plugins can be used, and all of each."""
    found = registry()
    broken = [plugin.name for plugin in found.plugins if plugin.error]
    partly = [plugin.name for plugin in found.plugins if plugin.notes and not plugin.error]
    said = [
        counted(len(found.plugins), "plugin"),
        *([f"{', '.join(broken)} cannot be used"] if broken else []),
        *([f"a part of {', '.join(partly)} fails, is slow or deprecated"] if partly else []),
    ]
    advice = " ".join([*found.problems(), *(["`coevo plugins` says what is wrong."] if broken or partly else [])])
    return Finding("plugins", "; ".join(said), advice)


def cache() -> Finding:
    """Where evaluators are kept."""
    from coevo.storage.cache import cache_folder

    return folder("cache", cache_folder(), "name another folder in COEVO_CACHE")


def folder(what: str, path: Path, otherwise: str) -> Finding:
    """Whether files can be written to a folder, which may not exist yet.

    Args:
        what: is written there.
        path: the folder.
        otherwise: what to do if nothing can be written there.
    """
    there = next((one for one in (path, *path.absolute().parents) if one.exists()), path)
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(what, f"{path}: {error.strerror}", f"Nothing can be written to {path}; {otherwise}.")
    advice = f"There is little room in {path}; free some space, or {otherwise}." if free < LITTLE else ""
    return Finding(what, f"{path}, {free / 2**30:.1f} GB free", advice)


def terminal() -> Finding:
    """What sheets look like here."""
    columns, lines = shutil.get_terminal_size()
    colours = os.environ.get("COLORTERM") or os.environ.get("TERM") or "no colours"
    return Finding("terminal", f"{columns} × {lines}, {colours}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _show(findings: list[Finding]) -> None:
    width = max(len(finding.what) for finding in findings)
    for what, found, advice in findings:
        click.secho(f"{what.ljust(width)}  ", bold=True, nl=False, fg="red" if advice else None)
        click.echo(found)
        if advice:
            paragraph(advice, indent=width + 2)
    bad = sum(bool(finding.advice) for finding in findings)
    click.echo(f"\n{counted(bad, 'problem')}." if bad else "\nNothing is wrong.")
