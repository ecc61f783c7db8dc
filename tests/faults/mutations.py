"""Inputs spoilt on purpose: by chance as a disk or a cable does it, and by craft as an enemy does."""

from __future__ import annotations

import io
import json
import random
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytes], bytes]
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


# of any file


def flip_bits(rng: random.Random, content: bytes) -> bytes:
    spoilt = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def truncate(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def drop(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randrange(1, 200) :]


def duplicate(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    piece = content[start : start + rng.randrange(1, 400)]
    return content[:start] + piece * rng.choice((2, 3, 50)) + content[start:]


def insert(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + rng.randbytes(rng.randrange(1, 64)) + content[start:]


def overwrite(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    piece = rng.choice((bytes(64), b"\xff" * 64, rng.randbytes(64)))[: rng.randrange(1, 64)]
    return content[:start] + piece + content[start + len(piece) :]


def set_number(rng: random.Random, content: bytes) -> bytes:
    """Some bytes become a number that is a length or a count at its extreme."""
    width, order = rng.choice((1, 2, 4, 8)), rng.choice(("big", "little"))
    start = rng.randrange(min(len(content), rng.choice((32, 256, len(content)))))
    number = (rng.choice(EXTREMES) & (256**width - 1)).to_bytes(width, order)
    return content[:start] + number + content[start + width :]


def empty(rng: random.Random, content: bytes) -> bytes:
    return rng.choice((b"", b"\0", bytes(4096), rng.randbytes(300), content[:8]))


ANY: Sequence[Mutation] = (flip_bits, truncate, drop, duplicate, insert, overwrite, set_number, empty)


# of text

WORDS = (
    "1e400", "-1", "0", "nan", "inf", "99999999999999999999999", "true", "null", '""', "[]", "{}", "'", '"', "\\", "\0",
    "../../x", "ü" * 50, "[" * 3000, "{" * 3000, "(" * 3000, "-" * 500, "9" * 5000, "\ud7ff", "%s%n", "$tensor",
)  # fmt: skip


def replace_word(rng: random.Random, content: bytes) -> bytes:
    """A word or a number becomes another, or something that is neither."""
    words = content.decode("utf-8", "replace").replace("\n", " \n ").split(" ")
    place = rng.randrange(len(words))
    words[place] = rng.choice((*WORDS, rng.choice(words)))
    return " ".join(words).encode("utf-8", "replace")


def replace_value(rng: random.Random, content: bytes) -> bytes:
    """What stands between two marks becomes something else."""
    text = content.decode("utf-8", "replace")
    marks = [place for place, letter in enumerate(text) if letter in '"=,:<>[]{}() \n']
    if len(marks) < 2:
        return empty(rng, content)
    place = rng.randrange(len(marks) - 1)
    text = text[: marks[place] + 1] + rng.choice(WORDS) + text[marks[place + 1] :]
    return text.encode("utf-8", "replace")


def swap_lines(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], rng.choice((lines[one], lines[other]))
    return b"\n".join(lines)


TEXT: Sequence[Mutation] = (*ANY, replace_word, replace_value, replace_value, swap_lines)


# of JSON: other values that are JSON again


def json_values(rng: random.Random, content: bytes) -> bytes:
    """Some value of a JSON text becomes another value, or its name another name."""
    try:
        tree = json.loads(content)
    except ValueError:
        return flip_bits(rng, content)
    for _ in range(rng.choice((1, 1, 3))):
        tree = _changed(rng, tree)
    return json.dumps(tree).encode()


def _changed(rng: random.Random, tree: object) -> object:
    values = (None, True, -1, 0, 10**30, 1e308, float("nan"), "", "x" * 5000, [], {}, [[]], {"a": 1}, {"$tensor": "x"})
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        key = rng.choice(list(tree))
        if rng.random() < 0.1:
            return {k: v for k, v in tree.items() if k != key}
        return {**tree, key: _changed(rng, tree[key])}
    if isinstance(tree, list) and tree and rng.random() < 0.9:
        place = rng.randrange(len(tree))
        return [*tree[:place], _changed(rng, tree[place]), *tree[place + 1 :]]
    return rng.choice(values)


# of PNGs: whole chunks, with right checksums


def png_chunks(rng: random.Random, content: bytes) -> bytes:
    """Chunks of a PNG that were changed, doubled, left out or moved, and are signed again."""
    chunks = read_chunks(content)
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(chunks))
        kind, data = chunks[place]
        match rng.randrange(6):
            case 0:
                chunks[place] = kind, flip_bits(rng, data) if data else b"x"
            case 1:
                chunks.insert(place, (kind, data))
            case 2 if len(chunks) > 1:
                del chunks[place]
            case 3:
                chunks[place] = kind, set_number(rng, data) if data else data
            case 4:
                chunks[place] = rng.choice((b"tEXt", b"zTXt", b"iTXt", b"IDAT", b"fdAT", b"acTL", b"PLTE")), data
            case _:
                rng.shuffle(chunks)
    return write_chunks(chunks)


def png_dimensions(rng: random.Random, content: bytes) -> bytes:
    """A PNG that says it is enormous."""
    sizes = (0, 1, 20_000, 2**16, 2**20, 2**31 - 1)
    header = struct.pack(">II", rng.choice(sizes), rng.choice(sizes))
    return write_chunks([(k, header + d[8:] if k == b"IHDR" else d) for k, d in read_chunks(content)])


def png_text(rng: random.Random, content: bytes) -> bytes:
    """A PNG whose text `coevo` says something else, or is a bomb."""
    chunks = [(kind, data) for kind, data in read_chunks(content) if not data.startswith(b"coevo\0")]
    text = next((d[6:] for _, d in read_chunks(content) if d.startswith(b"coevo\0")), b"{}")
    match rng.randrange(5):
        case 0:
            chunk = b"zTXt", b"coevo\0\0" + zlib.compress(bytes(rng.choice((10**4, 10**7, 10**8))))
        case 1:
            chunk = b"iTXt", b"coevo\0\1\0\0\0" + zlib.compress(b"[" * rng.choice((10**4, 10**7)))
        case 2:
            chunk = b"tEXt", b"coevo\0" + rng.choice((b"[", b'{"a":')) * 100_000
        case _:
            chunk = b"tEXt", b"coevo\0" + rng.choice((json_values, replace_value))(rng, text)
    return write_chunks([*chunks[:1], chunk, *chunks[1:]])


def read_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], 8
    while at + 8 <= len(content):
        length = struct.unpack(">I", content[at : at + 4])[0]
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def write_chunks(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PNG: Sequence[Mutation] = (*ANY, png_chunks, png_chunks, png_dimensions, png_text, png_text)


# of zips: members that mean harm


def zip_members(rng: random.Random, content: bytes) -> bytes:
    """A zip with other members beside its own: harmful names, the same name twice, bombs, spoilt pictures."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error):
        return flip_bits(rng, content)
    name, data = rng.choice(members)
    harm = {
        0: ("../../out.png", data), 1: ("/abs.png", data), 2: ("C:/x.png", data), 3: (name, data),
        4: ("bomb.png", bytes(rng.choice((10**6, 3 * 10**8)))), 5: ("a" * 5000 + ".png", data),
        6: ("deep/" * 500 + "x.png", data), 7: ("x\0y.png", data), 8: (name, flip_bits(rng, data)),
        9: ("train/x.png", data), 10: ("nested.zip", content), 11: ("..\\..\\x.png", data), 12: ("\u202egnp.png", data),
    }  # fmt: skip
    if rng.random() < 0.15:
        members.clear()
    members.insert(rng.randrange(len(members) + 1), harm[rng.randrange(len(harm))])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, archive.compression)
    return buffer.getvalue() if rng.random() < 0.7 else set_number(rng, buffer.getvalue())


ZIP: Sequence[Mutation] = (*ANY, zip_members, zip_members, zip_members)


# of files of arrays


def npz_members(rng: random.Random, content: bytes) -> bytes:
    """A file of arrays in which one says something else, is spoilt, or a bomb, however it is packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = rng.choice(list(members))
    header, end, data = members[name].partition(b"\n")
    shapes = b"(%d,)", b"(%d, 8, 8)", b"(6, %d, 8)", b"(6, 8, 8, %d)", b"(-%d, -8, 8)"
    match rng.randrange(6):
        case 0:
            shape = rng.choice(shapes) % rng.choice(EXTREMES)
            header = header[: header.index(b"'shape': ") + 9] + shape + b", }"
        case 1:
            descr = rng.choice((b"|O", b"<f2", b"<c16", b"|S0", b"|V8", b"<U9999999", b"<m8[ns]", b"[('a', '<i4')]"))
            header = re.sub(rb"'descr': '[^']*'", b"'descr': '" + descr + b"'", header)
        case 2:
            header = header[:10] + replace_value(rng, header[10:])
        case 3:
            size = rng.choice((10**6, 3 * 10**8))
            header = re.sub(rb"'descr': '[^']*'", b"'descr': '|u1'", header)
            header = header[: header.index(b"'shape': ") + 9] + b"(1, %d, 1000), }" % (size // 1000)
            data = bytes(size)
        case 4:
            data = rng.choice(ANY)(rng, data)
        case _:
            header = set_number(rng, header)
    if header[:8] == b"\x93NUMPY\x01\0" and rng.random() < 0.8:
        header = header[:8] + struct.pack("<H", min(len(header) - 9, 65535)) + header[10:]
    members[name] = header + end + data
    buffer = io.BytesIO()
    packed = zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA
    with zipfile.ZipFile(buffer, "w", rng.choice(packed) if len(data) < 10**7 else zipfile.ZIP_DEFLATED) as archive:
        for name, array in members.items():
            archive.writestr(zipfile.ZipInfo(name), array, archive.compression)
    return buffer.getvalue() if rng.random() < 0.7 else rng.choice(ANY)(rng, buffer.getvalue())


NPZ: Sequence[Mutation] = (*ANY, *[npz_members] * 6)


# of XML


def xml_bomb(rng: random.Random, content: bytes) -> bytes:
    """Entities that grow without end, files from outside, and elements in elements."""
    text = content.decode("utf-8", "replace")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    match rng.randrange(5):
        case 0:
            text = f'<!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]><data>&l9;</data>'
        case 1:
            text = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>{text.replace("sin(x)", "&x;")}'
        case 2:
            text = "<genome>" * 100_000
        case 3:
            text = f"<data>{'<genome>' * 50_000}{'</genome>' * 50_000}</data>"
        case _:
            many = " ".join(f"a{number}='1'" for number in range(20_000))
            text = text.replace("<genome", f"<genome {many}", 1)
    return text.encode()


XML: Sequence[Mutation] = (*TEXT, replace_value, replace_value, xml_bomb)


# of databases: values that SQL wrote


def sql_values(rng: random.Random, content: bytes) -> bytes:
    """A whole database in which some value is another, or some row is gone."""
    db = sqlite3.connect(":memory:")
    try:
        db.deserialize(content)
        tables = ("moments", "individuals", "sheets", "events", "picks", "pointer")
        for _ in range(rng.choice((1, 1, 3))):
            table = rng.choice(tables)
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            column, value = (
                rng.choice(columns),
                rng.choice((None, -1, 0, 10**15, "", "x", "[]", "{}", b"\0", 1.5, "[[1]]")),
            )
            match rng.randrange(6):
                case 0:
                    db.execute(f"DELETE FROM {table} WHERE abs(random()) % 3 = {rng.randrange(3)}")
                case 1:
                    db.execute(f"DROP TABLE {table}")
                case 2:
                    db.execute(f"PRAGMA user_version = {rng.choice((-1, 0, 1, 3, 10**6))}")
                case _:
                    db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (value,))
        db.commit()
        return db.serialize()
    except (sqlite3.Error, IndexError):  # of a table that is gone
        return flip_bits(rng, content)
    finally:
        db.close()


SQL: Sequence[Mutation] = (*ANY, sql_values, sql_values, sql_values)
