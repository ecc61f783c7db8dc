"""Mutated inputs, given to the commands that read them: each ends well or with one sentence, soon and in little memory.

    python -m tests.faults.inputs --count 10000                 over all kinds of input, in two processes
    python -m tests.faults.inputs --count 500 --kind png        of one kind

It prints a line for every kind and every finding, and keeps the inputs of the findings in the folder --keep.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from . import mutations

SECONDS, BYTES = 10, 2**30  # of one input, at most
PICKS = "1\n2\nu\n3\n+\n1\nq\n"


@dataclass(frozen=True)
class Finding:
    """An input that was answered with anything but success or a sentence."""

    kind: str
    number: int
    mutation: str
    problem: str
    content: bytes = b""


class Stage:
    """A folder with a few small runs, to which mutated inputs are given."""

    def __init__(self, folder: Path):
        self.folder, self.runs = folder, folder / "runs"
        self.out = folder / "out.png"

    def prepare(self) -> Stage:
        """Play the runs: one that is trained, one that evolves, two that are bred."""
        picks = self.folder / "first.picks"
        picks.write_text(PICKS)
        small = "--size", "16", "--batch", "6", "-o", "run.log_every=1", "-o", "run.save_every=1", "--rounds", "2"
        tiny = "-o", "artist.width=4", "-o", "critic.width=4", "-o", "artist.latent=4"
        self.must("run", "dcgan", "--name", "trained", *small, *tiny)
        self.must(
            "run",
            "gp-dcnn",
            "--name",
            "evolved",
            *small,
            "-o",
            "artist.population=8",
            "-o",
            "artist.elites=2",
            "-o",
            "critic.width=4",
        )
        for name, recipe in (("bred", "blind-watchmaker"), ("programs", "sims")):
            self.must("run", recipe, "--name", name, *small[:4], "--picks", str(picks))
        pictures = ("bred", "3", "biomorph.png"), ("bred", "3", "biomorph.svg"), ("programs", "2", "program.png")
        for run, id, picture in pictures:
            self.must("export", run, id, "--alone", "--size", "32", "-o", str(self.folder / picture))
        return self

    def copy(self, folder: Path) -> Stage:
        """The same in another folder, for another process."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Stage(folder)

    def must(self, *words: str) -> None:
        if problem := self.command(*words, refusal=False):
            raise AssertionError(f"{words}: {problem}")

    def command(self, *words: object, refusal: bool = True) -> str:
        """Run a command; what is wrong with its answer, or nothing."""
        from click.testing import CliRunner

        from coevo.cli import main

        result = CliRunner().invoke(main, [str(word) for word in words], env={"COEVO_RUNS": str(self.runs)})
        if result.exception and not isinstance(result.exception, SystemExit):
            error = result.exception
            where = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in where if "coevo" in Path(frame.filename).as_posix()] or list(where)
            return f"{type(error).__name__}: {str(error)[:200]} ({Path(ours[-1].filename).name}:{ours[-1].lineno})"
        if result.exit_code == 0:
            return ""
        if result.exit_code != 2 or not refusal:
            return f"exit code {result.exit_code}: {result.stderr.strip()[:300]}"
        if not result.stderr.strip() or "Traceback" in result.stderr:
            return f"said {result.stderr[:200]!r}"
        return ""

    @contextmanager
    def replaced(self, file: str, content: bytes) -> Iterator[None]:
        """A file of a run replaced, and afterwards the whole run as it was."""
        run = self.runs / file.split("/")[0]
        kept = self.folder / "kept"
        shutil.copytree(run, kept)
        (self.runs / file).write_bytes(content)
        try:
            yield
        finally:
            shutil.rmtree(run)
            kept.rename(run)


# what is read, and by which commands


@dataclass(frozen=True)
class Kind:
    """A kind of input: whole examples of it, how they are spoilt, and what reads them."""

    originals: Callable[[Stage], Sequence[bytes]]
    mutations: Sequence[mutations.Mutation]
    give: Callable[[Stage, bytes, random.Random], str]


def give_png(stage: Stage, content: bytes, rng: random.Random) -> str:
    """A PNG that may carry a genome, and is a picture."""
    return first(
        lambda: give_picture(stage, content, rng, "x.png", "sims"),
        lambda: give_dataset(stage, content, rng, "x.png"),
    )


