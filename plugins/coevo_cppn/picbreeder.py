"""Genomes of PicBreeder: an XML file in a zip, with nodes, links and markings (picbreeder.org, Secretan 2011)."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml.ElementTree import fromstring

from coevo import DataError, Genome, Works
from coevo.images.origin import Origin
from coevo_cppn.network import COLOURS, INK, INPUTS, Network, network

MAX_BYTES = 4_000_000  # bytes of XML
UNREADABLE = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError, EOFError, IndexError,
    OverflowError,
)  # fmt: skip


def origin(path: Path) -> Origin:
    """The work that a file of PicBreeder holds, for `coevo import`."""
    genome, net = read_genome(path)
    return Origin("cppn", "", Works(genomes=(genome,)), channels=1 if net.outputs == INK else 3)


def read_genome(path: Path) -> tuple[Genome, Network]:
    """The genome of a file of PicBreeder, a zip with one XML member or the XML itself.

    Raises:
        DataError: it cannot be read, or is not a genome of PicBreeder.
    """
    try:
        root = fromstring(_xml(path), forbid_dtd=True)
        genome = root if root.tag == "genome" else root.find("genome")
        if genome is None:
            raise ValueError("it has no <genome>")
        made = _network(genome)
        parents = tuple(_marking(parent) for parent in genome.findall("parents/identifier"))
        return Genome(_marking(genome.find("identifier")), parents, made.text()), made
    except (ParseError, ValueError, KeyError, RecursionError, defusedxml.DefusedXmlException) as error:
        raise DataError(f"{path} is not a genome of PicBreeder: {error}.") from error


def _xml(path: Path) -> bytes:
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                return _limited(file, path)
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename and not member.is_dir()]
            if len(members) != 1:
                raise DataError(f"{path} holds {len(members)} files; a PicBreeder zip holds one genome.")
            with archive.open(members[0]) as file:
                return _limited(file, path)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _limited(file: IO[bytes], path: Path) -> bytes:
    """All of a file, whose stated size is not trusted."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DataError(f"{path} holds more than {MAX_BYTES:,} bytes, more than any genome of PicBreeder.")
    return data


def _network(genome: Element) -> Network:
    names: dict[str, str] = {}  # by marking
    nodes: dict[str, str] = {}
    for node in genome.iterfind("nodes/node"):
        mark, label = _marking(node.find("marking")), node.get("label", "")
        activation = (node.findtext("activation") or "").strip().removesuffix("(x)")
        if node.get("type") == "in":
            if label not in INPUTS:
                raise ValueError(f"its input {label!r} is not one of {', '.join(INPUTS)}")
            names[mark] = label
            continue
        names[mark] = label if node.get("type") == "out" else mark
        nodes[names[mark]] = activation
    links: dict[tuple[str, str], float] = {}
    for link in genome.iterfind("links/link"):
        ends = [_marking(link.find(end)) for end in ("source", "target")]
        for end in ends:
            if end not in names:
                raise ValueError(f"a link ends at node {end}, which does not exist")
        pair = names[ends[0]], names[ends[1]]
        links[pair] = links.get(pair, 0.0) + float(link.findtext("weight") or "")
    outputs = INK if "ink" in nodes else COLOURS
    return network(nodes, links, outputs)


def _marking(element: Element | None) -> str:
    if element is None:
        raise ValueError("a node or a link has no marking")
    return f"{element.attrib['branch']}-{element.attrib['id']}"
