"""Looking at what an encoder finds: codes as arrays and points, pictures beside what comes back of them, tangents."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from coevo.contract.players import Artist
from coevo.contract.works import CodeBlock, Works
from coevo.data.datasets import Dataset, splits
from coevo.errors import CoevoError
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet, filled
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.decoder import Decoding
from coevo.latent_models.priors import draw
from coevo.runs.run import images_of, load_artist, loaders, read_config
from coevo.storage.atomic import write_whole, writing
from coevo.storage.run_folder import RunFolder

SIDE, MARGIN = 900, 40  # px of a scatter
UNDER = 20_000  # draws of the prior under it
COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
GREY = "#dddddd"


def write_codes(store: RunFolder, n: int | None, output: Path) -> int:
    """Codes of the run's real works, held-out ones where it has them, as .npz: codes float32 [N, D], labels int64 [N]
    (-1 where there are none), blocks and sizes of the code. How many."""
    artist, reals = encoder(store), real_works(store)
    works = reals.works(slice(0, n))
    codes = encoded(artist, works)
    labels = torch.full((len(codes),), -1) if works.labels is None else works.labels
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        codes=codes.numpy(),
        labels=labels.numpy(),
        blocks=np.array([block.name for block in artist.codes]),
        sizes=np.array([block.size for block in artist.codes]),
    )
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, buffer.getvalue())
    return len(codes)


def write_reconstructions(store: RunFolder, n: int, columns: int, seed: int, output: Path) -> None:
    """A sheet of n real works, held-out ones where there are any, each row above what comes back of it."""
    artist = load_artist(store)
    if not isinstance(artist, Decoding) or not (artist.encodes or type(artist).reconstruct is not Decoding.reconstruct):
        raise CoevoError(f"Artist {artist.name!r} of run {store.name!r} cannot encode pictures.")
    reals = real_works(store)
    order = torch.randperm(len(reals), generator=torch.Generator().manual_seed(seed))[:n]
    works = reals.works(order)
    back = images_of(artist.reconstruct(works)).cpu()
    rows = zip(images_of(works).split(columns), back.split(columns), strict=True)
    images = [filled(row, columns) for pair in rows for row in pair]
    save_png(output, contact_sheet(torch.cat(images), columns=columns), about(store, artist))


def write_scatter(store: RunFolder, block: str | None, n: int, output: Path) -> None:
    """Codes of real works as points, coloured by label, over draws of their prior in grey. A block of more than two
    numbers is seen along the two directions in which its codes vary most."""
    artist, reals = encoder(store), real_works(store)
    which = named(artist, block)
    place = artist.code_slices[which.name]
    works = reals.works(slice(0, n))
    codes = encoded(artist, works)[:, place]
    prior = draw([which], UNDER, torch.Generator().manual_seed(0), None, len(reals.classes))
    if which.size > 2:
        centre = codes.mean(0)
        plane = torch.linalg.svd(codes - centre, full_matrices=False).Vh[:2].T
        codes, prior = (codes - centre) @ plane, (prior - centre) @ plane
    save_png(output, scattered(codes, prior, works.labels, reals.classes), about(store, artist) | {"block": which.name})


def write_tangents(stores: Sequence[RunFolder], n: int, directions: int, output: Path) -> None:
    """For each of n pictures and of the runs a row: the picture, and its tangents there, the changes of a picture that
    change its code most (Rifai 2011, §5)."""
    artists = [encoder(store) for store in stores]
    images = images_of(real_works(stores[0]).works(slice(0, n)))
    pictures, labels = [], []
    rows = [(image, *pair) for image in images for pair in zip(artists, stores, strict=True)]
    for image, artist, store in rows:
        if image.shape != artist.studio.image:
            raise CoevoError(f"Run {store.name!r} has pictures of another size than {stores[0].name!r}.")
        vectors = tangents(artist, image, directions)
        pictures += [image[None], filled(vectors, directions)]
        labels += [store.name, *map(str, range(1, directions + 1))]
    sheet = contact_sheet(torch.cat(pictures), columns=directions + 1, labels=labels)
    save_png(output, sheet, {"tangents": [store.name for store in stores]})


def tangents(artist: Artist, image: Tensor, directions: int) -> Tensor:
    """The leading right singular vectors of ∂z/∂x at a picture [C, H, W], scaled to [-1, 1]: [directions, C, H, W].

    There are fewer where the code is smaller. Raises CoevoError where the artist's encoder has no slope.
    """
    if not isinstance(artist, Autoencoder):
        raise CoevoError(f"Artist {artist.name!r} has no encoder whose slope could be taken.")
    with artist.still() as (network, _):
        jacobian = torch.autograd.functional.jacobian(
            lambda x: artist.code_of(network(artist.seen(x)))[0], image[None].to(artist.studio.device)
        )
    vectors = torch.linalg.svd(jacobian.flatten(1), full_matrices=False).Vh[:directions]
    return (vectors / vectors.abs().amax(1, keepdim=True)).reshape(-1, *image.shape).cpu()


def scattered(codes: Tensor, prior: Tensor, labels: Tensor | None, classes: Sequence[str]) -> Image.Image:
    """Points [N, 2], coloured by label [N], over grey ones [M, 2]; the names of the classes in their colours."""
    reach = torch.cat([codes, prior]).abs().quantile(0.999).item() * 1.05
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)

    def dots(points: Tensor, colours: Sequence[str], radius: float) -> None:
        places = ((points / reach * torch.tensor([1, -1]) + 1) / 2 * (SIDE - 2 * MARGIN) + MARGIN).tolist()
        for (x, y), colour in zip(places, colours, strict=True):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    dots(prior, [GREY] * len(prior), 2)
    whose = [0] * len(codes) if labels is None else labels.tolist()
    dots(codes, [COLOURS[label % len(COLOURS)] for label in whose], 2.5)
    for number, name in enumerate(classes[: 3 * len(COLOURS)] if labels is not None else ()):
        pen.text((12, 12 + 22 * number), name, COLOURS[number % len(COLOURS)], font)
    return sheet


def encoder(store: RunFolder) -> Artist:
    """The Artist of a run. Raises CoevoError where it cannot encode."""
    artist = load_artist(store)
    if not artist.encodes:
        raise CoevoError(f"Artist {artist.name!r} of run {store.name!r} cannot encode pictures.")
    return artist


def real_works(store: RunFolder) -> Dataset:
    """The run's real works that it has not learnt from; all, where none were held out."""
    known, held_out = splits(read_config(store).data, loaders())
    return held_out or known


def encoded(artist: Artist, works: Works) -> Tensor:
    """Codes [N, D] on the CPU."""
    return artist.encode(works).cpu()


def named(artist: Artist, name: str | None) -> CodeBlock:
    """A block of the artist's code, by default the first. Raises CoevoError where it has none of that name."""
    found = [block for block in artist.codes if name in (None, block.name)]
    if not found:
        there = ", ".join(block.name for block in artist.codes)
        raise CoevoError(f"Artist {artist.name!r} has no code called {name!r}; it has: {there}.")
    if found[0].size < 2:
        raise CoevoError(f"The code {found[0].name!r} is one number, which is no plane.")
    return found[0]


def about(store: RunFolder, artist: Artist) -> dict[str, object]:
    return {"artist": artist.name, "run": store.name}
