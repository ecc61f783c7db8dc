"""The commands `coevo start` and `coevo paint`."""

from __future__ import annotations

from pathlib import Path

import click

from coevo.cli.common import FILE, RUN, RUNS_DIR, open_store


@click.command()
@click.pass_context
def start(context: click.Context) -> None:
    """Choose a recipe by its picture, and play it.

    It is what coevo without any words does in a terminal.
    """
    from coevo.cli.looking import recipe_rows
    from coevo_human.terminal import check_terminal

    check_terminal("coevo recipes lists what there is; coevo run NAME plays it.", other="")
    from coevo_human.terminal.launcher import Launcher  # late: it asks the terminal what it can show

    words = Launcher(recipe_rows()).run()
    if words:
        click.echo(f"$ coevo {' '.join(words)}")
        context.find_root().command.main(args=list(words), prog_name="coevo")


@click.command()
@RUN
@click.option("--from", "start", metavar="PICTURE", type=FILE, help="Go on from a saved picture, or from a label map.")
@click.option("--style", metavar="PICTURE", type=FILE, help="Paint in the style of a picture; for artists with styles.")
@click.option(
    "--seed", metavar="N", type=click.IntRange(0), default=None, help="Of the style.  [default: 0, or the picture's]"
)
@RUNS_DIR
def paint(run: str, start: Path | None, style: Path | None, seed: int | None, runs_dir: Path) -> None:
    """Paint a label map in the terminal; the artist of a RUN that learnt to, such as gaugan, makes a picture of it.

    What is painted is kept in the run's folder, and the next coevo paint goes on with it. Saved pictures carry their
    map.
    """
    from coevo.errors import ConfigError
    from coevo.interactive.painting import Painting
    from coevo.tools.paint import Painter, Style
    from coevo_human.terminal import check_terminal

    if style and seed is not None:
        raise ConfigError("A picture has one style; leave out --style or --seed.")
    painter = Painter(open_store(run, runs_dir))
    kept = painter.read(start) if start else painter.kept()
    numbers, its_style = kept or (painter.blank(), Style())
    if style:
        its_style = painter.style_of(style)
    elif seed is not None:
        its_style = Style(seed)
    check_terminal("Translate a label map that you have: coevo translate RUN MAP.png -o FOLDER.", other="")
    from coevo_human.terminal.painting import PaintingApp  # late: it asks the terminal what it can show

    note = "This is what was painted last; c clears it." if kept and not start else ""
    PaintingApp(painter, Painting(numbers, len(painter.regions)), its_style, note).run()
    click.echo(f"The map is kept; go on with: {painter.run.command('coevo paint')}")
