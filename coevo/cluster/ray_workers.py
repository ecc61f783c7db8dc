"""Workers of Ray, on this machine or on a cluster. One that dies is replaced, and its chunk is given out again."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from coevo.cluster.versions import Versions
from coevo.cluster.worker import Worker
from coevo.errors import ConfigError
from coevo.extras import needed
from coevo.studio.workers import Task, Workers

LOCAL = "local"
PATIENCE = 5.0  # seconds until an address is said not to answer
START = 30.0  # seconds until a cluster has let us in, and until its workers have begun
QUICK = 0.03  # seconds that works take: in less, they are done here, as messages cost a few milliseconds each
LEAST = 4  # works of a chunk
DEATHS = 5  # workers that end over one chunk: then the chunk is the cause


@contextmanager
def connected(where: str, count: int) -> Iterator[RayWorkers]:
    """Workers, as long as the block lasts.

    Args:
        where: "local", which starts Ray on this machine, on its loopback address alone; or HOST:PORT of a cluster.
        count: of workers; each has one processor.

    Raises:
        ConfigError: Ray is not installed, nobody answers at the address, or the workers have other versions.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray = needed("ray", "cluster", "--cluster")
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    if where == LOCAL:
        ray.init(num_cpus=count, include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
    else:
        check_address(where)
        begun = begin(lambda: ray.init(address=where, **quiet), START)
        if begun is not None:
            raise ConfigError(f"--cluster {where}: whoever answers there is no Ray cluster of this version ({begun}).")
    try:
        yield RayWorkers(ray, count)
    finally:
        ray.shutdown()


def begin(call: Callable[[], object], seconds: float) -> str | None:
    """Call something that may never end, as connecting to a server that is not Ray: None if it did, or why not."""
    problems = [f"no answer in {seconds:g} seconds"]

    def run() -> None:
        try:
            call()
            problems.clear()
        except Exception as error:  # Ray has many
            problems[0] = str(error).splitlines()[0] if str(error) else type(error).__name__

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return problems[0] if problems else None


def check_address(where: str) -> None:
    """Raise ConfigError unless somebody answers at HOST:PORT."""
    host, colon, port = where.rpartition(":")
    if not (host and colon and port.isdigit()):
        raise ConfigError(f"--cluster should be local, or HOST:PORT of a Ray cluster, but got {where!r}.")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"--cluster {where}: nobody answers there ({error}); `ray start --head` starts a cluster, and says its "
            "address."
        ) from error


def last_line(error: Exception) -> str:
    """What an error of Ray says in the end, after a traceback."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__


class RayWorkers(Workers):
    """Actors of Ray.

    Args:
        ray: the module, connected.
        count: of workers.

    Raises:
        ConfigError: their versions differ from those here.
    """

    def __init__(self, ray: Any, count: int):
        self._ray = ray
        self._seconds: dict[str, float] = {}  # of a work, by task, as it took here
        self._actor = ray.remote(num_cpus=1)(Worker)
        self._workers = [self._actor.remote() for _ in range(count)]
        ours = Versions.here()
        asked = [worker.versions.remote() for worker in self._workers]
        try:
            found = ray.get(asked, timeout=START)
        except ray.exceptions.GetTimeoutError as error:
            raise ConfigError(
                f"{count} workers did not begin in {START:g} seconds; if --cluster has fewer processors that are free, "
                "say fewer --workers."
            ) from error
        except ray.exceptions.RayError as error:
            raise ConfigError(
                "A worker of --cluster cannot begin; the same coevo and the same plugins have to be installed there. "
                f"Ray says: {last_line(error)}"
            ) from error
        for theirs in found:
            if difference := ours.difference(theirs):
                raise ConfigError(f"The workers of --cluster have {difference}; install the same there.")

    def call(self, task: Task, here: Callable[[], np.ndarray], things: Sequence[str] | np.ndarray) -> np.ndarray:
        """What a task's method returns for N things: by the workers, or here if that is sooner.

        Raises:
            ConfigError: the same things cost one worker after another its life.
            Exception: what the player's method raised.
        """
        if len(things) * self._seconds.get(task.method, 0.0) < QUICK:
            started = time.perf_counter()
            done = here()
            self._seconds[task.method] = (time.perf_counter() - started) / len(things)
            return done
        parts = max(1, min(2 * len(self._workers), len(things) // LEAST))
        ends = [len(things) * part // parts for part in range(parts + 1)]
        return np.concatenate(self._map(task, [things[first:end] for first, end in pairwise(ends)]))

    def _map(self, task: Task, chunks: Sequence[Any]) -> list[np.ndarray]:
        """What the task's method returns for each chunk, in their order; whoever is free takes the next."""
        results: list[Any] = [None] * len(chunks)
        deaths = [0] * len(chunks)
        waiting = list(reversed(range(len(chunks))))
        running: dict[Any, tuple[int, int]] = {}  # what a worker will return → its place, and the chunk
        free = list(range(len(self._workers)))
        while waiting or running:
            while waiting and free:
                place, chunk = free.pop(0), waiting.pop()
                running[self._workers[place].work.remote(task, chunks[chunk])] = place, chunk
            (done, *_), _ = self._ray.wait(list(running))
            place, chunk = running.pop(done)
            free.append(place)
            try:
                results[chunk] = self._ray.get(done)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except self._ray.exceptions.RayError as error:  # its process or its machine has ended
                deaths[chunk] += 1
                if deaths[chunk] >= DEATHS:
                    raise ConfigError(
                        f"{DEATHS} workers of --cluster have ended over the same {len(chunks[chunk])} works; they may "
                        f"need more memory than there is. Ray says: {str(error).splitlines()[0]}"
                    ) from error
                self._workers[place] = self._actor.remote()
                waiting.append(chunk)
        return results
