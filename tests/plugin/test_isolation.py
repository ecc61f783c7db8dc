"""Plugins that fail, or that another version of them follows: they cost what they offer, and whoever asks is told whose
mistake it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent, indent

import pytest
from conftest import SMALL, CommandLine

import coevo
from coevo.plugin.registry import registry

Install = Callable[..., None]

SKY = dedent('''
    """An artist, a critic, a game, a dataset and more."""

    import click
    import torch
    from pydantic import Field

    import coevo
    from coevo.adversarial.games import Hinge


    class Cloud(coevo.Artist):
        """One shade, which learns by the critic's gradient."""

        name = "cloud"
        extra_state = ("steps",)

        class Options(coevo.Options):
            shade: float = Field(0.5, ge=-1, le=1)
            """The shade that it begins with."""

        def spec(self):
            return coevo.ArtistSpec(gradients=True)

        def build(self):
            self.layer = torch.nn.Linear(1, 1)
            self.optimiser = torch.optim.SGD(self.layer.parameters(), 0.1)
            self.steps = 0

        def make(self, n, reals):
            return coevo.Works(self.shades(self.studio.noise(n, 1)))

        def learn(self, works, rewards):
            self.optimiser.zero_grad()
            (-rewards.mean()).backward()
            self.optimiser.step()
            self.steps += 1
            return {"steps": self.steps}

        @torch.no_grad()
        def exhibit(self, n, seed, labels=None):
            return coevo.Works(self.shades(torch.randn(n, 1, generator=torch.Generator().manual_seed(seed))))

        def shades(self, noise):
            return torch.tanh(self.layer(noise) + self.options.shade)[:, :, None, None].expand(-1, *self.studio.image)


    class Rain(coevo.Critic):
        """Likes bright pictures."""

        name = "rain"

        def spec(self):
            return coevo.CriticSpec(gradients=True, learns=False)

        def judge(self, works, reals):
            return works.pixels.mean((1, 2, 3))

        def fooled(self, works, reals):
            return self.judge(works, reals) > 0


    class Storm(Hinge):
        name = "storm"

        def reward(self, made, real):
            raise RuntimeError("the lamp went out")


    def greys(options):
        raise OSError("the disk is gone")


    @click.command()
    def hum():
        """Hum."""
        raise ValueError("no voice")
