"""SVGs: what they show, what they carry, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from coevo import DataError, Genome, Works
from coevo.contract.drawings import Drawing
from coevo.contract.drawings import Path as Line
from coevo.images.files import read_origin
from coevo.images.origin import describe
from coevo.images.svg import MAX_BYTES, svg_bytes, svg_sheet, svg_text

NS = {"svg": "http://www.w3.org/2000/svg"}
CROSS = Drawing(
    [
        Line(np.array([[0.25, 0.25], [0.75, 0.75]]), 0.05, "#181818"),
        Line(np.array([[0.25, 0.75], [0.75, 0.25], [1 / 3, 0]]), 0.05, "#181818"),
        Line(np.array([[0.5, 0.5]]), 0.125, "#ff0000"),
    ],
    "#ffffee",
)


def test_lines_of_one_pen_are_one_path_and_a_point_is_a_dot() -> None:
    root = fromstring(svg_bytes(CROSS, 400, {}))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("400", "400", "0 0 1000 1000")
    background = root.find("svg:rect", NS)
    assert background is not None and background.get("fill") == "#ffffee"
    paths = [(path.get("stroke"), path.get("stroke-width"), path.get("d")) for path in root.iterfind(".//svg:path", NS)]
    assert paths == [
        ("#181818", "50", "M250 250L750 750M250 750L750 250L333.333 0"),
        ("#ff0000", "125", "M500 500L500 500"),
    ]


def test_a_sheet_has_every_drawing_at_its_place_under_its_label(tmp_path: Path) -> None:
    content = svg_sheet([CROSS] * 3, 100, {"seed": 3}, ["one", "<two> & more", "three"])
    root = fromstring(content)
    places = [(float(str(one.get("x"))), float(str(one.get("y")))) for one in root.iterfind("svg:svg", NS)]
    assert len(places) == 3 and places[0][1] == places[1][1] < places[2][1] and places[0][0] == places[2][0]
    assert [label.text for label in root.iterfind("svg:text", NS)] == ["one", "<two> & more", "three"]
    (tmp_path / "sheet.svg").write_bytes(content)
    with pytest.raises(DataError, match="carries no genome or code"):
        read_origin(tmp_path / "sheet.svg")


genomes = some.builds(Genome, some.just("7"), some.just(("3", "run-1/4")), some.text())
values = some.none() | some.booleans() | some.integers() | some.text()


@given(genomes, some.dictionaries(some.text(), values))
def test_an_svg_carries_any_genome_and_options_exactly(
    tmp_path_factory: pytest.TempPathFactory, genome: Genome, options: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "x.svg"
    about = {"artist": "biomorph", "run": "", "options": options}
    path.write_bytes(svg_bytes(CROSS, 100, about | describe(Works(genomes=(genome,)), 0)))
    origin = read_origin(path)
    assert (origin.artist, origin.options, origin.works.individuals) == ("biomorph", options, (genome,))


@pytest.mark.parametrize(
    "text", ["]]>", "<![CDATA[x]]>", "</origin>", "&lt;&amp;", "'\"", "\x00\x1b\u200b\ud7ff🦋", "\r\n\t "]
)
def test_no_genome_breaks_out_of_its_element(tmp_path: Path, text: str) -> None:
    about = {"artist": "x", **describe(Works(genomes=(Genome("1", (), text),)), 0)}
    (tmp_path / "x.svg").write_bytes(svg_bytes(CROSS, 100, about))
    assert read_origin(tmp_path / "x.svg").works.individuals[0].text == text


def test_an_svg_that_another_program_wrote_again_still_carries_its_genome(tmp_path: Path) -> None:
    origin = json.dumps({"artist": "biomorph", "id": "1", "parents": [], "genome": "a < b"}).replace("<", "&lt;")
    (tmp_path / "x.svg").write_text(
        "<s:svg xmlns:s='http://www.w3.org/2000/svg' xmlns:c='urn:coevo'><s:path d='M0 0'/><s:metadata><!-- moved -->"
        f"<c:origin>{origin}</c:origin></s:metadata></s:svg>"
    )
    assert read_origin(tmp_path / "x.svg").works.individuals[0].text == "a < b"


SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
ENTITY = '<!DOCTYPE svg [<!ENTITY a "{}">]>' + SVG


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be read as an SVG: no element found"),
        ("no picture", "cannot be read as an SVG: syntax error"),
        ("<svg", "cannot be read as an SVG: "),
        ("<html/>", "cannot be read as an SVG: its root 'html' is not an SVG's"),
        ("<svg/>", "cannot be read as an SVG: its root 'svg' is not an SVG's"),
        ('<?xml version="1.0" encoding="x-none"?><svg/>', "cannot be read as an SVG: unknown encoding"),
        (SVG.format(""), "carries no genome or code"),
        (SVG.format("<script>alert(1)</script>"), "carries no genome or code"),
        (SVG.format('<origin xmlns="urn:coevo">{"artist": "x"}</origin>'), "carries no genome or code"),
        (SVG.format('<origin xmlns="urn:coevo">[</origin>'), "carries a genome that coevo cannot read"),
        (SVG.format('<origin xmlns="urn:coevo">{"genome": 3}</origin>'), "carries a genome that coevo cannot read"),
        (SVG.format("<a>" * 20_000 + "</a>" * 20_000), "carries no genome or code"),
        (SVG.format("<a>" * 100), "cannot be read as an SVG: mismatched tag"),
        (ENTITY.format("x", "&a;"), "declares types or entities of its own"),
        ('<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg/>', "declares types or entities of its own"),
        (
            '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
            "declares types or entities of its own",
        ),
        (" " * (MAX_BYTES + 1), "holds more than 4,000,000 bytes"),
    ],
    ids=range(17),
)
def test_what_is_hostile_or_not_ours_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "x.svg").write_text(content)
    with pytest.raises(DataError, match=said) as refusal:
        read_origin(tmp_path / "x.svg")
    assert str(refusal.value).count("\n") == 0


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.svg cannot be read as an SVG: no such file or directory\.$"):
        read_origin(tmp_path / "x.svg")


@given(some.binary(max_size=300), some.integers(0, 400), some.integers(0, 50))
def test_any_damage_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, gone: int
) -> None:
    whole = svg_bytes(CROSS, 100, {"artist": "x", "id": "1", "parents": [], "genome": "y"})
    path = tmp_path_factory.getbasetemp() / "damaged.svg"
    path.write_bytes(whole[:place] + noise + whole[place + gone :])
    try:
        svg_text(path)
        read_origin(path)
    except DataError:
        pass
