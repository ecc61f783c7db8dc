"""The command line. torch and pydantic are imported inside commands only, so that help is instant."""

from __future__ import annotations

import click

from coevo.cli import codes, lineages, looking, playing, plugins
from coevo.cli.group import Group
from coevo.version import __version__


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="coevo %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Art by an arms race: any Artist against any Critic, in one loop."""


for command in (
    *(playing.run, playing.resume),
    *(looking.runs, looking.recipes, looking.show, looking.evaluate),
    *(looking.sample, codes.interpolate, codes.traverse, codes.arithmetic, codes.manifold),
    *(codes.encode, codes.reconstruct, codes.scatter, codes.tangents),
    *(lineages.lineage, lineages.accepted, lineages.export, lineages.render, lineages.bring),
    *(plugins.plugins, plugins.info, plugins.check),
):
    main.add_command(command)
