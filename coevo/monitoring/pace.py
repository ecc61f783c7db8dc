"""The pace of a run: whether its steps have become much slower than they were."""

from __future__ import annotations

WINDOW = 2.0  # seconds of steps that are looked at together
SLOWER = 10  # times
WINDOWS = 2  # that must be slow, one after another


class Pace:
    """Compares the steps of each side with the fastest that this process has seen, and says once if they fell behind.

    Example:
        >>> pace = Pace()
        >>> fast = [pace.step("artist", 0.01) for _ in range(400)]
        >>> [said for said in (pace.step("artist", 0.5) for _ in range(8)) if said]
        ['steps of the artist take 50 times as long as before; another job may be using the processors (see --threads)']
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._steps: dict[str, int] = {}
        self._fastest: dict[str, float] = {}
        self._slow: dict[str, int] = {}
        self._said = False

    def step(self, role: str, seconds: float) -> str | None:
        """Take in a step and how long it took; the sentence that is due, if one is."""
        self._seconds[role] = self._seconds.get(role, 0.0) + seconds
        self._steps[role] = self._steps.get(role, 0) + 1
        if self._seconds[role] < WINDOW:
            return None
        took = self._seconds.pop(role) / self._steps.pop(role)
        fastest = self._fastest[role] = min(took, self._fastest.get(role, took))
        self._slow[role] = self._slow.get(role, 0) + 1 if took > SLOWER * fastest else 0
        if self._said or self._slow[role] < WINDOWS:
            return None
        self._said = True
        times = f"{took / fastest:.0f} times as long as before"
        return f"steps of the {role} take {times}; another job may be using the processors (see --threads)"
