"""A new plugin passes formatter, linter, types and tests when it is made; and is installed, played and removed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine
from hypothesis import given
from hypothesis import strategies as st

from coevo.errors import ConfigError, StoreError
from coevo.plugin.registry import registry
from coevo.tools.new_plugin import LONGEST, PARTS, check_name, contents_of, make_plugin

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KINDS = list(PARTS)


def run(*words: object, cwd: Path, path: str = "", **variables: str) -> str:
    """What a command prints, which has to succeed."""
    paths = [path, str(ROOT), str(ROOT / "plugins")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=environment | variables, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def make(folder: Path, *kinds: Any, evolving: bool = False) -> Path:
    make_plugin(folder, kinds, registry(), evolving=evolving, year=2026)
    return folder


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugin that offers one thing of every kind."""
    return make(tmp_path_factory.mktemp("made") / "blue-sky", *KINDS)


@pytest.fixture(scope="module")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugin with an artist that evolves."""
    return make(tmp_path_factory.mktemp("made") / "coevo-herd", evolving=True)


# what is made


def test_an_artist_is_made_unless_something_else_is_named(tmp_path: Path) -> None:
    made = make(tmp_path / "lagoon")
    package = made / "coevo_lagoon"
    assert sorted(path.name for path in package.iterdir()) == ["__init__.py", "artist.py", "py.typed"]
    project = tomllib.loads((made / "pyproject.toml").read_text())
    assert project["project"]["name"] == "coevo-lagoon"
    assert project["project"]["entry-points"]["coevo"] == {"lagoon": "coevo_lagoon"}
    assert "class LagoonArtist(coevo.Artist)" in (package / "artist.py").read_text()
    assert {path.name for path in made.iterdir()} >= {"README.md", "LICENSE", ".gitignore", ".github", "tests"}


def test_the_test_of_a_player_is_three_lines(everything: Path) -> None:
    lines = (everything / "tests" / "test_artist.py").read_text().splitlines()
    assert [line for line in lines[1:] if line] == [
        "from coevo.testing import conformance",
        "from coevo_blue_sky.artist import BlueSkyArtist",
        "test_artist = conformance(BlueSkyArtist)",
    ]


def test_a_prefix_is_not_said_twice(herd: Path) -> None:
    assert (herd / "coevo_herd" / "artist.py").exists()
    assert "ProgramPopulation" in (herd / "coevo_herd" / "artist.py").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_alone_has_its_file_and_its_test(kind: Any) -> None:
    contents = contents_of("a", [kind], False, 2026)
    files = {path for path in contents if path.startswith("coevo_a/")} - {"coevo_a/__init__.py", "coevo_a/py.typed"}
    assert len(files) == 1 and f"tests/test_{kind}.py" in contents
    assert f"coevo_{kind}s" in contents["coevo_a/__init__.py"]
    assert "$" not in "".join(contents.values()).replace("\n$ ", "").replace("${{ matrix", "")


def test_a_recipe_plays_what_the_plugin_brings() -> None:
    alone = tomllib.loads(contents_of("a", ["recipe"], False, 2026)["coevo_a/recipes/a.toml"])
    assert (alone["artist"]["name"], alone["critic"]["name"], alone["data"]["name"]) == ("dcgan", "dcnn", "digits")
    whole = tomllib.loads(contents_of("a", KINDS, False, 2026)["coevo_a/recipes/a.toml"])
    assert (whole["artist"]["name"], whole["critic"]["name"], whole["data"]["name"]) == ("a", "a", "a")


# what is refused


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "lagoon").mkdir()
    with pytest.raises(ConfigError, match="lagoon exists already; choose another name"):
        make(tmp_path / "lagoon")
    assert list(tmp_path.iterdir()) == [tmp_path / "lagoon"] and not list((tmp_path / "lagoon").iterdir())


@pytest.mark.parametrize("name", ["Lagoon", "sun rise", "3d", "sun_rise", "-sun", "sun-", "über", "", "x" * 25])
def test_a_name_that_no_package_can_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a plugin's name: it should be lower-case letters and digits"):
        check_name(name)


@given(st.text(max_size=30))
def test_a_name_is_refused_or_good_for_a_package_and_a_class(name: str) -> None:
    try:
        check_name(name)
    except ConfigError:
        return
    contents = contents_of(name, ["artist"], False, 2026)
    package = f"coevo_{name.replace('-', '_')}"
    assert package.isidentifier() and package.isascii() and f"{package}/artist.py" in contents


def test_a_name_that_is_given_away_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Plugin 'gan' offers an artist named 'dcgan' already"):
        make(tmp_path / "dcgan")
    with pytest.raises(ConfigError, match="A package coevo_gan is installed already"):
        make(tmp_path / "gan")


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="the disk is full"):
        make(tmp_path / "lagoon")
    assert not list(tmp_path.iterdir())


def test_a_folder_above_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no folder"):
        make(tmp_path / "no" / "such" / "lagoon")


def test_the_command_says_what_comes_next(coevo_command: CommandLine, tmp_path: Path) -> None:
    answer = coevo_command("new-plugin", tmp_path / "lagoon", "--critic")
    assert answer.code == 0 and (tmp_path / "lagoon" / "coevo_lagoon" / "critic.py").exists()
    assert answer.out.endswith(f"Next:\n  cd {tmp_path / 'lagoon'}\n  pip install -e '.[dev]'\n  pytest\n")
    assert "exists already" in coevo_command.refuses("new-plugin", tmp_path / "lagoon")


# what is made is good


@pytest.mark.parametrize("name", ["a", "x" * LONGEST, "-".join("x" * (LONGEST // 2))])
def test_it_is_formatted_and_linted_whatever_its_name_is(name: str, tmp_path: Path) -> None:
    for folder in (make(tmp_path / name, *KINDS), make(tmp_path / f"coevo-{name}", *KINDS, evolving=True)):
        run(BIN / "ruff", "format", "--check", "--no-cache", ".", cwd=folder)
        run(BIN / "ruff", "check", "--no-cache", ".", cwd=folder)


@pytest.mark.slow
@pytest.mark.timeout(900)  # mypy reads torch, once
def test_their_types_are_strict(everything: Path, herd: Path, tmp_path: Path) -> None:
    for folder in (everything, herd):
        strict = ("--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}")
        assert "Success" in run(BIN / "mypy", *strict, cwd=folder, MYPYPATH=str(ROOT))


@pytest.mark.slow
def test_an_artist_that_evolves_passes_its_own_tests(herd: Path) -> None:
    assert " passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=herd)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_is_installed_checked_tested_played_and_removed(everything: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    offline = ["--no-index", "--no-build-isolation", "--no-deps", "--no-cache-dir"]
    run(*pip, "install", *offline, "--target", site, everything, cwd=elsewhere)

    def coevo(*words: object) -> str:
        return run(sys.executable, "-m", "coevo", *words, cwd=elsewhere, path=str(site))

    assert "blue-sky 0.1.0" in coevo("plugins")
    checked = coevo("check", "blue-sky", "--only", "name", "--only", "pictures")
    assert [line for line in checked.splitlines() if line.endswith("blue-sky")] == [
        f"{kind} blue-sky" for kind in ("artist", "critic", "game", "prior", "dataset")
    ]
    passed = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=everything, path=str(site))
    assert " passed" in passed and "failed" not in passed
    coevo("run", "blue-sky", "--rounds", 2, "--batch", 8, "--name", "short")
    coevo("sample", "short", "-n", 4, "-o", "four.png")
    assert (elsewhere / "four.png").stat().st_size
    shutil.rmtree(site)
    assert "blue-sky" not in coevo("plugins")
