"""The pace of a run: whether its steps have become much slower than they were, though they are no harder."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW = 2.0  # seconds of steps that are looked at together
WINDOWS = 3  # that must be slow, one after another
SLOWER = 2.0  # times, with about the same work of the processors: something else had them
HARDER = 1.4  # times the work: the steps themselves have grown, as a population's programs do
COLLAPSED = 10.0  # times, with whatever work: threads that spin while they wait count as work


@dataclass
class Window:
    """Some steps of one side."""

    seconds: float = 0.0
    busy: float = 0.0
    steps: int = 0


class Pace:
    """Compares the steps of each side with the fastest that this process has seen, and says once if they fell behind.

    Example:
        >>> pace = Pace()
        >>> fast = [pace.step("artist", 0.01, 0.01) for _ in range(600)]
        >>> [said for said in (pace.step("artist", 0.03, 0.01) for _ in range(300)) if said]
        ['steps of the artist take 3.0 times as long as before: another job may be using the processors; runs beside each other lose least with --threads 1']
    """  # noqa: E501

    def __init__(self) -> None:
        self._now: dict[str, Window] = {}
        self._fastest: dict[str, Window] = {}
        self._slow: dict[str, int] = {}
        self._said = False

    def step(self, role: str, seconds: float, busy: float) -> str | None:
        """Take in a step.

        Args:
            role: the side that took it.
            seconds: how long it took.
            busy: for how many seconds the processors worked on it, all threads together.

        Returns:
            The sentence that is due, if one is.
        """
        now = self._now.setdefault(role, Window())
        now.seconds, now.busy, now.steps = now.seconds + seconds, now.busy + busy, now.steps + 1
        if now.seconds < WINDOW:
            return None
        del self._now[role]
        fastest = self._fastest.setdefault(role, now)
        slower = now.seconds / now.steps / (fastest.seconds / fastest.steps)
        harder = now.busy / now.steps / max(fastest.busy / fastest.steps, 1e-9)
        if slower < 1:
            self._fastest[role] = now
        is_slow = slower > COLLAPSED or (slower > SLOWER and harder < HARDER)
        self._slow[role] = self._slow.get(role, 0) + 1 if is_slow else 0
        if self._said or self._slow[role] < WINDOWS:
            return None
        self._said = True
        return (
            f"steps of the {role} take {slower:.1f} times as long as before: another job may be using the processors; "
            "runs beside each other lose least with --threads 1"
        )
