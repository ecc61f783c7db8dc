"""Mutated inputs end in success or one sentence; those that once did not are kept in the corpus."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from faults import inputs, mutations

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
COUNT = 24  # inputs of each kind; `python -m tests.faults.inputs` gives thousands


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> inputs.Stage:
    folder = tmp_path_factory.mktemp("inputs") / "stage"
    folder.mkdir()
    return inputs.Stage(folder).prepare()


@pytest.mark.slow
@pytest.mark.parametrize("kind", inputs.KINDS)
def test_mutated_inputs_end_in_success_or_a_sentence(kind: str, stage: inputs.Stage, tmp_path: Path) -> None:
    findings = inputs.examined(stage.folder, kind, COUNT, 25, tmp_path)
    assert [f"{one.number} {one.mutation}: {one.problem}" for one in findings] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_something_does_not_any_more(path: Path, stage: inputs.Stage, tmp_path: Path) -> None:
    own = stage.copy(tmp_path / "own")
    for seed in range(4):
        assert inputs.give(own, path.parent.name, path.read_bytes(), random.Random(seed)) == ""


def test_the_same_seed_gives_the_same_inputs() -> None:
    content = b"some content that is long enough to be changed"
    for mutation in mutations.TEXT:
        one, other = (mutation(random.Random(7), content) for _ in range(2))
        assert one == other


def test_nothing_unpickles_or_evaluates() -> None:
    """No file of another can run code: no pickle, no eval, no exec, no shell, no XML but the guarded parser's."""
    harmful = (
        r"\bpickle\b(?!s)|\bdill\b|\bshelve\b|\bmarshal\b|joblib|torch\.load\(|allow_pickle=True",
        r"(?<![\w.])(eval|exec|compile)\(|__import__\(|os\.system|shell=True|yaml\.(?!safe_)load",
        r"from xml\.etree\.ElementTree import (?!Element, (ParseError|register_namespace, tostring)$)|xml\.dom|lxml",
        r"extractall|\.extract\(",
        r"(?<!defused)xml\.sax(?! import SAXException$|\.handler import|\.saxutils import)",
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in ("coevo", "plugins")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(re.search(pattern, line) for pattern in harmful) and not line.lstrip().startswith(("#", '"""'))
    ]
    assert found == []
