"""A work as one page that opens anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browsers import browser
from conftest import CommandLine


@pytest.fixture
def bred(coevo_command: CommandLine, tmp_path: Path) -> CommandLine:
    """A session in which three sheets of networks were bred."""
    script = tmp_path / "it.picks"
    script.write_text("3\n5 6\n2\n")
    answer = coevo_command("run", "picbreeder", "--name", "it", "--size", 32, "--picks", script)
    assert answer.code == 0, answer.err
    return coevo_command


def newest(command: CommandLine) -> str:
    return re.findall(r"(\d+) generation 3", command("lineage", "it").out)[-1]


def test_a_page_is_one_small_file_that_asks_nothing_of_anybody(bred: CommandLine, tmp_path: Path) -> None:
    page = tmp_path / "it.html"
    assert f"as a page in {page}" in bred("export", "it", newest(bred), "-o", page).out
    text = page.read_text()
    assert len(text.encode()) < 100_000
    assert "Content-Security-Policy" in text and "default-src 'none'" in text
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert text.count("<figure>") >= 2  # the way here
    again = tmp_path / "again.html"
    bred("export", "it", newest(bred), "-o", again)
    assert again.read_bytes() == page.read_bytes()


def test_works_that_are_no_programs_become_no_page(coevo_command: CommandLine, tmp_path: Path) -> None:
    script, page = tmp_path / "it.picks", tmp_path / "it.html"
    script.write_text("3\n")
    coevo_command("run", "blind-watchmaker", "--name", "it", "--size", 32, "--picks", script)
    said = coevo_command.refuses("export", "it", "1", "-o", page)
    assert "works of artist 'biomorph' are none" in said and not page.exists()


@pytest.mark.slow
def test_a_page_shows_nodes_zooms_and_moves_by_keyboard(bred: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "it.html"
    bred("export", "it", newest(bred), "-o", file)
    with browser() as opened:
        page = opened.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(file.as_uri())
        picture = page.locator("canvas.picture")
        picture.focus()
        page.keyboard.press("+")
        page.keyboard.press("ArrowLeft")
        page.get_by_text("2.0×").wait_for()
        nodes = page.locator("button.node")
        assert nodes.count() >= 4
        ink = nodes.filter(has_text="ink")
        ink.focus()
        page.keyboard.press("Enter")
        assert ink.get_attribute("aria-pressed") == "true"
        before = page.evaluate("document.querySelector('#genome').shadowRoot.querySelector('canvas').toDataURL()")
        page.locator("input[type=range]").first.fill("0.123")
        page.wait_for_timeout(500)
        after = page.evaluate("document.querySelector('#genome').shadowRoot.querySelector('canvas').toDataURL()")
        assert before != after and "0.123" in page.locator(".sliders output").first.inner_text()
        assert problems == []
