"""What a user reads who typed something wrong: one sentence, and exit code 2."""

from __future__ import annotations

import pytest
from conftest import CommandLine


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("runns", "There is no command named 'runns'; did you mean 'runs'?"),
        ("run dcgan --rounds x", "--rounds should be a whole number, but got 'x'."),
        ("run dcgan --minutes x", "--minutes should be a number, but got 'x'."),
        ("sample -n 0 -o x.png", "-n should be a whole number from 1 to 1,000,000, but got 0."),
        ("sample --seed -1 -o x.png", "--seed should be a whole number of at least 0, but got -1."),
        ("info player dcgan", "KIND should be one of artist, critic, dataset, but got 'player'."),
        ("sample", "coevo sample needs -o; see coevo sample --help."),
        ("render -o x.png", "coevo render needs PICTURE; see coevo render --help."),
        ("run --round 3", "coevo run has no option --round; did you mean --rounds?"),
        ("show a b", "coevo show: got unexpected extra argument (b); see coevo show --help."),
        ("run dcgan --rounds", "Option '--rounds' requires an argument; see coevo --help."),
    ],
)
def test_what_is_typed_wrong_is_refused_in_a_sentence(words: str, said: str, coevo_command: CommandLine) -> None:
    assert coevo_command.refuses(*words.split()) == f"coevo: {said}\n"
