"""Pictures and arrays of an encoder: codes as points, works beside their reconstructions, tangents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from coevo.contract.capabilities import DifferentiableEncoder, Encoder, Reconstructor
from coevo.contract.players import Artist
from coevo.contract.works import CodeBlock, Works
from coevo.data.datasets import Dataset
from coevo.data.loaders import loaders
from coevo.data.splits import splits
from coevo.errors import CoevoError, DataError
from coevo.images.plots import GREY, colour_of, scatter_plot
from coevo.images.png import png_bytes
from coevo.images.rendering import reconstruct
from coevo.images.sheets import contact_sheet, filled
from coevo.latent_models.priors import draw
from coevo.runs.opening import SavedRun, read_config
from coevo.runs.real_works import lost
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import about, npz, of_run, write_output

PRIOR_DRAWS = 20_000  # points of the prior in a scatter plot


def write_codes(run: RunFolder, n: int | None, output: Path) -> int:
    """Write codes of the run's real works, held-out ones if it has them, as an .npz file.

    The file has codes float32 [N, D], labels int64 [N] (-1 if there are none), and names and sizes of the blocks.

    Returns:
        The number of codes.
    """
    artist = encoder_of(run).artist
    works = real_works(run).works(slice(0, n))
    codes = encoded(artist, works)
    labels = torch.full((len(codes),), -1) if works.labels is None else works.labels
    names, sizes = [block.name for block in artist.code], [block.size for block in artist.code]
    content = npz(codes=codes.numpy(), labels=labels.numpy(), blocks=np.array(names), sizes=np.array(sizes))
    write_output(output, content)
    return len(codes)


def write_reconstructions(run: RunFolder, n: int, columns: int, seed: int, output: Path) -> None:
    """Write a sheet of n real works, held-out ones if there are any, each row above its reconstructions."""
    saved = SavedRun(run)
    artist = saved.artist
    if not isinstance(artist, Encoder | Reconstructor):
        raise cannot_encode(artist, run)
    reals = real_works(run)
    order = torch.randperm(len(reals), generator=torch.Generator().manual_seed(seed))[:n]
    works = reals.works(order)
    reconstructions = reconstruct(artist, works).pixels.cpu()
    rows = zip(works.pixels.split(columns), reconstructions.split(columns), strict=True)
    images = [filled(row, columns) for pair in rows for row in pair]
    said = f"Rows of {reals.name}, each above its reconstructions {of_run(saved, seed=seed)}"
    write_output(output, png_bytes(contact_sheet(torch.cat(images), columns=columns, caption=said), about(run, artist)))


def write_scatter(run: RunFolder, block: str | None, n: int, output: Path) -> None:
    """Write codes of real works as points, coloured by label, over draws of their prior in grey.

    A block of more than two dimensions is projected on the two principal directions of its codes.

    Args:
        run: the run's folder.
        block: a block of the code, by default the first.
        n: the number of works.
        output: the picture.
    """
    saved, reals = encoder_of(run), real_works(run)
    artist = saved.artist
    which = named_block(artist, block)
    works = reals.works(slice(0, n))
    codes = artist.code.split(encoded(artist, works))[which.name]
    prior = draw([which], PRIOR_DRAWS, torch.Generator().manual_seed(0), None, len(reals.classes))
    axes = [f"{which.name} {number}" for number in (1, 2)]
    if which.size > 2:
        centre = codes.mean(0)
        plane = torch.linalg.svd(codes - centre, full_matrices=False).Vh[:2].T
        codes, prior = (codes - centre) @ plane, (prior - centre) @ plane
        axes = [f"principal direction {number} of {which.size}" for number in (1, 2)]
    said = f"Codes {which.name} of {len(codes):,} works of {reals.name}, over their prior {which.prior} {of_run(saved)}"
    legend = {"prior": GREY}
    if works.labels is not None:
        legend |= {name: colour_of(number) for number, name in enumerate(reals.classes)}
    picture = scatter_plot(codes, prior, works.labels, said, axes, legend)
    write_output(output, png_bytes(picture, about(run, artist, block=which.name)))


def write_tangents(runs: Sequence[RunFolder], n: int, directions: int, output: Path) -> None:
    """Write a row for each of n pictures and each run: the picture, and its tangents.

    The tangents are the changes of a picture that change its code most.

    Reference:
        Rifai et al. (2011), Contractive auto-encoders, §5.
    """
    saved = [encoder_of(run) for run in runs]
    artists = [one.artist for one in saved]
    images = real_works(runs[0]).works(slice(0, n)).pixels
    pictures, labels = [], []
    rows = [(image, *pair) for image in images for pair in zip(artists, runs, strict=True)]
    for image, artist, run in rows:
        if image.shape != artist.studio.image:
            raise CoevoError(f"Run {run.name!r} has pictures of another size than {runs[0].name!r}.")
        vectors = tangents(artist, image, directions)
        pictures += [image[None], filled(vectors, directions)]
        labels += [run.name, *map(str, range(1, len(vectors) + 1))]
        labels += [""] * (directions - len(vectors))
    said = (
        "Pictures, and their tangents: the changes that change a code most, strongest first; middle grey is no change "
        + f"({'; '.join(of_run(one)[1:-1] for one in saved)})"
    )
    sheet = contact_sheet(torch.cat(pictures), columns=directions + 1, labels=labels, caption=said)
    write_output(output, png_bytes(sheet, {"tangents": [run.name for run in runs]}))


def tangents(artist: Artist, image: Tensor, directions: int) -> Tensor:
    """The leading right singular vectors of ∂z/∂x at a picture [C, H, W], scaled to [-1, 1].

    Returns:
        [directions, C, H, W]; fewer if the code is smaller.

    Raises:
        CoevoError: the artist's encoder has no gradients.
    """
    if not isinstance(artist, DifferentiableEncoder):
        raise CoevoError(f"Artist {artist.name!r} has no encoder with gradients: it needs a method latents(images).")
    jacobian = torch.autograd.functional.jacobian(lambda x: artist.latents(x[None])[0], image.to(artist.studio.device))
    vectors = torch.linalg.svd(jacobian.flatten(1), full_matrices=False).Vh[:directions]
    return (vectors / vectors.abs().amax(1, keepdim=True)).reshape(-1, *image.shape).cpu()


def encoder_of(run: RunFolder) -> SavedRun:
    """A run whose artist has an encoder. Raises CoevoError if it has none."""
    saved = SavedRun(run)
    if not isinstance(saved.artist, Encoder):
        raise cannot_encode(saved.artist, run)
    return saved


def cannot_encode(artist: Artist, run: RunFolder) -> CoevoError:
    """The error that an artist has no encoder."""
    return CoevoError(f"Artist {artist.name!r} of run {run.name!r} cannot encode pictures: it has no encoder.")


def real_works(run: RunFolder) -> Dataset:
    """The run's held-out real works; all of them if none were held out."""
    data = read_config(run).data
    try:
        known, held_out = splits(data, loaders())
    except DataError as error:
        raise lost(error, data, run.folder) from error
    return held_out or known


def encoded(artist: Artist, works: Works) -> Tensor:
    """Codes [N, D] on the CPU."""
    return cast(Encoder, artist).encode(works).cpu()


def named_block(artist: Artist, name: str | None) -> CodeBlock:
    """A block of the artist's code, by default the first, for a plane. Raises CoevoError if there is no such block."""
    found = [block for block in artist.code if name in (None, block.name)]
    if not found:
        there = ", ".join(block.name for block in artist.code)
        raise CoevoError(f"Artist {artist.name!r} has no code called {name!r}; it has: {there}.")
    if found[0].size < 2:
        raise CoevoError(f"The code {found[0].name!r} has one dimension, so it has no plane to draw.")
    return found[0]
