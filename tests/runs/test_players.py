"""Players of one's own without a package: named by file or module, or handed over from Python; and found again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from conftest import CommandLine

import coevo
from coevo import ConfigError
from coevo.errors import DamageWarning, StoreError
from coevo.plugin import trust
from coevo.plugin.registry import registry
from coevo.runs.opening import read_config
from coevo.storage.run_folder import RunFolder

SIREN = dedent('''
    """Waves."""

    import torch
    import coevo

    class Siren(coevo.Artist):
        """A picture of one shade, which learns by the critic's gradient."""

        name = "siren"

        class Options(coevo.Options):
            shade: float = 0.0
            """The shade that it begins with."""

        def spec(self):
            return coevo.ArtistSpec(gradients=True)

        def build(self):
            self.layer = torch.nn.Linear(1, 1)
            torch.nn.init.constant_(self.layer.bias, self.options.shade)
            self.optimiser = torch.optim.SGD(self.layer.parameters(), 0.1)

        def make(self, n, reals):
            return coevo.Works(self.shades(self.studio.noise(n, 1)))

        def learn(self, works, rewards):
            self.optimiser.zero_grad()
            (-rewards.mean()).backward()
            self.optimiser.step()
            return {}

        @torch.no_grad()
        def exhibit(self, n, seed, labels=None):
            return coevo.Works(self.shades(torch.randn(n, 1, generator=torch.Generator().manual_seed(seed))))

        def shades(self, noise):
            return torch.tanh(self.layer(noise))[:, :, None, None].expand(-1, *self.studio.image)
