"""Commands about plugins and what they bring."""

from __future__ import annotations

import json
from typing import Any, Literal

import click

from coevo.cli.common import JSON, table
from coevo.errors import CoevoError, ConfigError
from coevo.plugin.registry import registry


@click.command()
@JSON
def plugins(as_json: bool) -> None:
    """List the plugins and what each brings."""
    found = registry().plugins
    if as_json:
        rows = [
            {
                "plugin": plugin.name,
                "version": plugin.version,
                "error": plugin.error or None,
                "offers": {kind: [offer._asdict() for offer in some] for kind, some in plugin.offers.items()},
            }
            for plugin in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for plugin in found:
        click.secho(f"{plugin.name} {plugin.version}".strip(), bold=True)
        if plugin.error:
            click.secho(f"  failed to load: {plugin.error}", fg="red")
        for kind, offers in plugin.offers.items():
            for offer in offers:
                click.echo(f"  {kind:<8} {offer.name:<15} {offer.summary}")


@click.command()
@click.argument("kind", type=click.Choice(["artist", "critic"]))
@click.argument("name")
@JSON
def info(kind: Any, name: str, as_json: bool) -> None:
    """Describe an artist or a critic, and each of its options."""
    from coevo.plugin.describe import describe_player

    described = describe_player(kind, name)
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    click.secho(f"{kind} {name}", bold=True)
    click.echo(f"{described['about']}\n")
    for key, value in described["capabilities"].items():
        click.echo(f"  {key}: {value}")
    click.echo()
    table(described["options"], empty="It has no options.")


@click.command()
@click.argument("name")
def check(name: str) -> None:
    """Check an installed artist or critic NAME with the conformance kit."""
    from coevo.testing.kit import check_player

    known = registry()
    players: tuple[Literal["artist", "critic"], ...] = ("artist", "critic")
    kinds = [kind for kind in players if name in known.offers(kind)]
    if not kinds:
        from coevo.errors import unknown

        raise ConfigError(unknown("artist or critic", name, [*known.offers("artist"), *known.offers("critic")]))
    failed = 0
    for kind in kinds:
        for result in check_player(kind, known.load(kind, name)):
            mark = click.style("ok    ", fg="green") if result.passed else click.style("FAILED", fg="red")
            click.echo(f"{mark} {result.name}" + (f": {result.message}" if result.message else ""))
            failed += not result.passed
    if failed:
        raise CoevoError(f"{name} failed {failed} checks.")
    click.echo(f"{name} conforms.")
