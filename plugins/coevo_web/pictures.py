"""Pictures by the hash of their bytes: a name never means another picture, so that browsers keep it for ever."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from threading import Lock

from PIL import Image

KEPT = 96 << 20  # bytes; some fifty sheets


class Pictures:
    """The newest pictures that were named in answers.

    Args:
        kept: bytes of all of them, at most.

    Example:
        >>> pictures = Pictures()
        >>> name = pictures.add(Image.new("L", (2, 2)))
        >>> pictures.get(name)[:4], pictures.get("0" * 32)
        (b'\\x89PNG', None)
    """

    def __init__(self, kept: int = KEPT):
        self._kept, self._size = kept, 0
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def add(self, picture: Image.Image) -> str:
        """Keep a picture; its name."""
        buffer = io.BytesIO()
        picture.save(buffer, "png", compress_level=1)  # quick: it travels over loopback
        content = buffer.getvalue()
        name = hashlib.sha256(content).hexdigest()[:32]
        with self._lock:
            if name not in self._pictures:
                self._pictures[name], self._size = content, self._size + len(content)
            self._pictures.move_to_end(name)
            while self._size > self._kept and len(self._pictures) > 1:
                _, oldest = self._pictures.popitem(last=False)
                self._size -= len(oldest)
        return name

    def get(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._pictures:
                self._pictures.move_to_end(name)
            return self._pictures.get(name)
