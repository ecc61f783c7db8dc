"""Every artist that is installed before every critic: each pair plays five rounds, or is refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine

from coevo.plugin.registry import registry
from coevo.storage.jsonl import read_log

ARTISTS, CRITICS = registry().offers("artist"), registry().offers("critic")
OPTIONS = {
    "gp": ("-o", "artist.max_depth=3"),
    "taste": ("-o", "critic.likes=symmetry"),
    "pix2pix": ("-o", "data.given=edges", "-o", "artist.width=4"),
    "cyclegan": ("-o", "data.given=digits", "-o", "artist.width=4", "-o", "artist.blocks=1"),
    "patch": ("-o", "critic.width=4"),
    "classifier": ("-o", "critic.steps=3"),
}
REASONS = (
    "learns by gradients and",
    "learns from scores only",
    "judges latent codes and",
    "samples its codes from the prior",
    "judges pictures and",
    "learns from a critic alone",
    "so it can only breed the latent codes of an artist",
    "shares the encoder of artist",
    "is given nothing",
    "needs something to make works from",
    "learns from pairs",
    "judges works by their labels and",
    "plays in the code space of a trained artist",
)


@pytest.mark.slow
@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize("artist", ARTISTS)
def test_the_pair_plays_or_is_refused(artist: str, critic: str, tmp_path: Path) -> None:
    picks = tmp_path / "it.picks"
    picks.write_text("1\n" * 5)
    words: list[Any] = ["run", "--artist", artist, "--critic", critic, "--size", 32, "--rounds", 5, "--name", "it"]
    words += [*OPTIONS.get(artist, ()), *OPTIONS.get(critic, ()), "-o", "run.log_every=1"]
    words += ["--picks", picks] if critic == "human" else ["--batch", 6]
    answer = CommandLine(tmp_path)(*words)
    assert "Traceback" not in answer.err
    if answer.code:
        assert answer.code == 2 and any(reason in answer.err for reason in REASONS), answer.err
        assert not (tmp_path / "it").exists()
    elif critic != "human":
        assert [row["round"] for row in read_log(tmp_path / "it" / "metrics.jsonl")] == [1, 2, 3, 4, 5]
