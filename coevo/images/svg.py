"""SVGs of line drawings that carry a text: the origin of the work that they show.

An SVG may come from others: it is read for its text alone, to a limit, and nothing that it refers to is opened.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.saxutils import escape

import defusedxml
import numpy as np
from defusedxml.sax import make_parser

from coevo.contract.drawings import Drawing
from coevo.contract.drawings import Path as Line
from coevo.errors import DataError, reason
from coevo.images.origin import origin_text

SVG, COEVO = "http://www.w3.org/2000/svg", "urn:coevo"  # names of XML's vocabularies, not addresses
SIDE = 1000  # units of a drawing's side
GAP, LABEL = 40, 80  # units between drawings on a sheet, and of a label's height
MAX_BYTES = 4_000_000  # ten times the largest drawing
MAX_ELEMENTS = 10_000  # among which the origin is looked for; coevo writes it first


def svg_bytes(drawing: Drawing, size: int, about: Mapping[str, Any]) -> bytes:
    """A drawing as an SVG, with what it is about as JSON in an element `origin` of its metadata.

    Args:
        drawing: the drawing.
        size: px of its side where it is shown as it is.
        about: its origin.
    """
    return _document((SIDE, SIDE), size / SIDE, _shapes(drawing), about)


def svg_sheet(drawings: Sequence[Drawing], size: int, about: Mapping[str, Any], labels: Sequence[str] = ()) -> bytes:
    """Drawings in a grid on white, as an SVG. `labels` stand above them."""
    columns = math.ceil(math.sqrt(len(drawings)))
    rows = math.ceil(len(drawings) / columns)
    step_x, step_y = SIDE + GAP, SIDE + GAP + (LABEL if labels else 0)

    def shapes() -> Iterator[str]:
        yield '<rect width="100%" height="100%" fill="#ffffff"/>'
        for place, drawing in enumerate(drawings):
            x, y = GAP + place % columns * step_x, GAP + place // columns * step_y
            if labels:
                style = f'font-family="sans-serif" font-size="{LABEL * 0.6:g}" text-anchor="middle" fill="#3c3c3c"'
                yield f'<text x="{x + SIDE / 2:g}" y="{y + LABEL * 0.6:g}" {style}>{escape(labels[place])}</text>'
            yield f'<svg x="{x}" y="{y + (LABEL if labels else 0)}" width="{SIDE}" height="{SIDE}">'
            yield from _shapes(drawing)
            yield "</svg>"

    return _document((GAP + columns * step_x, GAP + rows * step_y), size / SIDE, shapes(), about)


def _document(sides: tuple[int, int], scale: float, shapes: Iterator[str], about: Mapping[str, Any]) -> bytes:
    width, height = sides
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="{SVG}" width="{width * scale:g}" height="{height * scale:g}" viewBox="0 0 {width} {height}">',
        f'<metadata><origin xmlns="{COEVO}">{escape(origin_text(about))}</origin></metadata>',
        *shapes,
        "</svg>\n",
    ]
    return "\n".join(lines).encode()


def _shapes(drawing: Drawing) -> Iterator[str]:
    """The elements of a drawing. Lines that follow one another with the same pen are one element."""
    yield f'<rect width="{SIDE}" height="{SIDE}" fill="{drawing.background}"/>'
    yield '<g fill="none" stroke-linecap="round" stroke-linejoin="round">'
    for (colour, width), lines in groupby(drawing.paths, lambda line: (line.colour, line.width)):
        steps = "".join(map(_steps, lines))
        yield f'<path stroke="{colour}" stroke-width="{_number(width * SIDE)}" d="{steps}"/>'
    yield "</g>"


def _steps(line: Line) -> str:
    points = np.asarray(line.points) * SIDE
    points = points.repeat(2, 0) if len(points) == 1 else points  # round ends make a dot of it
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points.tolist())


def _number(value: float) -> str:
    """A number to the thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def svg_text(path: Path) -> str | None:
    """The text that an SVG carries, if it does.

    Raises:
        DataError: the file is no SVG, declares types or entities of its own, or is larger than any of coevo's.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read as an SVG: {reason(error)}.") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{path} holds more than {MAX_BYTES:,} bytes, more than any SVG of coevo's.")
    found = _Origin()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(found)
    try:
        parser.parse(io.BytesIO(content))
    except _Done:
        pass
    except SAXException as error:
        raise DataError(f"{path} cannot be read as an SVG: {error.getMessage()}.") from error
    except defusedxml.DefusedXmlException as error:
        said = "it declares types or entities of its own, which could refer to anything"
        raise DataError(f"{path} cannot be read as an SVG: {said}.") from error
    except (ValueError, LookupError) as error:
        raise DataError(f"{path} cannot be read as an SVG: {error}.") from error
    return found.text


class _Done(Exception):
    """Nothing else is looked for."""


class _Origin(ContentHandler):
    """Finds the text of the first element `origin`."""

    def __init__(self) -> None:
        super().__init__()
        self.text: str | None = None
        self._parts: list[str] | None = None
        self._elements = 0

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attributes: object) -> None:
        if not self._elements and name != (SVG, "svg"):
            raise SAXException(f"its root {name[1][:40]!r} is not an SVG's")
        self._elements += 1
        if name == (COEVO, "origin"):
            self._parts = []
        elif self._elements > MAX_ELEMENTS:
            raise _Done

    def characters(self, content: str) -> None:
        if self._parts is not None:
            self._parts.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        if self._parts is not None and name == (COEVO, "origin"):
            self.text = "".join(self._parts)
            raise _Done
