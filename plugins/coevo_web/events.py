"""Server-sent events: a channel that threads write to, and pages read from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

QUEUE = 64  # events that a reader may lag behind; it then comes again, and gets the state as it is
HEARTBEAT = 15  # seconds between two signs of life, by which either side finds out that the other has gone
READERS = 200  # of one channel


class Channel:
    """Events for every page that looks. Publishing is safe from every thread, and never waits."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: dict[asyncio.Queue[bytes | None], str] = {}  # and who reads them

    def __len__(self) -> int:
        return len(self._queues)

    @property
    def is_full(self) -> bool:
        return len(self._queues) >= READERS

    def publish(self, kind: str, data: Any, to: Callable[[str], bool] = lambda reader: True) -> None:
        """Tell all readers, or those whom `to` names."""
        loop, event = self._loop, encoded(kind, data)
        if loop is not None and self._queues and not loop.is_closed():
            loop.call_soon_threadsafe(self._put, event, to)

    def _put(self, event: bytes, to: Callable[[str], bool]) -> None:
        for queue in [queue for queue, reader in self._queues.items() if to(reader)]:
            if queue.full():
                del self._queues[queue]
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    async def read(
        self, first: Callable[[], bytes], left: Callable[[], None] = lambda: None, reader: str = ""
    ) -> AsyncIterator[bytes]:
        """Events as bytes of an event stream.

        Args:
            first: gives the event that tells how things stand; called once no later event can be missed.
            left: called when the page has gone.
            reader: who reads.
        """
        self._loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes | None](QUEUE)
        self._queues[queue] = reader
        try:
            yield b"retry: 1000\n\n" + first()
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    event = b": still here\n\n"
                if event is None:
                    return
                yield event
        finally:
            self._queues.pop(queue, None)
            left()


def encoded(kind: str, data: Any) -> bytes:
    """One event. JSON has no line breaks, so that it is one line.

    Example:
        >>> encoded("people", {"here": 2})
        b'event: people\\ndata: {"here":2}\\n\\n'
    """
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
