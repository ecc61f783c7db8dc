"""Completion in the shell: its script, and the names that it completes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from coevo.errors import CoevoError, ConfigError
from coevo.plugin.registry import Kind, registry

SHELLS = ("bash", "zsh", "fish")
Completer = Callable[[click.Context, click.Parameter, str], list[str]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
def completion(shell: str | None) -> None:
    """Print the script that completes commands, options and names in a shell: bash, zsh or fish.

    Without SHELL it is the one that you use. One line installs it for good:

    \b
    bash:  echo 'eval "$(coevo completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(coevo completion zsh)"' >> ~/.zshrc
    fish:  coevo completion fish > ~/.config/fish/completions/coevo.fish
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in SHELLS or (script := get_completion_class(shell)) is None:
        raise ConfigError(f"There is no completion for the shell {shell!r}; name one of: {', '.join(SHELLS)}.")
    root = click.get_current_context().find_root()
    click.echo(script(root.command, {}, "coevo", "_COEVO_COMPLETE").source())


def names_of(*kinds: Kind) -> Completer:
    """Completes what plugins offer."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            return sorted({name for kind in kinds for name in registry().offers(kind) if name.startswith(incomplete)})
        except CoevoError:
            return []

    return complete


def players(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of artists or critics, as far as the words before say which."""
    kind: Kind | None = context.params.get("kind")
    return names_of(*([kind] if kind else ("artist", "critic")))(context, parameter, incomplete)


def options(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of options for -o, those of the players that the words before name among them."""
    from coevo.runs.config import merge, option_names, read_recipe

    named = {role: {"name": context.params[role]} for role in ("artist", "critic") if context.params.get(role)}
    try:
        recipe = next(iter(context.args), None)  # click leaves an argument there while an option has no value yet
        tree = merge(read_recipe(recipe, registry()) if recipe else {}, named)
        return sorted(f"{name}=" for name in option_names(tree, registry()) if name.startswith(incomplete))
    except CoevoError:
        return []


def runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of runs."""
    folder = Path(context.params.get("runs_dir") or os.environ.get("COEVO_RUNS") or "runs")
    names = (config.parent.name for config in folder.glob("*/config.toml"))
    return sorted(name for name in names if name.startswith(incomplete))
