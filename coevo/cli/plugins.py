"""Commands about plugins and what they offer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from coevo.cli import completion
from coevo.cli.common import JSON
from coevo.cli.tables import paragraph, table
from coevo.plugin.own import is_own, take_named
from coevo.plugin.registry import KINDS, registry

ABILITIES = {
    "Encoder": "encodes pictures",
    "DifferentiableEncoder": "has latents with gradients",
    "Decoder": "decodes codes",
    "DifferentiableDecoder": "decodes codes with gradients",
    "DecoderUser": "plays in the code space of a run's artist, with --from",
    "LayerSource": "has layers that an autoencoder can start from, with --from",
    "Reconstructor": "reconstructs pictures",
    "Renderer": "draws its works at any size",
    "StripRenderer": "draws very large pictures strip by strip",
    "VectorRenderer": "draws lines, which SVG keeps",
    "ShaderRenderer": "its works are programs that a browser's GPU draws",
    "Programmed": "writes its works as source",
    "Translator": "translates pictures of others, for coevo translate",
    "BackTranslator": "translates the other way too, for coevo translate --backwards",
    "Styled": "has styles, for coevo translate --all-styles",
    "Growing": "grows its works step by step, for coevo grow",
    "Breedable": "is bred by picks",
    "Evolving": "takes in individuals of others",
    "SelfEvaluating": "has figures of its own for coevo evaluate",
    "Divisible": "can be played by several processes, each with a part of every batch",
    "Interactive": "asks a person",
}


@click.command()
@JSON
def plugins(as_json: bool) -> None:
    """List the plugins and what each offers."""
    found = registry().plugins
    if as_json:
        rows = [
            {
                "plugin": plugin.name,
                "version": plugin.version,
                "error": plugin.error or None,
                "notes": plugin.notes,
                "offers": {kind: [offer._asdict() for offer in some] for kind, some in plugin.offers.items()},
            }
            for plugin in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    names = [offer.name for plugin in found for some in plugin.offers.values() for offer in some]
    widths = {"kind": max(map(len, KINDS)), "name": max(map(len, names))}
    for plugin in found:
        click.secho(f"{plugin.name} {plugin.version}".strip(), bold=True)
        if plugin.error:
            click.secho(f"  cannot be used: {plugin.error}", fg="red")
        for note in plugin.notes:
            click.secho(f"  {note}", fg="yellow")
        rows = [
            {"kind": kind, "name": offer.name, "summary": offer.summary}
            for kind, some in plugin.offers.items()
            for offer in some
        ]
        if rows:
            table(rows, wrap=["summary"], widths=widths, head=False, indent=2)
    for problem in registry().problems():
        click.secho(problem, fg="red")


@click.command()
@click.argument("kind", type=click.Choice(["artist", "critic", "dataset"]))
@click.argument("name", shell_complete=completion.players)
@JSON
def info(kind: Any, name: str, as_json: bool) -> None:
    """Describe an artist or a critic, what it needs and gives, and all of its options; or a dataset.

    NAME is that of an installed one, or FILE.py:CLASS for an artist or a critic of your own.
    """
    from coevo.plugin.describe import describe_dataset, describe_player

    if kind == "dataset":
        described = describe_dataset(name)
        if as_json:
            click.echo(json.dumps(described, indent=2))
            return
        click.echo(click.style(f"dataset {described['name']}", bold=True) + f", of {described['source']}\n")
        paragraph(described["about"])
        return
    name = take_named(kind, name, registry()) if is_own(name, registry(), kind) else name
    described = describe_player(kind, name)
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    click.echo(click.style(f"{kind} {described['name']}", bold=True) + f", of {described['source']}\n")
    paragraph(described["about"])
    click.secho("\nNeeds and gives, with default options", bold=True)
    if described["problem"]:
        paragraph(described["problem"], indent=2)
    else:
        for key, value in described["spec"].items():
            paragraph(f"{key:<11} {said(value)}", indent=2, hanging=12)
        for ability in described["capabilities"]:
            paragraph(f"{'can':<11} {ABILITIES[ability]} ({ability})", indent=2, hanging=12)
    click.secho("\nOptions" if described["options"] else "\nIt has no options.", bold=True)
    for option in described["options"]:
        show_option(option)


def said(value: Any) -> str:
    """A value of a spec as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not value:
        return "none"
    if isinstance(value, list) and isinstance(value[0], Mapping):
        return ", ".join(f"{one['name']} ({one['size'] or 'one for each class'}, {one['prior']})" for one in value)
    return "{} to {}".format(*value) if isinstance(value, list) else str(value)


def show_option(option: Mapping[str, Any]) -> None:
    """Print an option as it is typed, with its description, type and bounds."""
    unset = option["default"] in ("required", "None")
    click.echo(f"  -o {option['option']}=" + ("…" if unset else str(option["default"])))
    bounds = option["bounds"].replace("≥ ", "≥\N{NO-BREAK SPACE}").replace("≤ ", "≤\N{NO-BREAK SPACE}")
    facts = [option["type"].removesuffix(" | None"), bounds]
    facts += ["required"] if option["default"] == "required" else []
    paragraph(f"{option['about']} ({', '.join(filter(None, facts))})", indent=6)
