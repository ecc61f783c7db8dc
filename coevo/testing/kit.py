"""The conformance kit: every rule of what a plugin offers, one after another, or each as a test of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from coevo.adversarial.games import Game
from coevo.contract.players import Artist, Critic
from coevo.errors import ConfigError, unknown
from coevo.interactive.ui import UI
from coevo.latent_models.priors import Prior
from coevo.monitoring.tracker import Tracker
from coevo.testing.artist_checks import ArtistBench
from coevo.testing.critic_checks import CriticBench
from coevo.testing.offer_checks import DatasetBench, GameBench, PriorBench
from coevo.testing.other_checks import CommandBench, FunctionsBench, ImporterBench, RecipeBench, TrackerBench, UIBench
from coevo.testing.rules import Bench, Broken, Check, Rule, chosen, examine

BENCHES: dict[str, type[Bench]] = {
    "artist": ArtistBench,
    "critic": CriticBench,
    "game": GameBench,
    "prior": PriorBench,
    "dataset": DatasetBench,
    "recipe": RecipeBench,
    "function": FunctionsBench,
    "importer": ImporterBench,
    "ui": UIBench,
    "tracker": TrackerBench,
    "command": CommandBench,
}
CLASSES: dict[str, type] = {
    "artist": Artist,
    "critic": Critic,
    "game": Game,
    "prior": Prior,
    "ui": UI,
    "tracker": Tracker,
}


def conform(kind: str, player: Any, options: Mapping[str, Any] | None = None) -> None:
    """Raise an error unless a player, or whatever else a plugin offers, conforms to the contract.

    Args:
        kind: what it is, as in the names of the hooks: "artist", "critic", "game", ….
        player: what the offer's path points at: a class, a function, a dict; of a recipe its name.
        options: of a player or a dataset, those that differ from the defaults, for example a smaller network.

    Raises:
        AssertionError: it does not; the message has every rule that is broken, the place, and what to do.

    Example:
        >>> from coevo.testing import TargetCritic
        >>> conform("critic", TargetCritic)
    """
    broken = [str(check) for check in check_player(kind, player, options) if not check.passed]
    if broken:
        name = player if isinstance(player, str) else getattr(player, "name", getattr(player, "__name__", ""))
        raise Broken(f"{f'{kind} {name!r}' if name else kind} does not conform:\n" + "\n".join(broken))


def conformance(
    subject: Any,
    options: Mapping[str, Any] | None = None,
    *,
    kind: str = "",
    expected: Mapping[str, str] | None = None,
) -> Callable[..., None]:
    """A test function for pytest, with each rule as a test of its own.

    Args:
        subject: what the offer's path points at: a class, a function, a dict; of a recipe its name.
        options: of a player or a dataset, those that differ from the defaults, for example a smaller network.
        kind: what it is, where it is no class: "dataset", "recipe", "function", "importer" or "command".
        expected: rules that it breaks on purpose, and why; such a test fails if the rule holds.

    Returns:
        A function, whose name in a module of tests begins with ``test_``.

    Raises:
        ConfigError: `expected` names a rule that does not concern it.

    Example:
        >>> from coevo.testing import TargetCritic
        >>> test_target = conformance(TargetCritic)
    """
    import pytest

    bench = bench_for(kind or kind_of(subject), subject, options)
    rules, reasons = bench.rules(), dict(expected or {})
    check_names(reasons, rules)

    def param(rule: Rule) -> Any:
        marks = [pytest.mark.xfail(reason=reasons[rule.name], strict=True)] if rule.name in reasons else []
        return pytest.param(rule, id=rule.name, marks=marks)

    @pytest.mark.parametrize("rule", [param(rule) for rule in rules])
    def test(rule: Rule) -> None:
        check = examine(bench, rule)
        if not check.passed:
            pytest.fail(str(check), pytrace=False)  # the place is in the author's code, not in the kit's

    return test


def check_player(
    kind: str, player: Any, options: Mapping[str, Any] | None = None, only: Sequence[str] = ()
) -> Iterator[Check]:
    """Try something out, a player beside a simple opponent and real digits, and yield every check.

    Args:
        kind, player, options: as of `conform`.
        only: names of rules; by default all that concern it.

    Raises:
        ConfigError: there is no such rule.
        DataError: a dataset needs an option, such as its folder.
    """
    bench = bench_for(kind, player, options)
    rules = bench.rules()
    check_names(only, rules)
    bench.prepare()
    for rule in chosen(rules, only):
        yield examine(bench, rule)


def bench_for(kind: str, subject: Any, options: Mapping[str, Any] | None = None) -> Bench:
    """The bench of a kind. Raises ConfigError if there is none."""
    if kind not in BENCHES:
        raise ConfigError(unknown("kit for the kind", kind, BENCHES))
    return BENCHES[kind](subject, dict(options or {}))


def kind_of(subject: Any) -> str:
    """The kind of a class. Raises ConfigError if it is of none."""
    for kind, base in CLASSES.items():
        if isinstance(subject, type) and issubclass(subject, base):
            return kind
    raise ConfigError(f"{subject!r} is no class of an {', '.join(CLASSES)}; say what it is, such as kind='dataset'.")


def check_names(names: Iterable[str], rules: Sequence[Rule]) -> None:
    """Raise ConfigError if a rule of one of these names does not exist."""
    known = [rule.name for rule in rules]
    mistakes = [unknown("rule", name, known) for name in names if name not in known]
    if mistakes:
        raise ConfigError(mistakes)
