"""Rows of a log as text: the most telling figures first, aligned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coevo.cli.figures import LogTable, by_side, figures, number, telling

ROW = {
    "round": 10.0, "critic.loss": 0.739, "critic.D(x)": 0.688, "critic.accuracy": 0.882, "artist.loss": 1.67,
    "artist.reward": -1.67, "artist.reward_std": 0.127, "artist.diversity": 0.183, "ancestors.works": 0.0,
}  # fmt: skip
SIDES = st.sampled_from(["critic", "artist", "ancestors"])
NAMES = st.lists(st.builds("{}.{}".format, SIDES, st.text("abc_", min_size=1, max_size=18)), min_size=1, unique=True)


def test_the_figures_that_say_most_come_first() -> None:
    assert telling(ROW)[:4] == ["critic.accuracy", "artist.diversity", "artist.loss", "critic.loss"]
    assert telling(ROW)[-3:] == ["artist.reward", "artist.reward_std", "ancestors.works"]


def test_every_side_has_its_line() -> None:
    assert figures(ROW, 70) == [
        "critic     accuracy     0.882  loss   0.739  D(x)     0.688",
        "artist     diversity    0.183  loss    1.67  reward   -1.67",
        "           reward_std   0.127",
        "ancestors  works            0",
    ]
    assert len(figures(ROW, 70, lines=1)) == 3
    assert figures({"round": 1.0}, 80) == []


def test_the_log_is_a_table_under_a_heading() -> None:
    table = LogTable(60, {"round": 7, "left": 7})
    assert table.lines(["10", "0:59"], ROW) == [
        "                    critic              artist",
        "  round     left  accuracy     loss  diversity     loss",
        "     10     0:59     0.882    0.739      0.183     1.67",
    ]
    (line,) = table.lines(["1,290", "0:54"], ROW | {"critic.accuracy": 0.97})
    assert line.startswith("  1,290     0:54      0.97")


def test_the_heading_comes_again_after_twenty_lines_and_when_a_figure_is_missing() -> None:
    table = LogTable(60, {"round": 7})
    lengths = [len(table.lines([str(n)], ROW)) for n in range(21)]
    assert lengths == [3, *[1] * 19, 3]
    assert len(table.lines(["22"], {"round": 22.0, "artist.loss": 1.0})) == 3


@given(NAMES, st.integers(60, 160))
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_lost(names: list[str], width: int) -> None:
    row = dict.fromkeys(names, 0.5)
    lines = figures(row, width)
    assert max(map(len, lines)) <= width
    assert sum(line.count("0.5") for line in lines) == len(names)
    table = LogTable(width, {"round": 7}).lines(["1"], row)
    assert max(map(len, table)) <= width


def test_a_figure_without_a_side_is_shown_too() -> None:
    assert by_side(["speed", "artist.credit.1"]) == {"": {"speed": "speed"}, "artist": {"credit.1": "artist.credit.1"}}


def test_numbers_have_three_digits_and_thousands_are_whole() -> None:
    assert [number(value) for value in (0.12345, -1.5, 999.6, 1234.5, 1.5e7)] == [
        "0.123", "-1.5", "1e+03", "1,234", "1.5e+07",
    ]  # fmt: skip