''')
OFFERS = dedent("""
    from coevo import Offer, hookimpl

    COEVO_CONTRACT = 1

    @hookimpl
    def coevo_artists():
        return [Offer("cloud", "an artist", "coevo_sky.things:Cloud")]

    @hookimpl
    def coevo_critics():
        return [Offer("rain", "a critic", "coevo_sky.things:Rain")]

    @hookimpl
    def coevo_games():
        return [Offer("storm", "a game", "coevo_sky.things:Storm")]

    @hookimpl
    def coevo_datasets():
        return [Offer("greys", "a dataset", "coevo_sky.things:greys")]

    @hookimpl
    def coevo_commands():
        return [Offer("hum", "a command", "coevo_sky.things:hum")]
""")
FIGURES = '{"steps": self.steps}'
CLOUD = ("--artist", "cloud", "--critic", "rain", "--size", 16, "--batch", 8)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a plugin as pip would, or another version of it."""
    monkeypatch.syspath_prepend(tmp_path / "site")

    def install(name: str, offers: str, version: str = "1.0", things: str = "", **files: str) -> None:
        package = tmp_path / "site" / f"coevo_{name}"
        info = tmp_path / "site" / f"coevo_{name}.dist-info"
        for folder in (package, info):
            folder.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(offers)
        (package / "things.py").write_text(things)
        for file, text in files.items():
            (package / f"{file}.toml").write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: coevo-{name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[coevo]\n{name} = coevo_{name}\n")
        for module in [one for one in sys.modules if one.partition(".")[0] == f"coevo_{name}"]:
            del sys.modules[module]
        registry.cache_clear()

    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two versions within a second look the same to Python
    yield install
    registry.cache_clear()


@pytest.fixture
def sky(install: Install) -> Install:
    """Installs a plugin with an artist and more, with changes to its code."""

    def sky(*changes: tuple[str, str], version: str = "1.2") -> None:
        things = SKY
        for old, new in changes:
            assert old in things
            things = things.replace(old, new)
        install("sky", OFFERS, version, things)

    sky()
    return sky


def offer(kind: str, name: str, path: str) -> str:
    return (
        "from coevo import Offer, hookimpl\n\n@hookimpl\n"
        f"def coevo_{kind}s():\n    return [Offer({name!r}, 'x', {path!r})]\n"
    )


# plugins that fail while they are listed


def test_plugins_that_fail_in_every_way_stop_no_command_of_others(install: Install, coevo_command: CommandLine) -> None:
    install("exits", "import sys\nsys.exit(0)")
    install("crashes", "1 / 0")
    install("later", offer("artist", "cloud", "coevo_later:X") + offer("dream", "d", "x:y"))
    install("clash", offer("artist", "dcgan", "coevo_clash:X"))
    install("takes", offer("game", "non-saturating", "coevo_takes:X"))
    install("silent", offer("command", "hum", "coevo_silent:hum") + "\nhum = 5\n")
    odd = "[recipe]\ntitle = 5\nyear = [1]\ngroup = [1]\nabout = {x = 1}\n[critic]\nname = 3\n"
    install("dream", offer("recipe", "dream", "coevo_dream:dream.toml"), dream=odd)
    install("empty", offer("recipe", "empty", "coevo_empty:empty.toml"), empty="artist = 5\n")
    install("gone", offer("recipe", "gone", "coevo_gone:gone.toml"))
    listed = coevo_command("plugins").out
    for said in (
        "cannot be used: it called sys.exit(0) (__init__.py, line 2)",
        "cannot be used: ZeroDivisionError: division by zero (__init__.py, line 1)",
        "This coevo does not know its hook coevo_dreams",
        "Several plugins offer the artist 'dcgan': 'clash' and 'gan'; say which: clash:dcgan or gan:dcgan.",
        "The game 'non-saturating' is coevo's own; that of plugin 'takes' is takes:non-saturating.",
    ):
        assert said in listed
    recipes = coevo_command("recipes", "--long")
    assert recipes.code == 0 and "It names no artist." in recipes.out and "FileNotFoundError" in recipes.out
    assert coevo_command("recipes").code == coevo_command("recipes", "--json").code == 0
    assert "should be a click command" in coevo_command("--help").out
    assert coevo_command("run", "dcgan", *SMALL, "--rounds", 1).code == 0  # the recipe means its own plugin's
    assert "Several plugins offer the artist 'dcgan'" in coevo_command.refuses("info", "artist", "dcgan")
    assert coevo_command("info", "artist", "gan:dcgan").code == 0


def test_a_recipe_that_fails_is_refused_to_who_plays_it(install: Install, coevo_command: CommandLine) -> None:
    install("empty", offer("recipe", "empty", "coevo_empty:empty.toml"), empty="critic.name = 'dcnn'\n")
    assert "No artist is named; say --artist" in coevo_command.refuses("run", "empty")


# plugins that fail while they are called


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("self.steps += 1", "1 / 0"), "failed in learn(): ZeroDivisionError: division by zero (things.py, line 37)"),
        (("self.layer = torch", "self.layer = torhc"), "failed in build(): NameError"),
        (("self.steps = 0", "raise SystemExit(3)"), "failed in build(): it called sys.exit(3) (things.py, line 28)"),
        (("return coevo.ArtistSpec(gradients=True)", "return 5"), "should give ArtistSpec(…) in spec(), but it"),
        ((FIGURES, "self.steps"), "should give a dict of figures by name in learn(), but it gave a int"),
        ((FIGURES, '{"steps": works.pixels}'), "should give one number for the figure 'steps' in learn()"),
        (
            ("Works(self.shades(self.studio", "Works(labels=torch.ones(3).int(), images=self.shades(self.studio"),
            "should give as many of each part of its works in make(), but it gave 8 images and 3 labels",
        ),
    ],
    ids=["learn", "build", "exit", "spec", "figures", "figure", "parts"],
)
def test_whoever_plays_an_artist_that_fails_is_told_whose_it_is(
    sky: Callable[..., None], coevo_command: CommandLine, change: tuple[str, str], said: str
) -> None:
    sky(change)
    told = coevo_command.refuses("run", *CLOUD, "--rounds", 2)
    assert said in told and "plugin 'sky' 1.2" in told
    assert coevo_command("run", "dcgan", *SMALL, "--rounds", 1).code == 0


def test_a_game_a_dataset_and_a_command_that_fail_are_told_likewise(
    sky: Callable[..., None], coevo_command: CommandLine
) -> None:
    told = coevo_command.refuses("run", "dcgan", *SMALL, "-o", "critic.game=storm", "--rounds", 1)
    line = 1 + SKY.splitlines().index('        raise RuntimeError("the lamp went out")')
    said = f"Plugin 'sky' 1.2 failed in reward(): RuntimeError: the lamp went out (things.py, line {line})"
    assert said in told and "'dcnn'" not in told and "'dcgan'" not in told
    told = coevo_command.refuses("run", "dcgan", *SMALL, "--data", "greys", "--rounds", 1)
    assert "Dataset 'greys'" in told and "the disk is gone" in told and "plugin 'sky'" in told
    told = coevo_command.refuses("hum")
    assert "Plugin 'sky' 1.2 failed in hum(): ValueError: no voice (things.py, line " in told


def test_from_python_the_error_itself_has_a_note_that_says_whose_it_is(
    sky: Callable[..., None], tmp_path: Path
) -> None:
    sky(("self.steps += 1", "1 / 0"))
    with pytest.raises(ZeroDivisionError) as caught:
        coevo.run(artist="cloud", critic="rain", rounds=1, batch=8, runs_dir=tmp_path, options={"data": {"size": 16}})
    assert "Artist 'cloud' of plugin 'sky' 1.2 failed in learn()" in "".join(caught.value.__notes__)


def test_values_are_looked_at_at_every_step_with_debug(sky: Callable[..., None], coevo_command: CommandLine) -> None:
    sky(("torch.tanh(self.layer(noise) + self.options.shade)", "(self.layer(noise) + 9)"))
    answer = coevo_command("run", *CLOUD, "--rounds", 2, "-o", "run.log_every=1", "--name", "it")
    assert answer.code == 0 and "some pixels are outside of [-1, 1]" in answer.out + answer.err
    with pytest.raises(coevo.CoevoError, match=r"should give pixels in \[-1, 1\] in \w+\(\), but it gave some of"):
        coevo_command("--debug", "run", *CLOUD, "--rounds", 2)
    assert coevo_command("resume", "it", "--rounds", 3).code == 0


# versions


def test_a_run_keeps_the_versions_of_its_plugins_and_tells_of_others(
    sky: Callable[..., None], coevo_command: CommandLine
) -> None:
    assert coevo_command("run", *CLOUD, "--rounds", 2, "--name", "it").code == 0
    assert 'plugin = "sky"\nversion = "1.2"' in (coevo_command.runs / "it" / "config.toml").read_text()
    assert "not what it was" not in coevo_command("resume", "it", "--rounds", 3).err
    sky(version="1.3")
    said = coevo_command("resume", "it", "--rounds", 4).err
    assert "The artist of run 'it' is not what it was: it was made with plugin 'sky' 1.2, and plays with" in said


UPGRADES = (
    ("shade: float", "brightness: float"),
    ("self.options.shade", "self.options.brightness"),
    (
        '"""The shade that it begins with."""',
        '"""How bright it begins."""\n\n        renamed = {"shade": "brightness"}',
    ),
    ('extra_state = ("steps",)', 'extra_state = ("age",)\n    renamed_state = {"steps": "age"}'),
    ("self.steps", "self.age"),
)


def test_a_run_of_an_older_version_goes_on_to_the_bit_with_renamed_options_and_state(
    sky: Callable[..., None], coevo_command: CommandLine, tmp_path: Path
) -> None:
    shade = ("-o", "artist.shade=0.3")
    for name, rounds in (("it", 2), ("whole", 4)):
        assert coevo_command("run", *CLOUD, *shade, "--rounds", rounds, "--name", name).code == 0
    sky(*UPGRADES, version="2.0")
    for _ in range(2):  # what is new already stays as it is
        answer = coevo_command("resume", "it", "--rounds", 4)
    assert "is finished" in answer.err
    rows = [(coevo_command.runs / name / "metrics.jsonl").read_text() for name in ("it", "whole")]
    assert rows[0] == rows[1]
    assert coevo.load("it", coevo_command.runs).artist.age == 4
    assert "is now called artist.brightness" in coevo_command.refuses("run", *CLOUD, *shade)


def test_a_run_stays_with_its_plugin_when_another_takes_the_name(
    sky: Callable[..., None], install: Install, coevo_command: CommandLine
) -> None:
    assert coevo_command("run", *CLOUD, "--rounds", 2, "--name", "it").code == 0
    install("sea", offer("artist", "cloud", "coevo_sea:X"))
    assert "Several plugins offer the artist 'cloud'" in coevo_command.refuses("run", *CLOUD)
    assert coevo_command("resume", "it", "--rounds", 3).code == 0
    assert coevo_command("run", *CLOUD, "--artist", "sky:cloud", "--rounds", 1).code == 0


def test_a_run_of_a_plugin_that_is_gone_names_it(
    sky: Callable[..., None], install: Install, coevo_command: CommandLine
) -> None:
    assert coevo_command("run", *CLOUD, "--rounds", 1, "--name", "it").code == 0
    install("sky", "")
    said = coevo_command.refuses("resume", "it", "--rounds", 2)
    assert "made with the artist 'cloud' of plugin 'sky' 1.2, and no plugin offers it now" in said
    assert coevo_command("runs").code == 0


def test_a_run_goes_on_with_another_plugins_player_only_if_the_user_says_so(
    sky: Callable[..., None], install: Install, coevo_command: CommandLine
) -> None:
    assert coevo_command("run", *CLOUD, "--rounds", 1, "--name", "it").code == 0
    install("sky", offer("critic", "rain", "coevo_sky.things:Rain"), things=SKY)
    install("sea", offer("artist", "cloud", "coevo_sea.things:Cloud"), things=SKY)
    said = coevo_command.refuses("resume", "it", "--rounds", 2)
    assert "made with the artist 'cloud' of plugin 'sky' 1.2, and now only plugin 'sea' offers one" in said
    assert said.endswith("go on with the other: coevo resume it --artist sea:cloud\n")
    assert coevo_command("resume", "it", "--rounds", 2, "--artist", "sea:cloud").code == 0
    assert coevo_command("resume", "it", "--rounds", 3).code == 0  # that was kept


LEARNS = dedent("""
    def build(self, artist):
        self.old = torch.nn.Linear(1, 1)

    def learn(self, works, reals):
        with torch.no_grad():
            self.old.bias += 1
        return {}

    def judge(self, works, reals):
""")


def test_ancestral_opponents_of_an_older_version_are_read(sky: Callable[..., None], coevo_command: CommandLine) -> None:
    judge = "    def judge(self, works, reals):\n"
    learns = ("gradients=True, learns=False", "gradients=True"), (judge, indent(LEARNS, "    "))
    sky(*learns)
    answer = coevo_command("run", *CLOUD, "--rounds", 4, "--name", "it")
    assert answer.code == 0, answer.err
    sky(*learns, ("self.old", "self.new"), ('name = "rain"', 'name = "rain"\n    renamed_state = {"old": "new"}'))
    answer = coevo_command("resume", "it", "--rounds", 9)
    assert answer.code == 0 and list((coevo_command.runs / "it" / "ancestral_opponents").glob("*.json")), answer.err
