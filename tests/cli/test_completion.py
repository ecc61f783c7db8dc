"""Completion in the shell: the script, and the names that it completes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from conftest import CommandLine

from coevo.cli import main
from coevo.cli.completion import Bash


def completed(*words: str) -> set[str]:
    """What the last word may become."""
    *before, last = words
    found = ShellComplete(main, {}, "coevo", "_COEVO_COMPLETE").get_completions(list(before), last)
    return {item.value for item in found}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(coevo_command: CommandLine, shell: str) -> None:
    answer = coevo_command("completion", shell)
    assert answer.code == 0 and f"_COEVO_COMPLETE={shell}_complete" in answer.out


def test_help_has_the_line_that_installs_it(coevo_command: CommandLine) -> None:
    text = coevo_command("completion", "--help").out
    assert """echo 'eval "$(coevo completion zsh)"' >> ~/.zshrc""" in text
    assert "coevo completion fish > ~/.config/fish/completions/coevo.fish" in text


def test_the_shell_is_the_users_own(coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert "fish_complete" in coevo_command("completion").out
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert "no completion for the shell 'tcsh'; name one of: bash, zsh, fish." in coevo_command.refuses("completion")


def test_commands_recipes_players_and_runs_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("reco") == {"reconstruct"}
    assert {"vae", "vae-gan", "vae-manifold"} <= completed("run", "va")
    assert completed("run", "--artist", "dcg") == {"dcgan"}
    assert completed("run", "--critic", "dcn") == {"dcnn"}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text("")
    monkeypatch.setenv("COEVO_RUNS", str(tmp_path))
    assert completed("show", "") == {"first", "second"}
    assert completed("resume", "f") == {"first"}


def test_info_completes_the_players_of_its_kind() -> None:
    assert completed("info", "critic", "dc") == {"dcnn"}
    assert completed("info", "artist", "dc") == {"dcgan"}


def test_options_of_the_players_that_are_named_are_completed() -> None:
    assert completed("run", "dcgan", "-o", "artist.lat") == {"artist.latent="}
    assert "critic.width=" in completed("run", "--artist", "vae", "--critic", "dcnn", "-o", "")
    assert completed("run", "-o", "run.see") == {"run.seed="}
    assert completed("run", "nothing", "-o", "artist.") == set()


def test_values_of_options_that_have_few_are_completed() -> None:
    assert completed("run", "dcgan", "-o", "artist.upsample=") == {
        "artist.upsample=resize",
        "artist.upsample=transpose",
    }
    assert completed("run", "-o", "run.compile=t") == {"run.compile=true"}
    assert completed("run", "-o", "run.precision=") == {f"run.precision={name}" for name in ("auto", "fp32", "bf16")}
    assert completed("run", "-o", "run.seed=") == set()


@pytest.mark.parametrize(
    ("line", "word", "answers"),
    [
        ("coevo run dcgan -o artist.laten", 4, ["plain,artist.latent="]),
        ("coevo run dcgan -o run.compile =", 5, ["plain,true", "plain,false"]),  # as bash splits it
        ("coevo run dcgan -o run.compile = tr", 6, ["plain,true"]),
        ("coevo run dcgan --track tensor", 4, ["plain,tensorboard"]),
    ],
)
def test_bash_splits_words_at_equals_signs(
    line: str, word: int, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(word))
    said = Bash(main, {}, "coevo", "_COEVO_COMPLETE").complete().splitlines()
    assert sorted(said) == sorted(answers)


@pytest.mark.slow
def test_options_that_were_asked_for_before_need_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Completion is quick from the second time on; a damaged file is made again."""
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path / "cache"))
    ask = """
import sys
from click.shell_completion import ShellComplete
from coevo.cli import main
found = ShellComplete(main, {}, "coevo", "_COEVO_COMPLETE").get_completions(["run", "dcgan", "-o"], "critic.gam")
print([item.value for item in found], "torch" in sys.modules)
"""

    def asked() -> str:
        return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()

    assert asked() == "['critic.game='] True"
    assert asked() == "['critic.game='] False"
    (tmp_path / "cache" / "options.json").write_text("[")
    assert asked() == "['critic.game='] True"