def give_svg(stage: Stage, content: bytes, rng: random.Random) -> str:
    return give_picture(stage, content, rng, "x.svg", "blind-watchmaker")


def give_picture(stage: Stage, content: bytes, rng: random.Random, name: str, recipe: str) -> str:
    """A picture that may carry a genome: drawn again, looked up, and started from."""
    path = stage.folder / name
    path.write_bytes(content)
    picks = stage.folder / "first.picks"
    options = "--size", 16, "--batch", 4, "--picks", picks
    return first(
        lambda: stage.command("render", path, "--size", 32, "-o", stage.out),
        lambda: stage.command("lineage", path),
        lambda: stage.command("run", recipe, "--from", path, "--name", "from", *options) if rng.random() < 0.2 else "",
    )


def give_dataset(stage: Stage, content: bytes, rng: random.Random, name: str = "") -> str:
    """An image file in a folder of good ones."""
    folder = stage.folder / "images"
    folder.mkdir(exist_ok=True)
    for number in range(2):
        (folder / f"good-{number}.png").write_bytes((stage.folder / "program.png").read_bytes())
    ending = rng.choice((".png", ".jpg", ".gif", ".webp", ".bmp", ".tif", ".ppm"))
    path = folder / (name or f"x{ending}")
    path.write_bytes(content)
    try:
        return load(name=str(folder), size=16, channels=rng.choice((1, 3)))
    finally:
        path.unlink()


def give_zip(stage: Stage, content: bytes, rng: random.Random) -> str:
    path = stage.folder / "x.zip"
    path.write_bytes(content)
    return load(name=str(path), size=16, split=rng.choice(("train", "test", "all")))


def give_arrays(stage: Stage, content: bytes, rng: random.Random) -> str:
    path = stage.folder / "x.npz"
    path.write_bytes(content)
    return load(name=str(path), size=16, channels=rng.choice((1, 3)))


def give_idx(stage: Stage, content: bytes, rng: random.Random) -> str:
    folder = stage.folder / "idx"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    _, labels = idx_files()
    packed = rng.random() < 0.5
    (folder / "train-labels-idx1-ubyte").write_bytes(labels if rng.random() < 0.7 else content)
    name = "train-images-idx3-ubyte" + (".gz" if packed else "")
    (folder / name).write_bytes(gzip.compress(content) if packed and rng.random() < 0.7 else content)
    return load(name="mnist", dir=str(folder), size=16)


def load(**options: Any) -> str:
    """Read a dataset; what is wrong with the answer, or nothing."""
    from coevo.data.datasets import DataOptions, load_dataset
    from coevo.data.loaders import loaders
    from coevo.errors import CoevoError

    with suppress(CoevoError):
        load_dataset(DataOptions(**options), loaders())
    return ""


def give_xml(stage: Stage, content: bytes, rng: random.Random) -> str:
    path = stage.folder / "genome.zip"
    path.write_bytes(content)
    return stage.command("import", "picbreeder", path, "--size", 32, "-o", stage.out)


def give_toml(stage: Stage, content: bytes, rng: random.Random) -> str:
    """A file for --config, and the config of a run."""
    from coevo.errors import CoevoError
    from coevo.plugin.registry import registry
    from coevo.runs.config import read_toml, resolve

    path = stage.folder / "x.toml"
    path.write_bytes(content)
    with suppress(CoevoError):
        resolve(read_toml(path), registry())
    with stage.replaced("trained/config.toml", content):
        return first(
            lambda: stage.command("runs"),
            lambda: stage.command("sample", "trained", "-n", 1, "-o", stage.out),
        )


def give_checkpoint(part: str) -> Callable[[Stage, bytes, random.Random], str]:
    """The newest checkpoint of a run; half of the time an enemy has signed it again."""

    def give(stage: Stage, content: bytes, rng: random.Random) -> str:
        run = rng.choice(("trained", "evolved"))
        folder = stage.runs / run / "checkpoints"
        with stage.replaced(f"{run}/checkpoints/00000002.{part}", content):
            if rng.random() < 0.5:
                sign(folder / "00000002.json")
            return first(
                lambda: stage.command("sample", run, "-n", 1, "-o", stage.out),
                lambda: stage.command("resume", run, "--rounds", 3) if rng.random() < 0.3 else "",
                lambda: stage.command("runs"),
            )

    return give


