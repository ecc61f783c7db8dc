"""A picture of a machine: filters, fantasies, and how much energy works have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from PIL import Image
from torch import Tensor

from coevo import PairError
from coevo.coevolution.frozen import underlying
from coevo.images.plots import line_chart, ticks
from coevo.images.png import png_bytes
from coevo.images.sheets import captioned, contact_sheet
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.tools.encoding import real_works
from coevo.tools.output import about, of_run, write_output
from coevo.tools.samples import exhibit_batches
from coevo_boltzmann.base import EnergyPlayer

SHOWN, COLUMNS = 40, 10  # filters, and as many fantasies
BINS = 60
CHART = (900, 320)  # px
KINDS = {"real works": "blue", "works of the artist": "orange", "noise": "green"}  # the first colours of a chart


def write_energies(run: RunFolder, n: int, seed: int, output: Path) -> None:
    """Write a picture of the machine of a run's artist, or else of its critic.

    Args:
        run: the run's folder.
        n: works of each kind in the histogram, at most.
        seed: of the works and of the noise.
        output: the picture.

    Raises:
        PairError: neither player is a Boltzmann machine.
    """
    saved = SavedRun(run)
    player = machine_of(saved)
    works = torch.cat([some.pixels for some in exhibit_batches(saved.artist, n, seed)])
    noise = torch.rand(works.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    reals = real_works(run)
    order = torch.randperm(len(reals), generator=torch.Generator().manual_seed(seed))[:n]
    kinds = dict(zip(KINDS, (reals.works(order).pixels, works, noise), strict=True))
    found = {kind: player.energies(images.to(player.studio.device)).cpu() for kind, images in kinds.items()}
    said = ", ".join(f"{kind} ({colour}; mean {found[kind].mean():,.1f})" for kind, colour in KINDS.items())
    parts = [
        captioned(contact_sheet(filters(player), COLUMNS), "Filters: weights of hidden units, the strongest first"),
        captioned(contact_sheet(works[:SHOWN], COLUMNS), f"Works of the artist {of_run(saved, seed=seed)}"),
        captioned(histogram(found), f"Energy of {said}"),
    ]
    write_output(output, png_bytes(below_each_other(parts), about(run, saved.artist, seed=seed)))


def machine_of(saved: SavedRun) -> EnergyPlayer:
    """The artist of a run if it is a machine, or else its critic, as they were saved."""
    artist = saved.artist
    if isinstance(artist, EnergyPlayer):
        return artist
    if not isinstance(critic := underlying(saved.setup.critic), EnergyPlayer):
        raise PairError(
            f"Neither artist {artist.name!r} nor critic {critic.name!r} of run {saved.folder.name!r} is a Boltzmann "
            "machine, so there is no energy to draw."
        )
    return cast(EnergyPlayer, underlying(saved.critic))


def filters(player: EnergyPlayer) -> Tensor:
    """Pictures [K, C, H, W] of the strongest filters; middle grey is no weight."""
    weights = player.filters()
    strongest = weights.norm(dim=1).argsort(descending=True)[:SHOWN]
    chosen = weights[strongest]
    return (chosen / chosen.abs().amax(1, keepdim=True).clamp_min(1e-12)).unflatten(1, player.studio.image)


def histogram(energies: Mapping[str, Tensor]) -> Image.Image:
    """The shares of works by energy, a curve for each kind, over the range of them all."""
    everything = torch.cat(list(energies.values()))
    low, high = everything.min().item(), everything.max().item()
    width = (high - low or 1.0) / BINS
    middles = [low + (place + 0.5) * width for place in range(BINS)]
    curves = {}
    for number, some in enumerate(energies.values()):
        counts = torch.histc(some.float(), BINS, low, low + BINS * width)
        curves[number] = list(zip(middles, (counts / len(some)).tolist(), strict=True))
    return line_chart("share of works, by energy", curves, CHART, places=dict(ticks(middles[0], middles[-1])))


def below_each_other(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures in a column, on white."""
    whole = Image.new("RGB", (max(one.width for one in pictures), sum(one.height for one in pictures)), "white")
    top = 0
    for one in pictures:
        whole.paste(one, (0, top))
        top += one.height
    return whole
