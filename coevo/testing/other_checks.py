"""The rules of recipes, function sets, user interfaces, trackers, importers and commands."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click
import numpy as np
import torch

from coevo.contract.capabilities import DecoderUser
from coevo.errors import CoevoError
from coevo.images.origin import Origin
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.interactive.ui import UI
from coevo.loop import check_pair
from coevo.monitoring.tracker import Ending, TrackedRun, Tracker
from coevo.plugin.registry import registry
from coevo.runs.config import Config, read_recipe, resolve
from coevo.shader import Canvas, render
from coevo.shader.functions import Function
from coevo.studio import Studio
from coevo.testing.rules import Bench, about, expect


class RecipeBench(Bench):
    """Tries a recipe, by its name: its plugin has to be installed."""

    def config(self) -> Config:
        return resolve(read_recipe(self.subject, registry()), registry())

    def check_about(self) -> None:
        """says in [recipe] what it is: a title, authors, a year and a sentence.

        Set `title`, `authors`, `year` and `about` in the table [recipe].
        """
        table = read_recipe(self.subject, registry()).get("recipe")
        expect(isinstance(table, Mapping), "there is no table [recipe]")
        said: Mapping[str, Any] = table or {}
        for key in ("title", "authors", "about"):
            expect(isinstance(said.get(key), str) and said[key], f"[recipe] has no text {key!r}")
        year = said.get("year")
        expect(isinstance(year, int) and 1900 <= year <= 2100, f"[recipe] has the year {year!r}")

    def check_options(self) -> None:
        """names players and options that exist, with values within their bounds.

        Look at `coevo info artist NAME` and `coevo info critic NAME`.
        """
        self.config()

    def check_pair(self) -> None:
        """names an artist and a critic that fit each other.

        Compare what `coevo info` says that each needs and gives.
        """
        config = self.config()
        size, channels = config.data.size, config.data.channels
        studio = Studio((channels, size, size), batch=config.run.batch)
        artist = config.artist_class(config.artist, studio)
        if isinstance(artist, DecoderUser) and artist.trained() is None:
            return  # --from says which artist it plays with
        check_pair(artist, config.critic_class(config.critic, studio))


class FunctionsBench(Bench):
    """Tries a set of functions on a small canvas."""

    def check_names(self) -> None:
        """is a dict of functions by name; a name is one word without commas and brackets.

        Make it {"wave": Function("wave", …)}.
        """
        expect(isinstance(self.subject, Mapping) and self.subject, "it is no dict of functions, or an empty one")
        for name, function in self.subject.items():
            expect(isinstance(function, Function), f"{name!r} is a {type(function).__name__}, not a Function")
            expect(function.name == name, f"{name!r} is named {function.name!r} in its Function")
            expect(name and not set(name) & set(" \t\n,()[]\"'"), f"{name!r} cannot be read in a program")

    def check_meaning(self) -> None:
        """gives one expression for a scalar, three for a vector, of scalars and of vectors.

        Return what `gives` says; of a function of "any" one expression, as it is called for each component.
        """
        for name, function in self.subject.items():
            for wide in (1, 3):
                canvas = Canvas()
                some = [canvas.x, canvas.y, canvas.x * 0.5]
                try:
                    value = function(canvas, *[tuple(some[:wide]) for _ in function.takes])
                except Exception as error:
                    error.add_note(f"in function {name!r}")
                    raise
                right = {"scalar": (1,), "vector": (3,), "any": (1, 3)}[function.gives]
                expect(len(value) in right, f"{name!r} gives {function.gives} and has {len(value)} expressions")
                drawn = np.empty((1, len(value), 8, 8), np.float32)
                render([value], 8, 8, 1, drawn)


class UIBench(Bench):
    """Tries the class of a user interface, as far as it can be without a person."""

    @about("__init__")
    def check_made(self) -> None:
        """is a subclass of coevo.interactive.ui.UI that is made without arguments, or says why it cannot be used here.

        Give every argument of __init__() a default; raise ConfigError where, for example, there is no terminal.
        """
        expect(isinstance(self.subject, type) and issubclass(self.subject, UI), "it is no subclass of UI")
        with suppress(CoevoError):
            self.subject()

    @about("ask")
    def check_ask(self) -> None:
        """has a method ask(sheet).

        Show `sheet.works` and return a command of coevo.interactive.commands.
        """
        expect(getattr(self.subject, "ask", UI.ask) is not UI.ask, "it has no method ask(sheet)")

    def check_docstring(self) -> None:
        """has a docstring.

        Say in the class's docstring how a person is asked.
        """
        expect(self.subject.__doc__ and self.subject.__doc__ != UI.__doc__, "the class has no docstring")


class TrackerBench(Bench):
    """Tries the class of a tracker: a run that it follows, stopped and gone on with, without the run."""

    figures = {"artist.loss": 0.5, "critic.D(real)": -1e-30, "artist.a name": 1e30}

    @about("__init__")
    def check_made(self) -> None:
        """is a subclass of coevo.monitoring.tracker.Tracker that is made without arguments.

        Give every argument of __init__() a default, and open files in begin().
        """
        expect(isinstance(self.subject, type) and issubclass(self.subject, Tracker), "it is no subclass of Tracker")
        self.subject()

    @about("begin", "row", "sheet", "warning", "end")
    def check_follows(self) -> None:
        """follows a run from its beginning to its end, or says in begin() why it cannot be used here.

        Take every name, number and text as it comes; raise ConfigError in begin() where a package is missing.
        """
        self._follow(None, "finished")

    @about("begin", "end")
    def check_goes_on(self) -> None:
        """goes on with a run that was stopped, with the id that begin() returned, and with one whose files are gone.

        Return a text that finds the run again, or None; begin anew where it is not found.
        """
        id = self._follow(None, "stopped")
        self._follow(id, "failed", 10)
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self._follow(id, "finished", 20)

    @about("begin", "row", "sheet")
    def check_files(self) -> None:
        """leaves the files of the run as they are.

        Write into a folder of its own within the run's folder, or elsewhere.
        """
        config = self.folder / "config.toml"
        config.write_text("made = 1")
        self._follow(None, "finished")
        expect(config.exists() and config.read_text() == "made = 1", "the run's config.toml was changed or removed")
        expect((self.folder / "00000000.png").exists(), "the run's sheet was removed")

    def check_docstring(self) -> None:
        """has a docstring.

        Say in the class's docstring where it shows a run, and how one looks at it.
        """
        expect(self.subject.__doc__ and self.subject.__doc__ != Tracker.__doc__, "the class has no docstring")

    def _follow(self, id: str | None, ending: Ending, round: int = 0) -> str | None:
        """Tell a tracker of a short run; the id that it gives it."""
        options = {
            "run.seed": 1,
            "artist.name": "gp",
            "artist.lr": 0.5,
            "data.name": "a, b = \u00e9",
            "run.list": [1, 2],
        }
        sheet = self.folder / "00000000.png"
        save_png(sheet, contact_sheet(torch.zeros(4, 1, 8, 8)), {})
        tracker: Tracker = self.subject()
        try:
            found = tracker.begin(TrackedRun("it", self.folder, round, options, id))
        except CoevoError:
            return None
        expect(found is None or isinstance(found, str), f"begin() returns a {type(found).__name__}, not a text or None")
        tracker.sheet(round, sheet)
        for row in (round + 5, round + 10):
            tracker.row(row, dict(self.figures))
            tracker.warning(row, "works have become alike: \u201cmode collapse\u201d")
        tracker.end(ending)
        return found


class ImporterBench(Bench):
    """Tries a reader of others' works on files that are none."""

    def check_docstring(self) -> None:
        """has a docstring.

        Say in the function's docstring which files it reads.
        """
        expect(self.subject.__doc__, "the function has no docstring")

    def check_nonsense(self) -> None:
        """refuses files that are not there, empty, or of another kind, in a sentence.

        Raise DataError for whatever cannot be read: files come from others, so read them strictly and with limits.
        """
        file = self.folder / "strange"
        for content in (None, b"", b"\x00\xff" * 50, b"<a>" * 3000, b"[" * 3000, b"PK\x03\x04" + b"x" * 50):
            if content is not None:
                file.write_bytes(content)
            what = "a file that is not there" if content is None else f"the bytes {content[:8]!r}"
            try:
                origin = self.subject(file)
            except CoevoError:
                continue
            except Exception as error:
                error.add_note(f"with {what}")
                raise
            expect(isinstance(origin, Origin), f"it gives a {type(origin).__name__} for {what}, not an Origin")
            expect(content is not None, "it reads a file that is not there")


class CommandBench(Bench):
    """Tries a command of the command line, without calling it."""

    def check_command(self) -> None:
        """is a command of click.

        Decorate the function with @click.command().
        """
        expect(isinstance(self.subject, click.Command), f"it is a {type(self.subject).__name__}, not a click.Command")

    def check_help(self) -> None:
        """has a first sentence of help, and its help can be shown.

        Say in the function's docstring what the command does.
        """
        context = click.Context(self.subject)
        expect(self.subject.get_short_help_str(), "it has no help (a docstring of the function)")
        self.subject.get_help(context)