def sign(path: Path) -> None:
    """Make the checksums of a checkpoint right again."""
    import hashlib

    with suppress(ValueError, TypeError, KeyError, RecursionError):
        body = json.loads(path.read_bytes())["body"]
        body["tensors"] = hashlib.sha256(path.with_suffix(".safetensors").read_bytes()).hexdigest()
        text = json.dumps(body, separators=(",", ":"))
        path.write_text(json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "body": body}))


def give_database(stage: Stage, content: bytes, rng: random.Random) -> str:
    run = rng.choice(("bred", "programs"))
    picks = stage.folder / "more.picks"
    picks.write_text("2\nu\n1\nq\n")
    with stage.replaced(f"{run}/session.db", content):
        return first(
            lambda: stage.command("lineage", run, "-o", stage.out),
            lambda: stage.command("lineage", run, "5"),
            lambda: stage.command("export", run, "5", "--size", 32, "-o", stage.out),
            lambda: stage.command("export", run, "-o", stage.folder / "out.picks"),
            lambda: stage.command("sample", run, "-n", 1, "-o", stage.out),
            lambda: stage.command("resume", run, "--picks", picks) if rng.random() < 0.5 else "",
        )


def give_log(stage: Stage, content: bytes, rng: random.Random) -> str:
    file = rng.choice(("metrics.jsonl", "timing.jsonl", "accepted.jsonl"))
    with stage.replaced(f"evolved/{file}", content):
        return first(
            lambda: stage.command("show", "evolved"),
            lambda: stage.command("runs"),
            lambda: stage.command("accepted", "evolved", "-o", stage.out),
            lambda: stage.command("compare", "evolved", "trained", "-o", stage.out) if rng.random() < 0.1 else "",
            lambda: stage.command("resume", "evolved", "--rounds", 3) if rng.random() < 0.3 else "",
        )


def give_picks(stage: Stage, content: bytes, rng: random.Random) -> str:
    path = stage.folder / "x.picks"
    path.write_bytes(content)
    small = "--size", 16, "--batch", 6, "--name", "picked"
    try:
        return stage.command("run", rng.choice(("blind-watchmaker", "sims")), *small, "--picks", path)
    finally:
        shutil.rmtree(stage.runs / "picked", ignore_errors=True)


def give_ancestor(part: str) -> Callable[[Stage, bytes, random.Random], str]:
    """A critic of the past that a run meets again."""

    def give(stage: Stage, content: bytes, rng: random.Random) -> str:
        with stage.replaced(f"trained/ancestral_opponents/00000001.{part}", content):
            return stage.command("resume", "trained", "--rounds", 3)

    return give


def first(*tries: Callable[[], str]) -> str:
    """The first problem of some tries."""
    return next(filter(None, (attempt() for attempt in tries)), "")


# whole inputs


def pngs(stage: Stage) -> list[bytes]:
    carriers = [(stage.folder / name).read_bytes() for name in ("biomorph.png", "program.png")]
    return carriers * 3 + [picture("PNG", mode) for mode in ("L", "RGBA", "P", "1", "I;16")]


def svgs(stage: Stage) -> list[bytes]:
    return [(stage.folder / "biomorph.svg").read_bytes()]


