"""How the threads of a network wait for each other: briefly awake, then asleep."""

from __future__ import annotations

from collections.abc import MutableMapping

SPINS = 1000  # of GNU's OpenMP, some 10 to 50 µs: the length of a small layer
CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def wait_briefly(environment: MutableMapping[str, str]) -> None:
    """Let threads that wait for others give up their processor soon, unless the user has said how they should wait.

    At the end of every layer all threads wait for the slowest. OpenMP lets them spin for milliseconds, in the hope that
    it comes at once. Beside another job it does not come: its processor is taken, at times by a thread that spins. Two
    runs on two cores then stand still for most of their time. OpenMP reads its variables when torch is imported.

    Example:
        >>> environment = {"GOMP_SPINCOUNT": "0"}
        >>> wait_briefly(environment)
        >>> environment
        {'GOMP_SPINCOUNT': '0'}
    """
    if not any(name in environment for name in CHOICES):
        environment["OMP_WAIT_POLICY"] = "PASSIVE"  # Intel's and LLVM's OpenMP: asleep at once
        environment["GOMP_SPINCOUNT"] = str(SPINS)
