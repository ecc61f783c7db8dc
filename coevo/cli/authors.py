"""Commands for authors of plugins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any

import click

from coevo.cli import completion
from coevo.cli.common import FILE, JSON
from coevo.cli.tables import counted, paragraph
from coevo.errors import CoevoError, ConfigError, unknown
from coevo.plugin.own import is_own, take_either
from coevo.plugin.registry import KINDS, Kind, in_words, registry
from coevo.tools.new_plugin import PARTS, article, make_plugin

if TYPE_CHECKING:
    from coevo.testing import Check

SECTIONS: dict[str, Kind] = {"artist": "artist", "critic": "critic", "data": "dataset"}
INDENT = 10  # of what is said below a broken rule


@click.command()
@click.argument("name", shell_complete=completion.names_of(*KINDS))
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="SECTION.OPTION=VALUE",
    help="Set an option: artist.latent=4; of a dataset data.dir=FOLDER.",
)
@click.option("--only", multiple=True, metavar="RULE", help="Try this rule only, such as make; may be repeated.")
@JSON
def check(name: str, options: tuple[str, ...], only: tuple[str, ...], as_json: bool) -> None:
    """Check what an installed plugin offers with the conformance kit, rule by rule.

    NAME may be FILE.py:CLASS, for a player of your own. For a rule that is broken, the file and line and what to do
    are said.
    """
    subjects = named(name)
    from coevo.testing.kit import bench_for, check_names, check_player

    given = options_of(name, subjects, options)
    rules = {kind: bench_for(kind, subject).rules() for kind, subject in subjects.items()}
    check_names(only, [rule for some in rules.values() for rule in some])
    broken, tried = 0, list[dict[str, Any]]()
    for kind, subject in subjects.items():
        some = [rule.name for rule in rules[kind] if not only or rule.name in only]
        if some and not as_json:
            click.secho(f"{in_words(kind)} {name}", bold=True)
        for result in check_player(kind, subject, given.get(kind), some) if some else ():
            broken += not result.passed
            if as_json:
                tried.append({"kind": kind, **asdict(result)})
            else:
                show(result)
    if as_json:
        click.echo(json.dumps(tried, indent=2))
    if broken:
        raise CoevoError(f"{name} breaks {counted(broken, 'rule')}.")
    if not as_json:
        click.echo(f"{name} conforms.")


def named(name: str) -> dict[Kind, Any]:
    """What has a name, by kind; of a recipe the name itself.

    Raises:
        ConfigError: nothing has it, or something cannot be loaded.
    """
    known = registry()
    if is_own(name, known):
        role, name = take_either(name, known)
        return {role: known.load(role, name)}
    for kind in KINDS:
        if problem := known.problem(kind, name):
            raise ConfigError(problem)
    if kinds := [kind for kind in KINDS if known.has(kind, name)]:
        return {kind: name if kind == "recipe" else known.load(kind, name) for kind in kinds}
    raise ConfigError(unknown("offer", name, [offer for kind in KINDS for offer in known.offers(kind)]))


def options_of(name: str, subjects: Mapping[Kind, Any], options: Sequence[str]) -> dict[Kind, dict[str, Any]]:
    """Options by kind. Raises ConfigError with a sentence for every mistake."""
    from coevo.data.datasets import DataOptions
    from coevo.runs.config import assignments, validated

    given: dict[Kind, dict[str, Any]] = {}
    mistakes: list[str] = []
    for section, values in assignments(options).items():
        kind = SECTIONS.get(section)
        if kind is None or kind not in subjects:
            mistakes.append(f"{section!r} is not a section of options of {' and '.join(subjects)} {name!r}.")
            continue
        given[kind] = values
        validated(DataOptions if kind == "dataset" else subjects[kind].Options, section, values, mistakes)
    if mistakes:
        raise ConfigError(mistakes)
    return given


def OFFERS(command: Any) -> Any:
    """An option for every kind of thing that a new plugin may offer."""
    for kind in reversed(PARTS):
        command = click.option(f"--{kind}", is_flag=True, help=f"With {article(kind)}.")(command)
    return command


@click.command("new-plugin")
@click.argument("folder", metavar="NAME", type=FILE)
@OFFERS
@click.option("--evolving", is_flag=True, help="The artist evolves, instead of learning by gradients.")
def new_plugin(folder: Path, evolving: bool, **offers: bool) -> None:
    """Make a plugin of your own: an installable package with working players, tests, types and a README.

    Without options it offers an artist. NAME is also the folder; a path may stand before it.
    """
    made = make_plugin(folder, [kind for kind in PARTS if offers[kind]], registry(), evolving=evolving)
    for path in made:
        click.echo(path)
    click.echo(f"\nNext:\n  {join(['cd', str(folder)])}\n  pip install -e '.[dev]'\n  pytest")


WIDTH = 24  # of the longest name of a rule


def show(check: Check) -> None:
    """A row of the table, and below it the place and the remedy if the rule is broken."""
    mark = click.style("ok    ", fg="green") if check.passed else click.style("broken", fg="red")
    click.echo(f"  {mark}  {check.rule:<{WIDTH}}  {check.name}")
    for line in filter(None, (check.message, check.place, check.todo)):
        paragraph(line, indent=INDENT, hanging=2)