def pictures(stage: Stage) -> list[bytes]:
    kinds = ("JPEG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "PNG")
    return [picture(kind, "RGB" if kind != "GIF" else "P") for kind in kinds]


def picture(kind: str, mode: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    gradient = Image.linear_gradient("L").resize((24, 20))
    (gradient.convert("I;16") if mode == "I;16" else gradient.convert(mode)).save(buffer, kind)
    return buffer.getvalue()


def zips(stage: Stage) -> list[bytes]:
    kinds = []
    for names in (("a/1.png", "a/2.jpg", "b/3.png"), ("train/a/1.png", "train/2.png", "test/3.png", "test/a/4.png")):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(zipfile.ZipInfo(name), picture("JPEG" if name.endswith("jpg") else "PNG", "RGB"))
        kinds.append(buffer.getvalue())
    return kinds


def array_files(stage: Stage) -> list[bytes]:
    import numpy as np

    images, kinds = np.arange(6 * 64, dtype=np.uint8).reshape(6, 8, 8), []
    named: dict[str, Any] = {"images": images / 255, "labels": list("aabbcc")}
    numbered: dict[str, Any] = {"images": images[..., None], "labels": range(6)}
    for arrays in (named, numbered):
        for save in (np.savez, np.savez_compressed):
            buffer = io.BytesIO()
            save(buffer, **arrays)
            kinds.append(buffer.getvalue())
    return kinds


def idx_files() -> tuple[bytes, bytes]:
    images = struct.pack(">BBBBIII", 0, 0, 8, 3, 6, 8, 8) + bytes(range(64)) * 6
    labels = struct.pack(">BBBBI", 0, 0, 8, 1, 6) + bytes(range(6))
    return images, labels


def genomes(stage: Stage) -> list[bytes]:
    node = '<node label="{0}" type="{1}"><marking branch="0" id="{2}"/><activation>{3}(x)</activation></node>'
    inputs = [
        ("x", "in", 1, "identity"),
        ("y", "in", 2, "identity"),
        ("d", "in", 3, "identity"),
        ("bias", "in", 4, "identity"),
    ]
    outputs = [("ink", "out", 5, "sin"), ("", "hidden", 6, "gaussian")]
    link = (
        '<link><marking branch="0" id="{0}"/><source branch="0" id="{1}"/><target branch="0" id="{2}"/>'
        "<weight>{3}</weight></link>"
    )
    links = [(10, 1, 6, 1.5), (11, 2, 6, -0.5), (12, 6, 5, 2.0), (13, 4, 5, 0.25), (14, 5, 6, 0.1)]
    text = (
        '<data><genome><identifier branch="1" id="2"/><parents><identifier branch="0" id="1"/></parents><nodes>'
        + "".join(node.format(*about) for about in inputs + outputs)
        + "</nodes><links>"
        + "".join(link.format(*about) for about in links)
        + "</links></genome></data>"
    ).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("genome.xml"), text)
    return [text, text, text, buffer.getvalue()]


def of_run(*files: str) -> Callable[[Stage], list[bytes]]:
    return lambda stage: [(stage.runs / file).read_bytes() for file in files]


KINDS = {
    "png": Kind(pngs, mutations.PNG, give_png),
    "svg": Kind(svgs, mutations.XML, give_svg),
    "picture": Kind(pictures, mutations.ANY, give_dataset),
    "zip": Kind(zips, mutations.ZIP, give_zip),
    "npz": Kind(array_files, mutations.NPZ, give_arrays),
    "idx": Kind(lambda stage: [*idx_files()], mutations.ANY, give_idx),
    "xml": Kind(genomes, mutations.XML, give_xml),
    "toml": Kind(of_run("trained/config.toml", "evolved/config.toml"), mutations.TEXT, give_toml),
    "json": Kind(
        of_run("trained/checkpoints/00000002.json", "evolved/checkpoints/00000002.json"),
        (*mutations.ANY, *[mutations.json_values] * 6), give_checkpoint("json"),
    ),
    "safetensors": Kind(
        of_run("trained/checkpoints/00000002.safetensors"), mutations.ANY, give_checkpoint("safetensors")
    ),
    "sqlite": Kind(of_run("bred/session.db", "programs/session.db"), mutations.SQL, give_database),
    "log": Kind(
        of_run("evolved/metrics.jsonl", "evolved/timing.jsonl", "evolved/accepted.jsonl"), mutations.TEXT, give_log
    ),
    "picks": Kind(lambda stage: [PICKS.encode()], mutations.TEXT, give_picks),
    "ancestor": Kind(
        of_run("trained/ancestral_opponents/00000001.safetensors"), mutations.ANY, give_ancestor("safetensors")
    ),
    "ancestor-json": Kind(
        of_run("trained/ancestral_opponents/00000001.json"),
        (*mutations.ANY, *[mutations.json_values] * 6), give_ancestor("json"),
    ),
}  # fmt: skip
SHARES = {"png": 3, "picture": 3, "zip": 2, "xml": 3, "sqlite": 2, "json": 2}
"""How many more inputs a kind has than others."""


# giving them, each with its limits


class TooLong(BaseException):
    """An input took too long; no handler of errors should take it for an error."""


@contextmanager
def limited() -> Iterator[None]:
    """Ten seconds, and a gigabyte beyond what the process has."""

    def late(*_: object) -> None:
        raise TooLong

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    old = signal.signal(signal.SIGALRM, late)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, hard))
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, old)


