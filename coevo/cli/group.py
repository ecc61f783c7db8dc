"""The group of all commands: our own and those of plugins, and what a user reads when one of them fails."""

from __future__ import annotations

from typing import Any

import click

from coevo.errors import CoevoError
from coevo.plugin.registry import registry


class Group(click.Group):
    """Our commands and those of plugins; what a user can mend is said in one sentence, with exit code 2."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *self._offered()})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        own = super().get_command(context, name)
        if own or name not in self._offered():
            return own
        command: click.Command = registry().load("command", name)
        return command

    def _offered(self) -> list[str]:
        try:
            return list(registry().offers("command"))
        except CoevoError:  # said by the command that needs the registry
            return []

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CoevoError as error:
            if context.params.get("debug"):
                raise
            for line in str(error).splitlines():
                click.echo(f"coevo: {line}", err=True)
            context.exit(2)
