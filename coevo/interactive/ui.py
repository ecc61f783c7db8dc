"""User interfaces: each shows a sheet to a person and answers with one command.

A terminal, a line of text, a script, a web page: each is a `UI` with the one method `ask`. A plugin brings one with
the hook `coevo_uis`.
"""

from __future__ import annotations

from collections.abc import Callable

from coevo.interactive.commands import Command
from coevo.interactive.sheet import Sheet


class UI:
    """Asks a person about sheets; an `Interactive` critic has one as its `ui`."""

    user = ""
    """Who gave the last answer, if the UI knows: it may ask several people. By default the critic says who is asked."""

    def ask(self, sheet: Sheet) -> Command:
        """Show a sheet and wait for a command. The same works come again, with a `note`, if it bred nothing."""
        raise NotImplementedError(f"{type(self).__name__} needs a method ask(sheet)")

    def host(self, play: Callable[[], None]) -> None:
        """Play the whole run. A UI with an event loop runs `play` in a thread, and its loop in the main one."""
        play()