''')
SMALL = ("--critic", "dcnn", "-o", "critic.width=4", "--size", 16, "--batch", 8, "--rounds", 2)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the user's, in the folder where he works; nobody named it yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trust, "_now", set())
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "siren.py"
    path.write_text(SIREN)
    return path


@pytest.fixture
def run(file: Path, coevo_command: CommandLine) -> CommandLine:
    """A command line with a run of that file's artist."""
    answer = coevo_command("run", "--artist", "./siren.py:Siren", *SMALL, "-o", "artist.shade=0.5", "--name", "it")
    assert answer.code == 0, answer.err
    return coevo_command


@pytest.mark.slow
def test_a_class_of_a_file_is_checked(coevo_command: CommandLine, file: Path) -> None:
    assert "conforms" in coevo_command("check", "siren.py:Siren").out


@pytest.mark.slow
def test_the_file_of_the_tutorial_is_short_conforms_and_plays(coevo_command: CommandLine, file: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "siren.py"
    assert len(page.read_text().splitlines()) <= 40
    answer = coevo_command("check", f"{page}:Siren")
    assert answer.code == 0, answer.out
    assert coevo_command("run", "--artist", f"{page}:Siren", *SMALL, "--name", "waves").code == 0
    assert coevo_command("show", "waves", "--plain").code == 0
    assert coevo_command("sample", "waves", "-n", 64, "-o", file.parent / "sheet.png").code == 0


def test_a_class_of_a_file_is_described_and_played(run: CommandLine, tmp_path: Path) -> None:
    assert "artist.shade" in run("info", "artist", "./siren.py:Siren").out
    config = read_config(RunFolder.open("it", run.runs))
    assert config.artist.shade == 0.5 and config.made_with["artist"].file == str(tmp_path / "siren.py")


def test_its_run_goes_on_in_another_process_from_another_folder(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    words = ["resume", "it", "--rounds", "4", "--runs-dir", str(run.runs)]
    done = subprocess.run(
        [sys.executable, "-m", "coevo", *words], cwd=tmp_path / "elsewhere", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert run("sample", "it", "-n", 4, "-o", tmp_path / "x.png").code == 0
    assert not list(tmp_path.glob("__pycache__"))


def test_it_goes_on_to_the_bit(run: CommandLine) -> None:
    assert run("resume", "it", "--rounds", 6).code == 0
    whole = run("run", "--artist", "siren.py:Siren", *SMALL[:-1], 6, "-o", "artist.shade=0.5", "--name", "whole")
    assert whole.code == 0
    rows = [(run.runs / name / "metrics.jsonl").read_text() for name in ("it", "whole")]
    states = [RunFolder.open(name, run.runs).load()[0].state["artist"]["layer"]["bias"] for name in ("it", "whole")]
    assert states[0].equal(states[1]) and rows[0] == rows[1]


def test_a_file_that_has_changed_is_told_and_played_only_if_the_user_says_so(
    run: CommandLine, file: Path, tmp_path: Path
) -> None:
    file.write_text(SIREN.replace("0.1)", "0.2)"))
    looked = run("sample", "it", "-n", 4, "-o", tmp_path / "x.png")
    assert looked.code == 0 and f"{file} has changed since" in looked.err
    said = run.refuses("resume", "it", "--rounds", 4)
    assert f"go on with the class as it is: coevo resume it --artist {file}:Siren" in said
    assert run("resume", "it", "--rounds", 4, "--artist", "siren.py:Siren").code == 0
    assert run("resume", "it", "--rounds", 6).code == 0  # that was kept


def test_a_file_that_was_moved_is_said_where_it_is(run: CommandLine, file: Path, tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    file.rename(tmp_path / "art" / "waves.py")
    said = run.refuses("resume", "it", "--rounds", 4)
    assert "that file is gone; say where it is now: coevo resume it --artist FILE.py:Siren" in said
    assert run("resume", "it", "--rounds", 4, "--artist", "art/waves.py:Siren").code == 0
    assert run("resume", "it", "--rounds", 6).code == 0


def test_code_that_the_user_did_not_name_is_not_run(run: CommandLine, file: Path, tmp_path: Path) -> None:
    """A run's folder from a stranger names a file of his own."""
    evil = tmp_path / "evil.py"
    evil.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'done')!r}).touch()\n{SIREN}")
    shutil.copytree(run.runs / "it", run.runs / "his")
    config = run.runs / "his" / "config.toml"
    config.write_text(config.read_text().partition("\n")[2].replace(str(file), str(evil)))
    for words in (("resume", "his"), ("sample", "his", "-o", "x.png"), ("evaluate", "his")):
        assert "you did not name yourself on this machine, so its code is not run" in run.refuses(*words)
    assert run("runs").code == run("show", "his", "--plain").code == 0
    assert not (tmp_path / "done").exists()
    assert run("resume", "his", "--rounds", 4, "--artist", "evil.py:Siren").code == 0
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("name", ["./siren.py:Siren", "siren:Siren", "os:getcwd"])
def test_a_file_of_options_cannot_name_code(coevo_command: CommandLine, file: Path, tmp_path: Path, name: str) -> None:
    options = tmp_path / "stranger.toml"
    options.write_text(f'artist.name = "{name}"\ncritic.name = "dcnn"\ncritic.width = 4\n')
    said = coevo_command.refuses("run", "--config", options)
    assert f"plays the artist {name}, and code that is not installed runs only if you name it yourself" in said


def test_a_config_of_a_run_is_played_anew_if_the_user_names_its_class(run: CommandLine) -> None:
    config = run.runs / "it" / "config.toml"
    assert "code that is not installed runs only if you name it" in run.refuses("run", "--config", config)
    answer = run("run", "--config", config, "--artist", "siren.py:Siren", "--name", "again")
    assert answer.code == 0 and read_config(RunFolder.open("again", run.runs)).artist.shade == 0.5


def test_a_record_cannot_name_another_module_beside_a_file_that_is_known(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'done')!r}).touch()\n{SIREN}")
    config = run.runs / "it" / "config.toml"
    config.write_text(config.read_text().partition("\n")[2].replace("[made.artist]", '[made.artist]\nmodule = "evil"'))
    assert "is not the file of a module evil" in run.refuses("resume", "it", "--rounds", 4)
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("import torch", "import torhc"), "No module named 'torhc' (siren.py, line 4)"),
        (("import torch", "import torch\n1 / 0"), "ZeroDivisionError: division by zero (siren.py, line 5)"),
        (("import torch", "raise SystemExit(0)"), "it called sys.exit(0) (siren.py, line 4)"),
        (("class Siren", "class Sirens"), "no class named 'Siren'; did you mean 'Sirens' in"),
        (('name = "siren"', "pass"), "should have a name without slashes and colons, such as name = 'siren'"),
        (("class Options(coevo.Options)", "class Options"), "should have Options that are a subclass of coevo.Options"),
        (("(coevo.Artist)", ""), "should be a subclass of coevo.Artist, but it is Siren"),
        (("class Siren", "coevo.run('dcgan')\nclass Siren"), "starts a run while it is imported"),
    ],
    ids=["import", "crash", "exit", "name of the class", "no name", "options", "no artist", "plays"],
)
def test_a_class_that_cannot_be_had_is_refused_in_a_sentence(
    coevo_command: CommandLine, file: Path, change: tuple[str, str], said: str
) -> None:
    file.write_text(SIREN.replace(*change))
    assert said in coevo_command.refuses("run", "--artist", "./siren.py:Siren", *SMALL)
    assert not coevo_command.runs.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("./sirens.py:Siren", "Cannot read /"),
        ("./siren.py:Sir en", "should end with the name of a class, such as ./siren.py:Siren"),
        ("no_such_module:Siren", "No module named 'no_such_module'"),
        ("os:getcwd", "should be a subclass of coevo.Artist, but it is a builtin_function_or_method"),
        ("gan:siren", "no artist named 'gan:siren'"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(coevo_command: CommandLine, file: Path, name: str, said: str) -> None:
    assert said in coevo_command.refuses("run", "--artist", name, *SMALL)


def test_an_option_without_a_default_is_asked_for(coevo_command: CommandLine, file: Path) -> None:
    file.write_text(SIREN.replace("shade: float = 0.0", "shade: float\n        size: int = 1"))
    said = "artist.shade has no default; give it by -o artist.shade=VALUE."
    assert said in coevo_command.refuses("run", "--artist", "./siren.py:Siren", *SMALL)
    assert said in coevo_command.refuses("check", "./siren.py:Siren", "-o", "artist.size=2")


def test_a_class_of_a_package_is_named_by_its_module(
    coevo_command: CommandLine, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "painters").mkdir()
    (tmp_path / "painters" / "__init__.py").write_text("")
    (tmp_path / "painters" / "tools.py").write_text("SHADE = 0.5")
    (tmp_path / "painters" / "siren.py").write_text(
        SIREN.replace("import torch", "import torch\nfrom .tools import SHADE")
    )
    answer = coevo_command("run", "--artist", "painters.siren:Siren", *SMALL, "--name", "it")
    assert answer.code == 0, answer.err
    words = [sys.executable, "-m", "coevo", "resume", "it", "--rounds", "4", "--runs-dir", str(coevo_command.runs)]
    done = subprocess.run(words, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# from Python


def play(artist: Any, name: str | None = None, **options: Any) -> coevo.runs.run.Run:
    options = {"data": {"size": 16}, "critic": {"width": 4}, **options}
    return coevo.run(artist=artist, critic="dcnn", name=name, rounds=2, batch=8, options=options)


@pytest.fixture
def siren(file: Path) -> Any:
    """The class, as a notebook's cell defines it."""
    cell: dict[str, object] = {"__name__": "__main__"}
    exec(SIREN, cell)
    return cell["Siren"]


def test_a_class_is_played_and_opened_in_its_own_session(siren: Any) -> None:
    assert play(siren, name="it").artist.name == "siren"
    assert len(coevo.load("it").artist.exhibit(4, seed=1)) == 4
    assert coevo.resume("it", rounds=4).round == 4


def test_in_another_session_it_is_given_again(siren: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    play(siren, name="it")
    monkeypatch.setattr(registry(), "_own", {})
    with pytest.raises(StoreError, match=r"open it from there, as in coevo\.resume\('it', artist=Siren\)"):
        coevo.load("it")
    assert coevo.load("it", artist=siren).round == 2
    assert coevo.resume("it", artist=siren, rounds=4).round == 4


def test_a_class_of_a_notebook_that_has_changed_is_said(siren: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(("it", "later")):  # the cell was run again between the two
        monkeypatch.setattr("coevo.plugin.own.inspect.getsource", lambda player, number=number: f"class {number}")
        play(siren, name=name)
    said = r"Class Siren has changed since run 'it' was made with it.*as it is: coevo\.resume\('it', artist=Siren\)"
    with pytest.raises(StoreError, match=said):
        coevo.resume("it", rounds=4)
    assert coevo.resume("it", rounds=4, artist=siren).round == 4


def test_a_text_names_a_class_as_the_command_line_does(file: Path) -> None:
    assert play("./siren.py:Siren").artist.name == "siren"


def test_a_class_of_a_plugin_is_played_by_its_name(file: Path) -> None:
    from coevo_gan.dcgan import DCGAN

    run = play(DCGAN)
    assert run.config.sources["artist"].plugin == "gan" and run.config.tree()["artist"]["name"] == "dcgan"


def test_a_run_goes_on_with_its_player_by_the_name_of_an_offer_and_with_no_other(file: Path) -> None:
    play("dcgan", "it")
    assert coevo.resume("it", rounds=3, artist="dcgan").round == coevo.load("it", artist="gan:dcgan").round == 3
    with pytest.raises(StoreError, match=r"plays the artist 'dcgan' and no other.*coevo run --artist mlp --from it"):
        coevo.resume("it", rounds=4, artist="mlp")
    with pytest.raises(ConfigError, match="There is no artist named 'dcgna'; did you mean 'dcgan'"):
        coevo.load("it", artist="dcgna")


def test_an_instance_gives_its_options_and_one_with_a_state_is_refused(siren: Any) -> None:
    assert play(siren(siren.Options(shade=0.3), coevo.Studio())).config.artist.shade == 0.3
    built = siren(siren.Options(), coevo.Studio((1, 16, 16)))
    built.build()
    with pytest.raises(ConfigError, match=r"has a state already \(layer, optimiser\).*give the class, artist=Siren"):
        play(built)
    with pytest.raises(ConfigError, match=r"should be a subclass of coevo\.Critic"):
        coevo.run(artist="dcgan", critic=siren, runs_dir="runs", rounds=1)


def test_a_run_starts_from_one_of_an_older_class_with_its_options(run: CommandLine, file: Path) -> None:
    file.write_text(SIREN.replace("0.1)", "0.2)"))
    answer = run("run", "--artist", "siren.py:Siren", *SMALL, "--from", "it", "--name", "next")
    assert answer.code == 0, answer.err
    assert read_config(RunFolder.open("next", run.runs)).artist.shade == 0.5


def test_a_script_that_defines_and_plays_a_class_resumes(file: Path, coevo_command: CommandLine) -> None:
    more = "\nif __name__ == '__main__':\n    coevo.run(artist=Siren, critic='dcnn', name='it', "
    options = "{'data': {'size': 16}, 'critic': {'width': 4}}"
    file.write_text(SIREN + more + f"rounds=2, batch=8, runs_dir={str(coevo_command.runs)!r}, options={options})\n")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = coevo_command("resume", "it", "--rounds", 4)
    assert answer.code == 0, answer.err


def test_looking_warns_of_a_change(run: CommandLine, file: Path) -> None:
    file.write_text(SIREN + "\n# changed\n")
    with pytest.warns(DamageWarning, match="has changed since"):
        coevo.runs.opening.load_artist(RunFolder.open("it", run.runs))
