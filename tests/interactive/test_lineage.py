"""Lineages as text: each thing is said once."""

from __future__ import annotations

from pathlib import Path

from conftest import CommandLine


def test_a_tree_names_parents_only_where_the_tree_does_not(tmp_path: Path) -> None:
    (tmp_path / "x.picks").write_text("1 2\n3\nq\n")
    command = CommandLine(tmp_path / "runs")
    command("run", "sims", "--picks", tmp_path / "x.picks", "--name", "it", "--size", 16, "-o", "artist.crossover=1")
    lines = command("lineage", "it").out.splitlines()
    assert lines[0].startswith("1 generation 0 picked by human, 20")
    assert " from 1 × 2 " in "".join(lines) or " from 2 × 1 " in "".join(lines)
    assert sum(" from " in line for line in lines) == 1
