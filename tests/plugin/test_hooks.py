"""Every hook, in an outsider's plugin: one module that offers one thing of each kind."""

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

COEVO_CONTRACT = 1

@hookimpl
def coevo_artists():
    return [Offer("cloud", "an artist", "outsider.things:Cloud")]

@hookimpl
def coevo_critics():
    return [Offer("weather", "a critic", "outsider.things:Weather")]

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
    return [Offer("museum", "an importer", "outsider.things:read")]

@hookimpl
def coevo_recipes():
    return [Offer("dream", "a recipe", "outsider:dream.toml")]

@hookimpl
def coevo_uis():
    return [Offer("coin", "a user interface", "outsider.things:Coin")]

@hookimpl
def coevo_commands():
    return [Offer("hum", "a command", "outsider.things:hum")]
"""

THINGS = """
import click, torch, coevo
from coevo.data.datasets import Dataset
from coevo.interactive.commands import Pick, Quit
from coevo.interactive.ui import UI
from coevo.images.origin import Origin
from coevo.shader.functions import Function
from coevo.adversarial.games import Hinge
from coevo.latent_models.priors import Prior

class Cloud(coevo.Artist):
    "Draws clouds."
    name = "cloud"

class Weather(coevo.Critic):
    "Judges clouds."
    name = "weather"

class TugOfWar(Hinge):
    name = "tug-of-war"

class Ones(Prior):
    name = "ones"

    def draw(self, n, generator, labels=None):
        return torch.ones(n, self.size)

def greys(options):
    return Dataset("greys", torch.full((4, options.channels, options.size, options.size), 128, dtype=torch.uint8))

WAVES = {"wave": Function("wave", ("any",), "any", lambda canvas, value: (value * 9).sin())}

def read(path):
    return Origin("cloud", "", coevo.Works(genomes=(coevo.Genome(path.stem, (), "a cloud"),)))

class Coin(UI):
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
    (package / "dream.toml").write_text('artist.name = "cloud"\ncritic.name = "weather"\n')
    monkeypatch.syspath_prepend(tmp_path)
    return Registry([EntryPoint("outsider", "outsider", "coevo")])


def test_players_are_found_and_loaded(outsider: Registry) -> None:
    assert outsider.load("artist", "cloud").name == "cloud"
    assert outsider.load("critic", "weather").name == "weather"
    assert outsider.owner("artist", "cloud") == "outsider"


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
    (wave,) = functions.select_functions("x,waves")["wave"](canvas, (canvas.x,))
    assert wave.node == (canvas.x * 9).sin().node


def test_an_importer_reads_a_work(outsider: Registry) -> None:
    origin = outsider.load("importer", "museum")(Path("night.txt"))
    assert origin.works.genomes[0].id == "night"


def test_a_recipe_can_be_read(outsider: Registry) -> None:
    assert read_recipe("dream", outsider)["artist"] == {"name": "cloud"}


def test_a_user_interface_is_found_by_its_name(outsider: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from coevo.cli import playing
    from coevo.interactive.ui import UI
    from coevo.plugin.registry import registry
    from coevo.runs.config import resolve

    config = resolve({"artist": {"name": "biomorph"}, "critic": {"name": "human"}}, registry())
    monkeypatch.setattr(playing, "registry", lambda: outsider)
    assert isinstance(playing.ui_for(config, plain=False, name="coin", picks=None), UI)
    with pytest.raises(ConfigError, match="no user interface named 'dice'"):
        playing.ui_for(config, plain=False, name="dice", picks=None)


def test_a_command_can_be_called(outsider: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from coevo.cli import group, main

    monkeypatch.setattr(group, "registry", lambda: outsider)
    assert CliRunner().invoke(main, ["hum"]).output == "hm hm\n"
    assert "hum" in CliRunner().invoke(main, ["--help"]).output
