"""Rules: what the kit asks of something that a plugin offers. Each has a name, a sentence, and what to do about it."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from coevo.errors import CoevoError
from coevo.plugin.faults import FAULTS
from coevo.testing.places import own_frames, place_of

Method = TypeVar("Method", bound=Callable[..., None])


class Broken(AssertionError):
    """A rule does not hold; the message says what was expected and what came."""


def expect(holds: object, message: str) -> None:
    """Raise Broken unless something holds: an `assert` that `python -O` keeps."""
    if not holds:
        raise Broken(message)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        name: a short name, as `coevo check --only` takes it.
        says: the rule, as a sentence without its subject.
        todo: what to do where it is broken.
        methods: the methods and attributes that it concerns.
        holds: raises any error if the rule is broken.
    """

    name: str
    says: str
    todo: str
    methods: tuple[str, ...]
    holds: Callable[[], None]


@dataclass(frozen=True)
class Check:
    """A rule, and whether it holds.

    Args:
        name: the rule, as a sentence without its subject.
        passed: whether it holds.
        message: what was expected and what came; empty if it holds.
        rule: the rule's short name.
        place: file:line in the author's code; empty if it holds, or if there is no file.
        todo: what to do; empty if it holds.
    """

    name: str
    passed: bool
    message: str = ""
    rule: str = ""
    place: str = ""
    todo: str = ""

    def __str__(self) -> str:
        lines = [f"{self.rule}: {self.name}", self.message, self.place, self.todo]
        return "\n  ".join(filter(None, lines))


def about(*methods: str) -> Callable[[Method], Method]:
    """Marks a check with the methods that it tests; an error without a line of the author's is placed at the first."""

    def mark(check: Method) -> Method:
        check.methods = methods  # type: ignore[attr-defined]
        return check

    return mark


def only_of(protocol: type) -> Callable[[Method], Method]:
    """Marks a check that concerns only players with a capability."""

    def mark(check: Method) -> Method:
        check.protocol = protocol  # type: ignore[attr-defined]
        return check

    return mark


class Bench:
    """Tries one thing that a plugin offers.

    Every method `check_…` is a rule: the first line of its docstring is the sentence, the rest is what to do.

    Args:
        subject: what is tried: a class, a function or a name.
        options: of a player, those that differ from the defaults.
    """

    folder: Path
    """The folder of a run, fresh for each rule."""

    def __init__(self, subject: Any, options: dict[str, Any]):
        self.subject, self.given = subject, options

    def prepare(self) -> None:
        """Raise CoevoError if it cannot be tried as things are, for example without data."""

    def rules(self) -> list[Rule]:
        """The rules that concern the subject, by name."""
        found = []
        for attribute, method in inspect.getmembers(self, inspect.ismethod):
            if not attribute.startswith("check_"):
                continue
            name = attribute.removeprefix("check_").replace("_", "-")
            protocol = getattr(method, "protocol", None)
            methods = getattr(method, "methods", ()) if protocol is None else methods_of(protocol)
            if protocol is None or all(callable(getattr(self.subject, part, None)) for part in methods):
                says, _, todo = (inspect.getdoc(method) or name).partition("\n")
                found.append(Rule(name, says.rstrip("."), " ".join(todo.split()), methods, method))
        return found


def examine(bench: Bench, rule: Rule) -> Check:
    """Try one rule, in a folder that is removed afterwards."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        bench.folder = Path(folder, "run")
        bench.folder.mkdir()
        try:
            rule.holds()
        except FAULTS as error:  # its rule is broken, the others go on
            place = place_of(bench.subject, rule.methods, error)
            return Check(rule.says, False, described(bench.subject, error), rule.name, shown(place, here), rule.todo)
    return Check(rule.says, True, rule=rule.name)


def described(subject: Any, error: BaseException) -> str:
    """What an error says, on one line; with its kind, and the line that raised it, if the author's code did."""
    said = next(iter(str(error).splitlines()), "") or "did not hold"
    if isinstance(error, Broken | CoevoError):
        return said
    lines = [frame.line for frame in own_frames(subject, error) if frame.line]
    return f"{type(error).__name__}: {said}" + (f", in `{lines[-1]}`" if lines else "")


def shown(place: tuple[str, int] | None, here: Path) -> str:
    """A place as file:line, from a folder if it lies there."""
    if place is None:
        return ""
    file = Path(place[0])
    return f"{os.path.relpath(file, here) if file.is_relative_to(here) else file}:{place[1]}"


def methods_of(protocol: type) -> tuple[str, ...]:
    """The methods of a capability."""
    return tuple(name for name, part in vars(protocol).items() if inspect.isfunction(part) and not name.startswith("_"))


def chosen(rules: Sequence[Rule], only: Sequence[str]) -> list[Rule]:
    """The rules of these names; all if none is named."""
    return [rule for rule in rules if not only or rule.name in only]
