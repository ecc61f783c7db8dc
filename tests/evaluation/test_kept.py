"""What an evaluation keeps comes back as it was, or is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from coevo.evaluation.kept import Kept


def numbers() -> dict[str, Tensor]:
    return {"a": torch.arange(4.0), "b": torch.tensor([3])}


def never() -> dict[str, Tensor]:
    raise AssertionError("it is there: nothing is computed")


def same(found: dict[str, Tensor]) -> bool:
    return found.keys() == numbers().keys() and all(torch.equal(found[name], numbers()[name]) for name in found)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    return tmp_path / "evaluators"


def test_what_is_kept_is_not_computed_again(cache: Path) -> None:
    assert same(Kept().get("x", "key", numbers)) and same(Kept().get("x", "key", never))
    with pytest.raises(AssertionError):
        Kept().get("x", "another key", never)


def test_any_damage_is_seen_and_mended(cache: Path) -> None:
    Kept().get("x", "key", numbers)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        assert same(Kept().get("x", "key", numbers)), place
    path.write_bytes(whole[:-1])
    assert same(Kept().get("x", "key", numbers)) and path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_no_figure(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    kept = Kept()
    assert same(kept.get("x", "key", numbers))
    assert kept.problem.startswith("not kept: Could not write ") and "COEVO_CACHE" in kept.problem
