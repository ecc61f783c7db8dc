"""Works as pictures of any size, by whatever an artist can do: draw, decode, or else enlarge."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from coevo.contract.capabilities import Decoder, Encoder, Reconstructor, Renderer, StripRenderer
from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.errors import PairError


def render(artist: Artist, works: Works, size: int) -> Tensor:
    """Pictures [N, C, size, size] of an artist's works: drawn anew if it can, else decoded or enlarged.

    Raises:
        PairError: the works hold only genomes, and the artist cannot draw those.
    """
    if isinstance(artist, Renderer):
        return artist.render(works, size)
    if works.images is None and works.codes is not None and isinstance(artist, Decoder):
        works = artist.decode(works.codes, works.labels)
    if works.images is None:
        raise PairError(f"Artist {artist.name!r} cannot draw works from their genomes alone: it has no render().")
    return resized(works.images, size)


def render_strips(artist: Artist, works: Works, size: int) -> Iterator[Tensor]:
    """The picture of the first work in strips [C, rows, size], in bounded memory if the artist can."""
    if isinstance(artist, StripRenderer):
        yield from artist.render_strips(works, size)
    else:
        yield render(artist, works[:1], size)[0]


def reconstruct(artist: Artist, works: Works) -> Works:
    """Reconstructions of works from their codes. Raises PairError if the artist cannot encode and decode."""
    if isinstance(artist, Reconstructor):
        return artist.reconstruct(works)
    if not (isinstance(artist, Encoder) and isinstance(artist, Decoder)):
        raise PairError(f"Artist {artist.name!r} cannot reconstruct pictures: it needs encode() and decode().")
    return artist.decode(artist.encode(works), works.labels if artist.code.label else None)


def resized(images: Tensor, size: int) -> Tensor:
    """[N, C, H, W] → [N, C, size, size], in [-1, 1]; whole multiples keep the edges of pixels."""
    if images.shape[-1] == images.shape[-2] == size:
        return images
    if size % images.shape[-1] == 0 and images.shape[-1] == images.shape[-2]:
        return interpolate(images, size=(size, size), mode="nearest")
    return interpolate(images, size=(size, size), mode="bicubic", antialias=True).clamp(-1, 1)


def thumbnails(images: Tensor, side: int) -> Tensor:
    """Pictures [N, C, H, W] as features by which they are compared: [N, C·side·side], each the mean of an area."""
    return adaptive_avg_pool2d(images.float(), side).flatten(1)
