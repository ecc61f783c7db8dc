"""The command line. Commands import torch and pydantic when they are called, so that help is instant."""

from __future__ import annotations

import os

import click

from coevo.cli import authors, codes, doctor, grids, lineages, looking, playing, plugins, sweeping
from coevo.cli.completion import completion
from coevo.cli.group import Group
from coevo.cli.waiting import wait_briefly
from coevo.version import __version__


@click.group("coevo", cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="coevo %(version)s")
@click.option("--debug", is_flag=True, help="Look at every value that players give; show the traceback of an error.")
def main(debug: bool) -> None:
    """Art by an arms race: any artist against any critic, in one loop.

    \b
    Begin with:
      coevo recipes     list the published systems
      coevo run dcgan   play one of them; Ctrl-C ends it
      coevo show        show the newest run
    """
    wait_briefly(os.environ)


main.add_section("Play", [playing.run, playing.resume, sweeping.sweep, grids.grid])
main.add_section(
    "Look",
    [
        *(looking.recipes, looking.runs, looking.show, looking.sample, looking.film, looking.translate),
        *(looking.grow, looking.evaluate, looking.compare),
    ],
)
main.add_section(
    "Latent codes",
    [
        *(codes.interpolate, codes.traverse, codes.arithmetic, codes.manifold),
        *(codes.encode, codes.reconstruct, codes.scatter, codes.tangents),
    ],
)
main.add_section(
    "Breed", [lineages.lineage, lineages.export, lineages.accepted, lineages.render, lineages.import_picture]
)
main.add_section(
    "Plugins", [plugins.plugins, plugins.info, authors.check, authors.new_plugin, doctor.doctor, completion]
)
