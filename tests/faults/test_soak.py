"""A short soak; `python -m tests.faults.soak --minutes 60` is the long one."""

from __future__ import annotations

import pytest
from faults import soak


@pytest.mark.slow
@pytest.mark.parametrize("recipe", soak.RUNS)
def test_memory_and_open_files_stay_as_they_are(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main([recipe, "--minutes", "0.75", "--start", "0.6", "--limit", "30"]) == 0, capsys.readouterr().out
