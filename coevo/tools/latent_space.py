"""Pictures of a latent space: walks between works, rows that vary one code each, sums and differences of works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import one_hot

from coevo.contract.capabilities import Decoder
from coevo.contract.works import CodeBlock, CodeLayout
from coevo.errors import CoevoError, ConfigError
from coevo.images import FILMS
from coevo.images.files import read_origin
from coevo.images.films import film_bytes
from coevo.images.png import png_bytes
from coevo.images.sheets import contact_sheet, filled
from coevo.latent_models.priors import prior_of
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import about, of_run, write_output

FRAME_MS = 80  # of a walk
SAMPLES = 1000  # works that an expression may name by number
AROUND = 0.3  # how far from a result the works around it are


def write_interpolation(run: RunFolder, rows: int, steps: int, seed: int, output: Path) -> None:
    """Write walks from work to work: a row each on a sheet (.png), or side by side in a film, there and back."""
    space = LatentSpace.of(run)
    ends = space.samples(2 * rows, seed)
    t = torch.linspace(0, 1, steps, device=ends.device)
    walks = [interpolate(a, b, t, space.code) for a, b in zip(ends[:rows], ends[rows:], strict=True)]
    images = space.decode(torch.cat(walks))
    if output.suffix.lower() in FILMS:
        frames = [contact_sheet(images[step::steps]) for step in range(steps)]
        write_output(output, film_bytes(output, [*frames, *frames[-2:0:-1]], [FRAME_MS] * (2 * steps - 2)))
    else:
        said = f"Each row walks from one work to another through the latent space {space.origin(seed)}"
        sheet = contact_sheet(images, columns=steps, caption=said)
        write_output(output, png_bytes(sheet, about(run, space.artist, seed=seed)))


def write_traversal(run: RunFolder, block: str | None, rows: int, steps: int, seed: int, output: Path) -> None:
    """Write a sheet on which each row varies one code of one work.

    Each row of a categorical block runs through its values, for another work; each row of any other block is a
    dimension, from end to end of its prior.

    Args:
        run: the run's folder.
        block: the name of a block of the code; by default all but the first, which is the noise, if there are others.
        rows: works, or dimensions.
        steps: works in a row, if no block is categorical.
        seed: of the works.
        output: the picture.
    """
    space = LatentSpace.of(run)
    names = [one.name for one in space.code]
    if block is not None and block not in names:
        raise ConfigError(f"Artist {space.artist.name!r} has no code called {block!r}; it has: {', '.join(names)}.")
    chosen = [one for one in space.code if one.name in ([block] if block else names[1:] or names)]
    columns = max((one.size for one in chosen if one.prior == "categorical"), default=steps)
    works = space.samples(rows, seed)
    varied, labels = [], []
    for one in chosen:
        for row, captions in variations(works, one, space.code.slices[one.name], columns):
            varied.append(row)
            labels += captions
    said = f"Each row varies one part of a latent code and keeps the rest {space.origin(seed)}"
    sheet = contact_sheet(space.decode(torch.cat(varied)), columns=columns, labels=labels, caption=said)
    write_output(output, png_bytes(sheet, about(run, space.artist, seed=seed)))


def variations(works: Tensor, block: CodeBlock, place: slice, columns: int) -> Iterator[tuple[Tensor, list[str]]]:
    """Rows of codes [columns, D] in which a block of works [N, D] varies, with captions."""
    if block.prior == "categorical":
        for code in works:
            row = code.repeat(columns, 1)
            row[:, place] = one_hot(torch.arange(columns) % block.size, block.size).to(row)
            yield row, [f"{block.name} {value % block.size}" for value in range(columns)]
        return
    end = 2.0 if block.prior == "gaussian" else 1.0
    for dimension in range(min(block.size, len(works))):
        row = works[0].repeat(columns, 1)
        row[:, place.start + dimension] = torch.linspace(-end, end, columns)
        yield row, [f"{block.name} {dimension + 1}", *[""] * (columns - 1)]


def write_manifold(run: RunFolder, side: int, seed: int, output: Path) -> None:
    """Write the plane of pictures of a two-dimensional code, side × side of them at even quantiles of the prior.

    Other blocks of the code are drawn once, by the seed.

    Raises:
        ConfigError: no block has two dimensions.

    Reference:
        Kingma & Welling (2013), Auto-encoding variational Bayes, appendix A.
    """
    space = LatentSpace.of(run)
    plane = next((block for block in space.code if block.size == 2 and block.prior != "categorical"), None)
    if plane is None:
        sizes = ", ".join(f"{block.name} {block.size}" for block in space.code)
        raise ConfigError(
            f"A manifold needs a code of two dimensions, and artist {space.artist.name!r} has {sizes}; train one with "
            "such a code."
        )
    quantiles = (torch.arange(side) + 0.5) / side
    axis = prior_of(plane, len(space.artist.studio.classes)).quantile(quantiles)
    across, down = torch.meshgrid(axis, axis.flip(0), indexing="xy")
    codes = space.samples(1, seed).cpu().repeat(side * side, 1)
    codes[:, space.code.slices[plane.name]] = torch.stack([across.flatten(), down.flatten()], 1)
    said = f"The plane of the code {plane.name}, at even quantiles of its prior, {plane.prior} {space.origin(seed)}"
    sheet = contact_sheet(space.decode(codes), columns=side, gap=0, caption=said)
    write_output(output, png_bytes(sheet, about(run, space.artist, seed=seed)))


@dataclass(frozen=True)
class Term:
    """Works of an expression that are averaged: samples by number, or saved pictures."""

    sign: int
    works: tuple[int | Path, ...]


def write_arithmetic(run: RunFolder, expression: str | None, seed: int, output: Path) -> None:
    """Write a picture of code vectors added and subtracted, as `3,7,9 - 1,2 + 4`: each term is the mean of its works.

    A row shows a term, its mean last; the result follows, with works around it. Without an expression it is a numbered
    sheet to choose from.

    Raises:
        ConfigError: the expression cannot be read.

    Reference:
        Radford et al. (2015), Unsupervised representation learning with DCGANs, fig. 7.
    """
    space = LatentSpace.of(run)
    samples = space.samples(SAMPLES, seed)
    if expression is None:
        said = f"Works by number, for example for the expression 3,7,9 - 1,2 + 4 {space.origin(seed)}"
        numbers = [str(number) for number in range(1, 65)]
        sheet = contact_sheet(space.decode(samples[:64]), labels=numbers, caption=said)
    else:
        said = (
            f"{expression}: a row for each term and the mean of its codes; then the sum, and works {AROUND:.0%} of the "
            f"way from it to others {space.origin(seed)}"
        )
        sheet = arithmetic_sheet(space, parse(expression), samples, said)
    write_output(output, png_bytes(sheet, about(run, space.artist, seed=seed)))


def arithmetic_sheet(space: LatentSpace, terms: list[Term], samples: Tensor, caption: str) -> Image.Image:
    """A row for each term, then two rows with the result and works around it."""
    rows, labels, total = [], [], torch.zeros_like(samples[0])
    width = max(4, *(len(term.works) + 1 for term in terms))
    for term in terms:
        codes = torch.stack([operand(space, work, samples) for work in term.works])
        mean = projected(codes.mean(0), samples, space.code)
        total = total + term.sign * codes.mean(0)
        rows.append(torch.cat([codes, mean[None]]))
        sign = "+" if term.sign > 0 else "-"
        captions = [f"{sign} {work if isinstance(work, int) else work.stem[:12]}" for work in term.works]
        labels += [*captions, f"{sign} mean", *[""] * (width - len(codes) - 1)]
    result = projected(total, samples, space.code)
    near = torch.tensor([AROUND])
    others = samples[: 2 * width - 1]
    around = torch.stack([interpolate(result, other, near, space.code)[0] for other in others])
    rows += list(torch.cat([result[None], around]).split(width))
    labels += ["= result", *["near it"] * len(others)]
    images = [filled(space.decode(row), width) for row in rows]
    return contact_sheet(torch.cat(images), columns=width, labels=labels, caption=caption)


def parse(expression: str) -> list[Term]:
    """The terms of `3,7 - 1 + a.png`. Raises ConfigError if it is not such a sum."""
    text = expression.strip()
    words = re.split(r"(?:^|\s+)([+-])\s+", text if text[:2] in ("+ ", "- ") else f"+ {text}")
    terms = []
    for sign, works in zip(words[1::2], words[2::2], strict=True):
        named: list[int | Path] = []
        for word in map(str.strip, works.split(",")):
            if not word.isdecimal() and not word.lower().endswith(".png"):
                raise ConfigError(f"{expression!r} is not a sum of works; say '3,7,9 - 1,2 + 4', or use saved PNGs.")
            if word.isdecimal() and not 1 <= int(word) <= SAMPLES:
                raise ConfigError(f"Works are numbered 1 to {SAMPLES}; there is no {word}.")
            named.append(int(word) if word.isdecimal() else Path(word))
        terms.append(Term(1 if sign == "+" else -1, tuple(named)))
    return terms


def operand(space: LatentSpace, work: int | Path, samples: Tensor) -> Tensor:
    """The code [D] of a work by number, or of a saved picture."""
    if isinstance(work, int):
        return samples[work - 1]
    codes = read_origin(work).works.codes
    if codes is None or codes.shape[1] != space.code.size:
        raise ConfigError(
            f"{work} carries no code of size {space.code.size}, which artist {space.artist.name!r} needs."
        )
    return codes[0].to(samples)


def projected(code: Tensor, samples: Tensor, layout: CodeLayout) -> Tensor:
    """A sum of codes [D], projected to where codes lie.

    Gaussian blocks are scaled to the samples' distance from the origin, the others clamped to their range.
    """
    parts = []
    for block in layout:
        place = layout.slices[block.name]
        part, known = code[place], samples[:, place]
        if block.prior == "gaussian":
            part = part * known.norm(dim=1).mean() / part.norm().clamp_min(1e-6)
        parts.append(part if block.prior == "gaussian" else part.clamp(known.min(), known.max()))
    return torch.cat(parts)


def interpolate(a: Tensor, b: Tensor, t: Tensor, layout: CodeLayout) -> Tensor:
    """Points [T, D] at t [T] on the way from code a to code b [D].

    Gaussian blocks follow the great circle, where their mass lies, the others a straight line.

    Reference:
        White (2016), Sampling generative networks.
    """
    parts = []
    for block in layout:
        place = layout.slices[block.name]
        walk = slerp if block.prior == "gaussian" else lerp
        parts.append(walk(a[place], b[place], t.to(a)))
    return torch.cat(parts, 1)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points [T, D] from a to b [D] at t [T] along a great circle (Shoemake 1985)."""
    angle = torch.acos((a / a.norm() * b / b.norm()).sum().clamp(-1, 1))
    if angle.sin().abs() < 1e-6:
        return lerp(a, b, t)
    t = t[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points [T, D] from a to b [D] at t [T] along a line."""
    return torch.lerp(a, b, t[:, None])


class LatentSpace:
    """The latent space of a run's artist.

    Raises:
        CoevoError: the artist has no latent code.
    """

    def __init__(self, run: SavedRun):
        artist = run.artist
        if not isinstance(artist, Decoder) or not artist.code:
            raise CoevoError(f"Artist {artist.name!r} of run {run.folder.name!r} has no latent code.")
        self.run, self.artist, self.code = run, artist, artist.code
        self._decoder: Decoder = artist

    @classmethod
    def of(cls, run: RunFolder) -> LatentSpace:
        """The latent space of the artist that a run saved."""
        return cls(SavedRun(run))

    def origin(self, seed: int) -> str:
        """The end of a caption: where the works come from."""
        return of_run(self.run, seed=seed)

    def samples(self, n: int, seed: int) -> Tensor:
        """Codes [n, D] of the works that the artist exhibits."""
        return self.artist.exhibit(n, seed).latents

    def decode(self, codes: Tensor) -> Tensor:
        """Pictures [N, C, H, W] of codes [N, D]."""
        return self._decoder.decode(codes).pixels
