"""The server of the page: its port, its links, the browser that it opens, and the user interface `web`."""

from __future__ import annotations

import logging
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import click

from coevo.errors import CoevoError, ConfigError, reason
from coevo.interactive.commands import Command
from coevo.interactive.sheet import Sheet
from coevo_web.links import Links
from coevo_web.pictures import Pictures
from coevo_web.room import Room
from coevo_web.rooms import Rooms

PORT, PORTS = 8765, 20  # the first that is tried, and how many
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Address:
    """Where the page is served.

    Args:
        host: the address that is listened on.
        port: 0 takes the first free one from 8765 on.
        names: further names by which people reach it.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()

    @property
    def is_private(self) -> bool:
        """Whether nobody but this machine can connect."""
        return self.host in ("127.0.0.1", "localhost", "::1")

    def hosts(self, port: int) -> list[str]:
        """What the header Host may say."""
        wildcard = self.host in ("0.0.0.0", "::")
        own = [] if wildcard else [f"[{self.host}]" if ":" in self.host else self.host]
        names = [*LOOPBACK, *own, *self.names]
        return [f"{name}:{port}" for name in names] + ([*names] if port == 80 else [])

    def bound(self) -> socket.socket:
        """A socket that listens.

        Raises:
            ConfigError: the port is taken, or the address is not one of this machine.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in [self.port] if self.port else range(PORT, PORT + PORTS):
            listening = socket.socket(family, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind((self.host, port))
                listening.listen(256)
                return listening
            except OSError as error:
                listening.close()
                why = reason(error)
        tried = self.port or f"{PORT} to {PORT + PORTS - 1}"
        raise ConfigError(f"Cannot listen on {self.host}, port {tried}: {why}. Choose another with --port.")


class Server:
    """One page, served until Ctrl-C.

    Args:
        rooms: the sessions.
        address: where it is served.
        gallery: the file of published works; by default in the folder of all runs.
    """

    def __init__(self, rooms: Rooms, address: Address = Address(), gallery: Path | None = None, renew: bool = False):
        check_installed()
        self.rooms, self.address = rooms, address
        self.gallery = gallery or rooms.runs / ".gallery" / "gallery.db"
        self.links = Links.of_user(renew)

    def run(self, begin: str = "", browser: bool = True, ssh: bool = False, share: bool = False) -> None:
        """Serve.

        Args:
            begin: the page's part after #, where it opens.
            browser: open it in the browser.
            ssh: print how to reach it through ssh.
            share: print the links for others.
        """
        import uvicorn

        from coevo_web.app import make_app

        listening = self.address.bound()
        port = listening.getsockname()[1]
        app = make_app(self.rooms, self.gallery, self.links, self.address.hosts(port), f"coevo-{port}")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, date_header=False, lifespan="on",
            timeout_graceful_shutdown=1, timeout_keep_alive=30, h11_max_incomplete_event_size=16384, ws="none",
        )  # fmt: skip
        server = uvicorn.Server(config)
        logging.getLogger("coevo.web").addHandler(logging.StreamHandler())
        said = self.said(port, begin, ssh, share)
        click.echo("\n".join(said))
        if browser and self.address.is_private and not ssh and sys.stdout.isatty():
            Thread(target=webbrowser.open, args=[self.link("owner", port, begin)], daemon=True).start()
        try:
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listening])
        finally:
            listening.close()
            self.rooms.close()

    def link(self, role: Any, port: int, begin: str = "") -> str:
        host = self.address.names[0] if self.address.names else self.address.host
        host = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        return f"http://{host}:{port}/?token={self.links.token(role)}{begin and f'#{begin}'}"

    def said(self, port: int, begin: str, ssh: bool, share: bool) -> list[str]:
        """What is printed before the page is served."""
        lines = [
            f"Open this link; it is the key to your page, so keep it to yourself:\n  {self.link('owner', port, begin)}"
        ]
        if share:
            lines += [
                f"Who has this link breeds and votes with you:\n  {self.link('voter', port, begin)}",
                f"Who has this one looks on:\n  {self.link('watcher', port, begin)}",
            ]
        if ssh:
            lines += [
                f"On your own machine, open the tunnel, then the link:\n  ssh -N -L {port}:localhost:{port} "
                f"{socket.gethostname()}"
            ]
        if not self.address.is_private:
            lines += [
                f"--host {self.address.host}: every machine that reaches this address can connect, and what it sends "
                "is not encrypted. Only who has a link gets in; on a network that you do not trust, use --ssh."
            ]
        return [*lines, "Ctrl-C ends it; everything is kept."]


class Web(Room):
    """The user interface `web`: a run that was started on the command line, on a page."""

    def __init__(self) -> None:
        check_installed()
        super().__init__("", Pictures())
        self._ready = Event()

    def ask(self, sheet: Sheet) -> Command:
        if not self._ready.is_set():
            folder = sheet.session.studio.folder
            self.name = folder.name if folder else "session"
            self.runs = folder.parent if folder else Path()
            self.state = {**self.state, "name": self.name}
            self._ready.set()
        return super().ask(sheet)

    def host(self, play: Callable[[], None]) -> None:
        failed: list[BaseException] = []

        def played() -> None:
            try:
                self.play(play)
            except BaseException as error:
                failed.append(error)
            finally:
                self._ready.set()

        players = Thread(target=played, name="players", daemon=True)
        players.start()
        self._ready.wait()
        if self.name:
            rooms = Rooms(self.runs, self.pictures)
            rooms.add(self)
            Server(rooms).run(f"/breed/{self.name}")
        self.leave()
        players.join()
        if failed:
            raise failed[0]


def check_installed() -> None:
    """Raise CoevoError if what the page is served with is missing."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise CoevoError(
            "The page needs starlette and uvicorn; install them with: pip install 'coevo[web]'."
        ) from error


def local_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names by which a page may be reached. Raises ConfigError if one is no host's name."""
    for name in names:
        if not name or not all(sign.isalnum() or sign in ".-" for sign in name) or len(name) > 253:
            raise ConfigError(f"--name {name!r} should be the name of a host, such as art.example.org.")
    return tuple(name.lower() for name in names)
