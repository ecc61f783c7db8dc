"""The command `coevo web`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coevo.cli.common import FILE, RUNS_DIR
from coevo.cli.completion import names_of
from coevo.cli.messages import loading
from coevo.cli.tables import counted
from coevo.errors import ConfigError


@click.command()
@click.argument("what", metavar="[RUN|RECIPE]", required=False, shell_complete=names_of("recipe"))
@click.option("--artist", metavar="NAME", help="Breed this artist's works.", shell_complete=names_of("artist"))
@click.option("--name", "run_name", metavar="NAME", help="The new run's name.")
@click.option("--seed", metavar="N", type=int, help="Seed of everything random in a new session.  [default: 0]")
@click.option("-o", "options", multiple=True, metavar="SECTION.OPTION=VALUE", help="Set any option of a new session.")
@click.option("--gallery", metavar="FILE", type=FILE, help="The file of published works.  [default: RUNS/.gallery]")
@click.option("--export", metavar="FOLDER", type=FILE, help="Write the published works as a folder of pages, and end.")
@click.option("--port", metavar="N", type=click.IntRange(1, 65535), help="The port.  [default: the first from 8765 on]")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Any other one than this lets machines of the network connect, without encryption.",
)
@click.option("--host-name", "names", metavar="NAME", multiple=True, help="Another name by which it is reached.")
@click.option("--ssh", is_flag=True, help="Print the tunnel by which you reach it from your own machine.")
@click.option("--share", is_flag=True, help="Print links for others: to breed and vote, and to look on.")
@click.option("--new-links", is_flag=True, help="Make all links and cookies of before invalid.")
@click.option("--browser/--no-browser", default=True, help="Open the browser.")
@RUNS_DIR
def web(
    what: str | None,
    artist: str | None,
    run_name: str | None,
    seed: int | None,
    options: tuple[str, ...],
    gallery: Path | None,
    export: Path | None,
    port: int | None,
    host: str,
    names: tuple[str, ...],
    ssh: bool,
    share: bool,
    new_links: bool,
    browser: bool,
    runs_dir: Path,
) -> None:
    """Breed pictures in the browser, alone or together; watch runs, and walk through published works.

    With a RUN its session goes on, with a RECIPE or --artist a new one begins; `coevo resume` and `coevo web` go on
    with each other's sessions. The link that it prints is the key to the page. Only this machine can connect,
    unless --host says otherwise.
    """
    with loading("torch"):
        from coevo_web.gallery_site import write_site
        from coevo_web.pictures import Pictures
        from coevo_web.rooms import Rooms
        from coevo_web.server import Address, Server, check_installed, local_names

        check_installed()
    gallery = gallery or runs_dir / ".gallery" / "gallery.db"
    if export is not None:
        click.echo(f"{counted(write_site(gallery, export), 'work')} in {export}; open {export / 'index.html'}")
        return
    if not Address(host).is_private and not share:
        raise ConfigError(
            f"--host {host} lets every machine that reaches this address connect, and nothing is encrypted; say "
            "--share too if you want that, or use --ssh."
        )
    rooms = Rooms(runs_dir, Pictures(level=1 if ssh or not Address(host).is_private else 0))
    server = Server(rooms, Address(host, port or 0, local_names(names)), gallery, new_links)
    begin = ""
    if what or artist:
        begin = f"/breed/{opened(rooms, what, artist, run_name, seed, options)}"
    server.run(begin, browser, ssh, share)
    click.echo("Kept everything.")


def opened(
    rooms: Any, what: str | None, artist: str | None, name: str | None, seed: int | None, options: tuple[str, ...]
) -> str:
    """Open the session that was asked for; its name. A run's name counts before a recipe's."""
    from coevo.runs.config import assignments, merge
    from coevo.storage.run_folder import RunFolder

    asked = merge(assignments(options), {} if seed is None else {"run": {"seed": seed}})
    stores = RunFolder.all(rooms.runs)
    if what and not artist and (what in {store.name for store in stores} or what == "latest"):
        if asked or name:
            raise ConfigError(f"Session {what!r} goes on as it was; leave out --name, --seed and -o.")
        return str(rooms.resume(stores[-1].name if what == "latest" and stores else what).name)
    players = {"artist": {"name": artist}, "critic": {"name": "human"}} if artist else {}
    return str(rooms.start(what, merge(players, asked), name).name)
