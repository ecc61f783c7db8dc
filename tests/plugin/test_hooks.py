"""Every hook, brought by an outsider: one module that offers one thing of each kind."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from coevo.errors import ConfigError
from coevo.plugin.registry import Registry
from coevo.runs.config import read_recipe

PLUGIN = """
import click
from coevo import Offer, hookimpl
from coevo.adversarial.games import Hinge
from coevo.latent_models.priors import Prior

@hookimpl
def coevo_artists():
    return [Offer("dreamer", "an artist", "outsider.things:Dreamer")]

@hookimpl
def coevo_critics():
    return [Offer("sceptic", "a critic", "outsider.things:Sceptic")]

@hookimpl
def coevo_games():
    return [Offer("tug-of-war", "a game", "outsider.things:TugOfWar")]

@hookimpl
def coevo_priors():
    return [Offer("ones", "a prior", "outsider.things:Ones")]

@hookimpl
def coevo_datasets():
    return [Offer("greys", "a dataset", "outsider.things:greys")]

@hookimpl
def coevo_functions():
    return [Offer("waves", "a function set", "outsider.things:WAVES")]

@hookimpl
def coevo_importers():
    return [Offer("gallery", "an importer", "outsider.things:hung")]

@hookimpl
def coevo_recipes():
    return [Offer("dream", "a recipe", "outsider:dream.toml")]

@hookimpl
def coevo_faces():
    return [Offer("coin", "a face", "outsider.things:Coin")]

@hookimpl
def coevo_commands():
    return [Offer("hum", "a command", "outsider.things:hum")]
"""

THINGS = """
import click, torch, coevo
from coevo.data.datasets import Dataset
from coevo.interactive.ui import Face, Pick, Quit
from coevo.images.png import Origin
from coevo.shader.functions import Function
from coevo.adversarial.games import Hinge
from coevo.latent_models.priors import Prior

class Dreamer(coevo.Artist):
    "Dreams."
    name = "dreamer"

class Sceptic(coevo.Critic):
    "Doubts."
    name = "sceptic"

class TugOfWar(Hinge):
    name = "tug-of-war"

class Ones(Prior):
    name = "ones"

    def draw(self, n, generator, labels=None):
        return torch.ones(n, self.size)

def greys(options):
    return Dataset("greys", torch.full((4, options.channels, options.size, options.size), 128, dtype=torch.uint8))

WAVES = {"wave": Function("wave", ("any",), "any", lambda canvas, value: (value * 9).sin())}

def hung(path):
    return Origin("dreamer", "", coevo.Works(genomes=(coevo.Genome(path.stem, (), "a dream"),)))

class Coin(Face):
    def ask(self, sheet):
        return Pick((0,)) if sheet.generation < 3 else Quit()

@click.command()
def hum():
    click.echo("hm hm")
"""


@pytest.fixture
def outsider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    package = tmp_path / "outsider"
    package.mkdir()
    (package / "__init__.py").write_text(PLUGIN)
    (package / "things.py").write_text(THINGS)
    (package / "dream.toml").write_text('artist.name = "dreamer"\ncritic.name = "sceptic"\n')
    monkeypatch.syspath_prepend(tmp_path)
    return Registry([EntryPoint("outsider", "outsider", "coevo")])


def test_players_are_found_and_loaded(outsider: Registry) -> None:
    assert outsider.load("artist", "dreamer").name == "dreamer"
    assert outsider.load("critic", "sceptic").name == "sceptic"
    assert outsider.owner("artist", "dreamer") == "outsider"


def test_a_game_can_be_played(outsider: Registry) -> None:
    import torch

    game = outsider.load("game", "tug-of-war")()
    assert game.critic_loss(torch.tensor([2.0]), torch.tensor([-2.0])) == 0


def test_a_prior_can_be_drawn_from(outsider: Registry) -> None:
    assert outsider.load("prior", "ones")(2).draw(3, None).sum() == 6


def test_a_dataset_can_be_loaded(outsider: Registry) -> None:
    from coevo.data.datasets import DataOptions, load_dataset

    dataset = load_dataset(DataOptions(name="greys", size=8), {"greys": outsider.load("dataset", "greys")})
    assert dataset.works(slice(0, 2)).images.shape == (2, 1, 8, 8)


def test_functions_can_be_chosen_beside_others(outsider: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from coevo.shader import Canvas, functions

    monkeypatch.setattr(functions, "registry", lambda: outsider)
    canvas = Canvas()
    (wave,) = functions.chosen("x,waves")["wave"](canvas, (canvas.x,))
    assert wave.node == (canvas.x * 9).sin().node


def test_an_importer_reads_a_work(outsider: Registry) -> None:
    origin = outsider.load("importer", "gallery")(Path("night.txt"))
    assert origin.works.genomes[0].id == "night"


def test_a_recipe_can_be_read(outsider: Registry) -> None:
    assert read_recipe("dream", outsider)["artist"] == {"name": "dreamer"}


def test_a_face_is_found_by_its_name(outsider: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from coevo.cli import playing
    from coevo.interactive import ui as faces
    from coevo_human.human import Human

    monkeypatch.setattr(playing, "registry", lambda: outsider)
    assert isinstance(playing.face_for(Human, False, "coin", None), faces.Face)
    with pytest.raises(ConfigError, match="no face named 'dice'"):
        playing.face_for(Human, False, "dice", None)


def test_a_command_can_be_called(outsider: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from coevo.cli import group, main

    monkeypatch.setattr(group, "registry", lambda: outsider)
    assert CliRunner().invoke(main, ["hum"]).output == "hm hm\n"
    assert "hum" in CliRunner().invoke(main, ["--help"]).output
