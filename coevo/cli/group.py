"""The group of all commands: ours in sections and those of plugins, and what a user reads when one of them fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from coevo.errors import CoevoError, ConfigError
from coevo.plugin.registry import registry

SENTENCE = 500  # characters of a first sentence that help may show; none is as long


class Group(click.Group):
    """Commands in sections. An error that a user can fix is printed in whole sentences, with exit code 2."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.sections: dict[str, list[str]] = {}

    def add_section(self, title: str, commands: Sequence[click.Command]) -> None:
        """Add commands under a title of their own in the help."""
        for command in commands:
            self.add_command(command)
        self.sections[title] = [str(command.name) for command in commands]

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

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Every section with the whole first sentence of each of its commands."""
        width = max(map(len, self.list_commands(context)))
        for title, names in {**self.sections, "From plugins": self._offered()}.items():
            rows = [(name.ljust(width), self._sentence(context, name)) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CoevoError as error:
            if context.params.get("debug"):
                raise
            for line in str(error).splitlines():
                click.echo(f"coevo: {line}", err=True)
            context.exit(2)
        except Exception as error:
            from coevo.plugin.fault import player_error  # late: it imports torch

            if context.params.get("debug") or not (said := player_error(error)):
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
