"""Completion in the shell: its script, and the names that it completes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

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
    from coevo.cli.option_names import known_options

    try:
        recipe = next(iter(context.args), None)  # click leaves an argument there while an option has no value yet
        named = players_of(recipe) if recipe else {}
        named |= {role: name for role in ("artist", "critic") if (name := context.params.get(role))}
        known = known_options(named)
    except CoevoError:
        return []
    option, equals, _ = incomplete.partition("=")
    some = [f"{option}={value}" for value in known.get(option, ())] if equals else [f"{name}=" for name in known]
    return sorted(text for text in some if text.startswith(incomplete))


def players_of(recipe: str) -> dict[str, str]:
    """The names of a recipe's players, by role. Raises ConfigError if there is no such recipe."""
    package, _, file = registry().find("recipe", recipe).path.partition(":")
    try:
        tree = tomllib.loads(files(package).joinpath(file).read_text("utf-8"))
        return {role: str(tree[role]["name"]) for role in ("artist", "critic")}
    except (OSError, ValueError, KeyError, TypeError, ImportError):
        return {}


class Bash(BashComplete):
    """Bash takes = for the end of a word; here the parts of -o NAME=VALUE are one again."""

    source_template = BashComplete.source_template.replace(
        "    return 0\n", '    [[ "${COMPREPLY[0]}" == *= ]] && compopt -o nospace\n    return 0\n', 1
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(os.environ["COMP_WORDS"])
        at = int(os.environ["COMP_CWORD"])
        args, incomplete = words[1:at], words[at] if at < len(words) else ""
        joined: list[str] = []
        for word in (*args, incomplete):
            if joined and (word == "=" or joined[-1].endswith("=")) and "." in joined[-1]:
                joined[-1] += word
            else:
                joined.append(word)
        return joined[:-1], joined[-1]

    def format_completion(self, item: CompletionItem) -> str:
        _, equals, value = str(item.value).partition("=")
        return f"{item.type},{value if equals and value else item.value}"


add_completion_class(Bash)


def runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of runs."""
    folder = Path(context.params.get("runs_dir") or os.environ.get("COEVO_RUNS") or "runs")
    names = (config.parent.name for config in folder.glob("*/config.toml"))
    return sorted(name for name in names if name.startswith(incomplete))
