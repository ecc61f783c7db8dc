"""What the tests share: the command line in-process, a quick run, and where larger data may be."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run beside each other, and their networks are small

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from coevo.cli import main
from coevo.evaluation import classifier

SMALL = (
    "--size",
    "16",
    "--batch",
    "8",
    "-o",
    "artist.width=4",
    "-o",
    "critic.width=4",
    "-o",
    "artist.latent=8",
)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Evaluators are trained once for all tests, a quarter as long; the user's own are left alone."""
    os.environ["COEVO_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    classifier.LEAST_STEPS = 100


@dataclass
class Answer:
    code: int
    out: str
    err: str


@dataclass
class CommandLine:
    """`coevo(...)` as a user types it, with its own runs folder."""

    runs: Path

    def __call__(self, *words: object) -> Answer:
        result = CliRunner().invoke(main, [str(word) for word in words], env={"COEVO_RUNS": str(self.runs)})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def play(self, name: str, *words: object) -> Path:
        """A small quick run of dcgan × dcnn; its folder."""
        answer = self("run", "dcgan", "--name", name, *SMALL, *words)
        assert answer.code == 0, answer.err
        return self.runs / name

    def refuses(self, *words: object) -> str:
        """What a command says that is refused: exit code 2, one line or more on stderr, no traceback."""
        answer = self(*words)
        assert answer.code == 2, (answer.code, answer.out, answer.err)
        assert answer.err.strip() and "Traceback" not in answer.err
        return answer.err


@pytest.fixture(autouse=True)
def written_plugins_are_forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test may write a plugin of a name that another test's plugin had."""
    yield
    base = str(tmp_path_factory.getbasetemp())
    for name in [name for name in sys.modules if name.startswith("coevo_")]:
        if str(sys.modules[name].__file__).startswith(base):
            del sys.modules[name]


@pytest.fixture
def coevo_command(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "runs")


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line whose runs folder has a run named `small`, for tests that only read it."""
    command = CommandLine(tmp_path_factory.mktemp("played") / "runs")
    command.play("small", "--rounds", 12, "-o", "run.log_every=4")
    return command


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of larger real datasets; tests that need it are skipped where it is missing."""
    folder = Path(os.environ.get("COEVO_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the larger datasets are not at {folder}; set COEVO_DATA")
    return folder
