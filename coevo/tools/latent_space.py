"""Looking into a latent space: walks between works, rows that vary one code each, sums and differences of works."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from coevo.contract.players import Artist
from coevo.contract.works import CodeBlock
from coevo.errors import CoevoError, ConfigError
from coevo.images.png import read_origin, save_png
from coevo.images.sheets import contact_sheet, filled, save_gif
from coevo.latent_models.priors import prior_of
from coevo.runs.run import images_of, load_artist
from coevo.storage.run_folder import RunFolder

FRAME_MS = 80  # of a walk
FROM = 1000  # works that an expression may name by number
AROUND = 0.3  # how far the works around a result are from it


def write_interpolation(store: RunFolder, rows: int, steps: int, seed: int, output: Path) -> None:
    """Walks from work to work: a row each on a sheet (.png), or side by side in a film that goes and comes (.gif)."""
    artist = decoder(store)
    ends = codes_of(artist, 2 * rows, seed)
    way = torch.linspace(0, 1, steps, device=ends.device)
    walks = [between(a, b, way, artist.codes) for a, b in zip(ends[:rows], ends[rows:], strict=True)]
    images = images_of(artist.decode(torch.cat(walks)))
    if output.suffix.lower() == ".gif":
        frames = [contact_sheet(images[step::steps]) for step in range(steps)]
        save_gif(output, [*frames, *frames[-2:0:-1]], [FRAME_MS] * (2 * steps - 2))
        return
    save_png(output, contact_sheet(images, columns=steps), about(store, artist, seed))


def write_traversal(store: RunFolder, block: str | None, rows: int, steps: int, seed: int, output: Path) -> None:
    """A sheet on which each row varies one code of one work, and the rest of it stays.

    Of a categorical block every row runs through its values, each row for another work; of the others each row is
    a dimension, from end to end of its prior. block: which; by default all but the noise, or else the noise.
    """
    artist = decoder(store)
    names = [one.name for one in artist.codes]
    if block is not None and block not in names:
        raise ConfigError(f"Artist {artist.name!r} has no code called {block!r}; it has: {', '.join(names)}.")
    chosen = [block] if block else names[1:] or names
    values = [one.size for one in artist.codes if one.name in chosen and one.prior == "categorical"]
    columns = max(values, default=steps)
    works = codes_of(artist, rows, seed)
    table, labels, begin = [], [], 0
    for one in artist.codes:
        place = slice(begin, begin := begin + one.size)
        if one.name not in chosen:
            continue
        if one.prior == "categorical":
            for code in works:
                row = code.repeat(columns, 1)
                row[:, place] = one_hot(torch.arange(columns) % one.size, one.size).to(row)
                table.append(row)
                labels += [f"{one.name} {value % one.size}" for value in range(columns)]
        else:
            reach = 2.0 if one.prior == "gaussian" else 1.0
            for dimension in range(min(one.size, rows)):
                row = works[0].repeat(columns, 1)
                row[:, place.start + dimension] = torch.linspace(-reach, reach, columns)
                table.append(row)
                labels += [f"{one.name} {dimension + 1}", *[""] * (columns - 1)]
    images = images_of(artist.decode(torch.cat(table)))
    save_png(output, contact_sheet(images, columns=columns, labels=labels), about(store, artist, seed))


def write_manifold(store: RunFolder, side: int, seed: int, output: Path) -> None:
    """The plane of pictures that a code of two numbers has, side × side of them, each for as much of the prior: through
    the inverse normal distribution where that is Gaussian (Kingma & Welling 2013, appendix A).

    Other blocks of the code are drawn once, by the seed. Raises ConfigError where no block has two numbers.
    """
    artist = decoder(store)
    flat = next((block for block in artist.codes if block.size == 2 and block.prior != "categorical"), None)
    if flat is None:
        sizes = ", ".join(f"{block.name} {block.size}" for block in artist.codes)
        raise ConfigError(
            f"A manifold is drawn of a code of two numbers, and artist {artist.name!r} has {sizes}; train one with "
            "-o artist.latent=2, as coevo run vae-manifold does."
        )
    shares = (torch.arange(side) + 0.5) / side
    axis = prior_of(flat, len(artist.studio.classes)).quantile(shares)
    across, down = torch.meshgrid(axis, axis.flip(0), indexing="xy")
    parts = codes_of(artist, 1, seed).cpu().expand(side * side, -1).split([block.size for block in artist.codes], 1)
    plane = torch.stack([across.flatten(), down.flatten()], 1)
    codes = [plane if block == flat else part for block, part in zip(artist.codes, parts, strict=True)]
    images = images_of(artist.decode(torch.cat(codes, 1)))
    save_png(output, contact_sheet(images, columns=side, gap=0), about(store, artist, seed))


@dataclass(frozen=True)
class Term:
    """Some works of an expression, which are averaged: those of a sample by number, or saved pictures."""

    sign: int
    works: tuple[int | Path, ...]


def write_arithmetic(store: RunFolder, expression: str | None, seed: int, output: Path) -> None:
    """Code vectors added and subtracted (Radford 2015, fig. 7), `3,7,9 - 1,2 + 4`: each term is the mean of its works.

    A row a term, its mean last; then the result among nine works around it. Without an expression a numbered
    sheet to choose from. Raises ConfigError where the expression cannot be read.
    """
    artist = decoder(store)
    samples = codes_of(artist, FROM, seed)
    if expression is None:
        numbers = [str(number) for number in range(1, 65)]
        sheet = contact_sheet(images_of(artist.decode(samples[:64])), labels=numbers)
        save_png(output, sheet, about(store, artist, seed))
        return
    terms = parse(expression)
    rows, labels, total = [], [], torch.zeros_like(samples[0])
    width = max(4, *(len(term.works) + 1 for term in terms))
    for term in terms:
        codes = torch.stack([operand(artist, work, samples) for work in term.works])
        mean = settled(codes.mean(0), samples, artist.codes)
        total = total + term.sign * codes.mean(0)
        rows.append(torch.cat([codes, mean[None]]))
        sign = "+" if term.sign > 0 else "-"
        labels += [*(f"{sign} {work}" if isinstance(work, int) else sign for work in term.works), "mean"]
        labels += [""] * (width - len(codes) - 1)
    result = settled(total, samples, artist.codes)
    around = torch.stack([between(result, other, torch.tensor([AROUND]), artist.codes)[0] for other in samples[:8]])
    nine = torch.cat([around[:4], result[None], around[4:]])
    rows += list(nine.split(width))
    labels += ["=" if place == 4 else "" for place in range(9)]
    images = [filled(images_of(artist.decode(row)), width) for row in rows]
    save_png(output, contact_sheet(torch.cat(images), columns=width, labels=labels), about(store, artist, seed))


def parse(expression: str) -> list[Term]:
    """`3,7 - 1 + a.png` as terms. Raises ConfigError where it is none."""
    text = expression.strip()
    flaw = ConfigError(f"{expression!r} is no sum of works; say it as '3,7,9 - 1,2 + 4', or with saved PNGs.")
    words = re.split(r"(?:^|\s+)([+-])\s+", text if text[:2] in ("+ ", "- ") else f"+ {text}")
    terms = []
    for sign, works in zip(words[1::2], words[2::2], strict=True):
        named: list[int | Path] = []
        for word in map(str.strip, works.split(",")):
            if not word.isdecimal() and not word.lower().endswith(".png"):
                raise flaw
            if word.isdecimal() and not 1 <= int(word) <= FROM:
                raise ConfigError(f"Works are numbered 1 to {FROM}; there is no {word}.")
            named.append(int(word) if word.isdecimal() else Path(word))
        terms.append(Term(1 if sign == "+" else -1, tuple(named)))
    return terms


def operand(artist: Artist, work: int | Path, samples: Tensor) -> Tensor:
    """The code [D] of a work by number, or of a saved picture."""
    if isinstance(work, int):
        return samples[work - 1]
    codes = read_origin(work).works.codes
    if codes is None or codes.shape[1] != artist.code_size:
        raise ConfigError(f"{work} carries no code of size {artist.code_size}, as artist {artist.name!r} reads.")
    return codes[0].to(samples)


def settled(code: Tensor, samples: Tensor, blocks: Sequence[CodeBlock]) -> Tensor:
    """A sum of codes [D] brought back to where codes lie: Gaussian blocks to the samples' distance from 0, the others
    within their range."""
    parts, begin = [], 0
    for block in blocks:
        part, known = code[begin : begin + block.size], samples[:, begin : begin + block.size]
        if block.prior == "gaussian":
            part = part * known.norm(dim=1).mean() / part.norm().clamp_min(1e-6)
        parts.append(part.clamp(known.min(), known.max()) if block.prior != "gaussian" else part)
        begin += block.size
    return torch.cat(parts)


def between(a: Tensor, b: Tensor, t: Tensor, blocks: Sequence[CodeBlock]) -> Tensor:
    """Points [T, D] from code a to code b [D] at t [T]: Gaussian blocks along the great circle, where their mass lies
    (White 2016), the others straight."""
    parts, begin = [], 0
    for block in blocks:
        place = slice(begin, begin + block.size)
        walk = slerp if block.prior == "gaussian" else straight
        parts.append(walk(a[place], b[place], t.to(a)))
        begin += block.size
    return torch.cat(parts, 1)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points [T, D] from a to b [D] at t [T] along a great circle (Shoemake 1985)."""
    angle = torch.acos((a / a.norm() * b / b.norm()).sum().clamp(-1, 1))
    if angle.sin().abs() < 1e-6:
        return straight(a, b, t)
    t = t[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


def straight(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points [T, D] from a to b [D] at t [T] along a line."""
    return torch.lerp(a, b, t[:, None])


def decoder(store: RunFolder) -> Artist:
    """The Artist of a run. Raises CoevoError where it has no latent code to look into."""
    artist = load_artist(store)
    if not artist.decodes or not artist.codes:
        raise CoevoError(f"Artist {artist.name!r} of run {store.name!r} has no latent code to look into.")
    return artist


def codes_of(artist: Artist, n: int, seed: int) -> Tensor:
    """Codes [n, D] of the works that the Artist exhibits."""
    codes = artist.exhibit(n, seed).codes
    if codes is None:
        raise CoevoError(f"Artist {artist.name!r} exhibits works without codes.")
    return codes


def about(store: RunFolder, artist: Artist, seed: int) -> dict[str, object]:
    return {"artist": artist.name, "run": store.name, "seed": seed}
