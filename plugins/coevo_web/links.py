"""Links that open the page: each carries a token, which becomes a cookie. Both are made of one secret of the user's."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from coevo.storage.atomic import CACHE, writing
from coevo.storage.cache import cache_folder

Role = Literal["owner", "voter", "watcher"]
ROLES: tuple[Role, ...] = get_args(Role)
"""An owner opens sessions, stops runs and sets the rules; a voter breeds and votes; a watcher looks."""
COOKIE = re.compile(r"([0-9a-f]{16})\.(owner|voter|watcher)\.([0-9a-f]{64})")
SECRET_BYTES = 32


@dataclass(frozen=True)
class Visitor:
    """Who sent a request.

    Args:
        id: random, the same for all requests of a browser.
        role: what it may do.
    """

    id: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether it may do what this role may."""
        return ROLES.index(self.role) <= ROLES.index(role)


class Links:
    """Tokens and cookies of one secret. They hold for as long as the secret does, so a server that is started again
    knows its visitors.

    Args:
        secret: random bytes that nobody else knows.

    Example:
        >>> links = Links(b"x" * 32)
        >>> visitor = links.visitor(links.token("voter"))
        >>> visitor.role, links.known(links.cookie(visitor)) == visitor, links.known("forged")
        ('voter', True, None)
    """

    def __init__(self, secret: bytes):
        self._secret = secret

    @classmethod
    def of_user(cls, renew: bool = False) -> Links:
        """Those of the user's own secret, which is made when it is first asked for, or anew.

        Raises:
            StoreError: it cannot be kept.
        """
        path = cache_folder() / "web-secret"
        secret = b"" if renew else read_secret(path)
        if not secret:
            secret = secrets.token_bytes(SECRET_BYTES)
            with writing(path, CACHE):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                path.touch(0o600, exist_ok=False)
                path.write_bytes(secret)
        return cls(secret)

    def token(self, role: Role) -> str:
        """The token of the link for a role."""
        return self._sign("link", role)[:43]

    def visitor(self, token: str) -> Visitor | None:
        """A new visitor, if the token is one of a link's."""
        for role in ROLES:
            if hmac.compare_digest(token.encode(), self.token(role).encode()):
                return Visitor(secrets.token_hex(8), role)
        return None

    def cookie(self, visitor: Visitor) -> str:
        return f"{visitor.id}.{visitor.role}.{self._sign('cookie', visitor.id, visitor.role)}"

    def known(self, cookie: str) -> Visitor | None:
        """The visitor of a cookie; None if it is not one of ours."""
        found = COOKIE.fullmatch(cookie)
        if found is None:
            return None
        visitor = Visitor(found[1], next(role for role in ROLES if role == found[2]))
        return visitor if hmac.compare_digest(cookie, self.cookie(visitor)) else None

    def _sign(self, *words: str) -> str:
        return hmac.new(self._secret, "\n".join(words).encode(), hashlib.sha256).hexdigest()


def read_secret(path: Path) -> bytes:
    """The secret in a file that nobody else can read; empty if there is none."""
    try:
        if path.stat().st_mode & 0o077:
            return b""
        secret = path.read_bytes()
    except OSError:
        return b""
    return secret if len(secret) == SECRET_BYTES else b""
