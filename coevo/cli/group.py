"""The group of all commands: ours in sections and those of plugins, and what a user reads when one of them fails."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from coevo.cli.messages import is_quiet
from coevo.errors import CoevoError, ConfigError, DamageWarning, unknown
from coevo.plugin.blame import blame, owned
from coevo.plugin.faults import FAULTS
from coevo.plugin.registry import registry

LAUNCHER = "start"  # the command that coevo alone is, at a terminal
SENTENCE = 500  # characters of a first sentence that help may show; none is as long


class Group(click.Group):
    """Commands in sections. An error that a user can fix is printed in whole sentences, with exit code 2."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.sections: dict[str, list[str]] = {}
        self.typed: list[str] = []
        """The words of the command, as they were typed after coevo."""

    def add_section(self, title: str, commands: Sequence[click.Command]) -> None:
        """Add commands under a title of their own in the help."""
        for command in commands:
            self.add_command(command)
        self.sections[title] = [str(command.name) for command in commands]

    def make_context(self, info_name: str | None, args: list[str], *above: Any, **settings: Any) -> click.Context:
        self.typed = list(args)
        return super().make_context(info_name, args, *above, **settings)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Without words, and with a person at the terminal, the recipes are shown to choose from."""
        if not args and sys.stdin.isatty() and sys.stdout.isatty() and LAUNCHER in registry().offers("command"):
            args = [LAUNCHER]
        return super().parse_args(context, args)

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for names in self.sections.values() for name in names] + self._offered()

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if own := super().get_command(context, name):
            return own
        if problem := registry().problem("command", name):
            raise ConfigError(problem)
        if name not in registry().offers("command"):
            return None
        command: click.Command = registry().load("command", name)
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(context, args[0]) is None:
            raise ConfigError(unknown("command", args[0], self.list_commands(context)))
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Every section with the whole first sentence of each of its commands."""
        width = max(map(len, self.list_commands(context)))
        for title, names in {**self.sections, "From plugins": self._offered()}.items():
            rows = [(name.ljust(width), self._sentence(context, name)) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def main(self, *args: Any, **settings: Any) -> Any:
        """The same, but click's refusals of what was typed are said as ours are."""
        if not settings.get("standalone_mode", True):
            return super().main(*args, **settings)
        try:
            done = super().main(*args, **{**settings, "standalone_mode": False})
        except click.UsageError as error:
            if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # coevo alone shows its help
                error.show()
                sys.exit(2)
            _refuse(refusal(error))
        except click.ClickException as error:
            _refuse(error.format_message())
        except click.Abort:
            sys.exit(1)
        sys.exit(done if isinstance(done, int) else 0)

    def invoke(self, context: click.Context) -> None:
        try:
            with warned():
                super().invoke(context)  # what a command returns is no exit code
        except CoevoError as error:
            if context.params.get("debug"):
                raise
            _refuse(owned(error))
        except (click.exceptions.Exit, click.Abort, click.ClickException):  # click's own, such as the end of --help
            raise
        except FAULTS as error:  # sys.exit may be a plugin's, while it was called, or ours
            if context.params.get("debug") or not (said := blame(error)):
                raise
            _refuse(said)
        except KeyboardInterrupt:  # before there was anything to save, or a second one
            click.echo("coevo: Stopped; what was not saved before is lost.", err=True)
            context.exit(130)

    def _offered(self) -> list[str]:
        return sorted(registry().offers("command").keys() - self.commands.keys())

    def _sentence(self, context: click.Context, name: str) -> str:
        try:
            command = self.get_command(context, name)
        except CoevoError as error:  # a plugin's command that cannot be imported must not stop the help
            return str(error)
        return command.get_short_help_str(SENTENCE) if command else ""


@contextmanager
def warned() -> Iterator[None]:
    """Print warnings about damage as sentences on stderr, each once."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def say(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, DamageWarning):
                click.echo(f"coevo: {message}", err=True)
            else:
                show(message, category, *where, **more)

        warnings.showwarning = say
        warnings.simplefilter("default", DamageWarning)
        yield


def _refuse(said: str) -> NoReturn:
    for line in () if is_quiet() else said.splitlines():
        click.echo(f"coevo: {line}", err=True)
    sys.exit(2)


def refusal(error: click.UsageError) -> str:
    """What is wrong with the words that were typed, in a sentence."""
    path = error.ctx.command_path if error.ctx else "coevo"
    more = f"; see {path} --help."
    if isinstance(error, click.NoSuchOption):
        nearest = f"; did you mean {error.possibilities[0]}?" if error.possibilities else more
        return f"{path} has no option {error.option_name}{nearest}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        named = error.param.metavar or error.param.human_readable_name.upper()
        name = error.param.opts[0] if isinstance(error.param, click.Option) else named
        if isinstance(error, click.MissingParameter):
            return f"{path} needs {name}{more}"
        if what := expected(error.param.type):
            return f"{name} should be {what}, but got {error.message.partition(' is not ')[0]}."
        return f"{name}: {error.message.rstrip('.')}{more}"
    said = error.format_message().rstrip(".")
    return f"{path}: {said[:1].lower()}{said[1:]}{more}" if error.ctx else f"{said}{more}"


def expected(kind: click.ParamType) -> str:
    """What a value of a type should be; empty if click says it better."""
    if isinstance(kind, click.IntRange):
        least = f"from {kind.min:,} to {kind.max:,}" if kind.max is not None else f"of at least {kind.min:,}"
        return f"a whole number {least}"
    if isinstance(kind, click.Choice):
        return f"one of {', '.join(kind.choices)}"
    return {"integer": "a whole number", "float": "a number"}.get(kind.name, "")
