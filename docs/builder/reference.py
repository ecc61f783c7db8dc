"""Pages that say what there is: players and their options, options of runs, and all that plugins offer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc, getdoc
from typing import Any, Literal

from coevo.cli.plugins import ABILITIES, said
from coevo.coevolution.frozen import FrozenCritic
from coevo.contract.players import Options
from coevo.data.datasets import DataOptions
from coevo.evolution.latent_population import LatentPopulation
from coevo.plugin.describe import describe_options, describe_player
from coevo.plugin.registry import registry
from coevo.runs.config import ArtistPhaseOptions, CriticPhaseOptions, RunOptions

KINDS: tuple[Literal["artist", "critic"], ...] = ("artist", "critic")
SECTIONS: tuple[tuple[str, type[Options], str], ...] = (
    ("run", RunOptions, "Playing, saving and showing."),
    ("data", DataOptions, "Real works, and the size of all pictures."),
    ("phases.critic", CriticPhaseOptions, "The critic's part of a round."),
    ("phases.artist", ArtistPhaseOptions, "The artist's part of a round."),
    ("latent_population", LatentPopulation.Options, "How the codes of a trained decoder are bred."),
    ("frozen", FrozenCritic.Options, "The critic of another run, with `--critic-from`."),
)
OFFERED = {
    "game": "Games",
    "prior": "Priors of codes",
    "dataset": "Datasets",
    "function": "Sets of functions",
    "ui": "User interfaces",
    "importer": "Importers",
}


def pages() -> dict[str, str]:
    """All generated pages of the reference, by their names in docs/generated."""
    players = {f"players/{kind}-{name}": player(kind, name) for kind in KINDS for name in registry().offers(kind)}
    return {**players, "players.inc": summary(), "options.inc": run_options(), "offers.inc": offers()}


def summary() -> str:
    """Tables of artists and critics with a line for each."""
    parts = []
    for kind in KINDS:
        rows = [
            [
                f"{{doc}}`{name} </generated/players/{kind}-{name}>`",
                offer.summary,
                f"`{registry().source(kind, name).plugin}`",
            ]
            for name, offer in sorted(registry().offers(kind).items())
        ]
        parts += [f"## {kind.capitalize()}s", table([kind, "what it is", "plugin"], rows)]
    return "\n\n".join(parts) + "\n"


def player(kind: Literal["artist", "critic"], name: str) -> str:
    """The page of a player: what `coevo info` says."""
    described = describe_player(kind, name)
    needs = [[f"`{key}`", said(value)] for key, value in (described["spec"] or {}).items()]
    can = [f"- {ABILITIES[ability]} (`{ability}`)" for ability in described["capabilities"] or ()]
    parts = [
        "---\norphan: true\n---",
        f"# {kind.capitalize()} {name}",
        f"Of {described['source']}.",
        paragraphs(described["about"]),
        "## Needs and gives",
        described["problem"] or table(["with default options", ""], needs),
        "\n".join(["It\n", *can]) if can else "",
        "## Options",
        options(described["options"]) if described["options"] else "It has no options.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def paragraphs(text: str) -> str:
    """The paragraphs of a docstring, with its sections as terms."""
    parts = []
    for part in text.split("\n\n"):
        first, *rest = part.splitlines()
        if first.endswith(":") and rest and all(line.startswith("    ") for line in rest):
            parts.append(f"**{first[:-1]}**\n\n```text\n" + cleandoc("\n".join(["", *rest])) + "\n```")
        else:
            parts.append(escaped(part))
    return "\n\n".join(parts)


def options(rows: Iterable[Mapping[str, Any]]) -> str:
    """A table of options as `coevo info` lists them."""
    return table(
        ["option", "default", "values", "meaning"],
        [
            [
                f"`{row['option']}`",
                f"`{row['default']}`" if row["default"] not in ("", "None") else "–",
                escaped(", ".join(filter(None, [row["type"].removesuffix(" | None"), row["bounds"]]))),
                escaped(row["about"]),
            ]
            for row in rows
        ],
    )


def run_options() -> str:
    """The options that belong to no player."""
    parts = []
    for section, model, about in SECTIONS:
        parts += [f"## {section}", about, options(describe_options(section, model))]
    return "\n\n".join(parts) + "\n"


def offers() -> str:
    """All that is not a player, a recipe or a command."""
    parts = []
    for kind, title in OFFERED.items():
        rows = []
        for name, offer in sorted(registry().offers(kind).items()):
            loaded = registry().load(kind, name)
            about = (getdoc(loaded) or "") if callable(loaded) else ", ".join(f"`{key}`" for key in loaded)
            first = about.split("\n\n")[0].replace("\n", " ")
            rows.append([f"`{name}`", offer.summary, first if kind == "function" else escaped(first)])
        parts += [f"## {title}", table([kind, "what it is", "more"], rows)]
    return "\n\n".join(parts) + "\n"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(re.sub(r"(?<!\\)\|", r"\|", cell) for cell in line) + " |" for line in lines)


def escaped(text: str) -> str:
    """Text whose signs are no Markdown; code within backticks stays."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]{}$#~|])", r"\\\1", part) for part in parts)