def give(stage: Stage, name: str, content: bytes, rng: random.Random) -> str:
    """Give an input to what reads it; what is wrong with the answer, or nothing."""
    try:
        with limited():
            return KINDS[name].give(stage, content, rng)
    except TooLong:
        return f"timeout: more than {SECONDS} s"
    except MemoryError:
        return f"memory: more than {BYTES >> 20} MB"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:200]} ({Path(where.filename).name}:{where.lineno})"


def mutated(stage: Stage, name: str, number: int, seed: int) -> tuple[str, bytes, random.Random]:
    """The input of a number: the mutation's name, the content, and a generator for how it is given."""
    rng = random.Random(f"{seed} {name} {number}")
    kind = KINDS[name]
    content, mutation = rng.choice(kind.originals(stage)), rng.choice(kind.mutations)
    return mutation.__name__, mutation(rng, content), rng


def examine(source: Path, folder: Path, name: str, numbers: Sequence[int], seed: int, report: Connection) -> None:
    """Give inputs in a process of its own; every finding goes to the report, and before each its number."""
    with report, open(os.devnull, "w") as null:  # noqa: PTH123
        os.dup2(null.fileno(), 2)
        stage = Stage(source).copy(folder)
        for number in numbers:
            report.send(number)
            mutation, content, rng = mutated(stage, name, number, seed)
            if problem := give(stage, name, content, rng):
                report.send(Finding(name, number, mutation, problem, content))
        shutil.rmtree(folder, ignore_errors=True)


def examined(source: Path, name: str, count: int, seed: int, folder: Path) -> Iterator[Finding]:
    """Findings of some inputs, given in another process, which is followed by another if it dies or hangs."""
    numbers = list(range(count))
    context = get_context("forkserver")
    context.set_forkserver_preload(["coevo.runs.run", "coevo.cli.playing", "faults.inputs", "tests.faults.inputs"])
    attempt = 0
    while numbers:
        attempt += 1
        here, there = context.Pipe(duplex=False)
        about = source, folder / f"{name}-{attempt}", name, tuple(numbers), seed, there
        process = context.Process(target=examine, args=about)
        process.start()
        there.close()
        problem = ""
        with here:
            try:
                while numbers:
                    if not here.poll(SECONDS * 6):
                        problem = f"timeout: more than {SECONDS * 6} s, past every signal"
                        break
                    said = here.recv()
                    if isinstance(said, Finding):
                        yield said
                    else:
                        numbers = numbers[numbers.index(said) :]
            except EOFError:
                process.join()
                problem = f"died with exit code {process.exitcode}" if process.exitcode else ""
                numbers = numbers if problem else []
        if problem:
            process.kill()
            mutation, content, _ = mutated(Stage(source), name, numbers[0], seed)
            yield Finding(name, numbers.pop(0), mutation, problem, content)
        process.join()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.inputs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs over all kinds (10000)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="one kind of input; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes beside each other (2)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (0)")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs of the findings")
    given = parser.parse_args()
    names = given.kind or list(KINDS)
    total = sum(SHARES.get(name, 1) for name in names)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = 0
    with tempfile.TemporaryDirectory(prefix="coevo-faults-") as folder:
        from concurrent.futures import ThreadPoolExecutor

        stage = Stage(Path(folder) / "stage")
        stage.folder.mkdir()
        stage.prepare()

        def one(name: str) -> tuple[str, int, float, list[Finding]]:
            count, begun = -(-given.count * SHARES.get(name, 1) // total), time.perf_counter()
            return name, count, begun, list(examined(stage.folder, name, count, given.seed, Path(folder)))

        print(f"{'input':<16}{'given':>8}{'findings':>10}{'seconds':>9}")
        with ThreadPoolExecutor(given.jobs) as pool:
            for name, count, begun, findings in pool.map(one, names):
                print(f"{name:<16}{count:>8}{len(findings):>10}{time.perf_counter() - begun:>9.0f}", flush=True)
                found += len(findings)
                for finding in findings:
                    print(f"    {name} {finding.number} {finding.mutation}: {finding.problem}", flush=True)
                    if given.keep:
                        given.keep.mkdir(parents=True, exist_ok=True)
                        (given.keep / f"{name}-{finding.number}").write_bytes(finding.content)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
