"""What a player gave, compared with what it should give: kinds, shapes and devices, without a look at the values."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.contract.players import Artist, Critic
from coevo.contract.works import Works
from coevo.errors import PlayerError


def made(artist: Artist, n: int, reals: Works | None) -> Works:
    """Works that an artist makes.

    Raises:
        PlayerError: they are no works, or of another shape, kind or device than they should be.
    """
    works = artist.make(n, reals)
    if not isinstance(works, Works):
        raise _wrong("Artist", artist, "make", "Works", type(works).__name__)
    shape, device = artist.studio.image, artist.studio.device
    if works.images is not None and (works.images.shape[1:] != shape or _unfit(works.images, device)):
        expected = f"images [N, {', '.join(map(str, shape))}] of floats on {device.type}"
        raise _wrong("Artist", artist, "make", expected, _said(works.images))
    if works.codes is not None and (works.codes.ndim != 2 or _unfit(works.codes, device)):
        raise _wrong("Artist", artist, "make", f"codes [N, D] of floats on {device.type}", _said(works.codes))
    if not len(works):
        raise _wrong("Artist", artist, "make", f"{n} works", "none")
    return works


def judged(critic: Critic, works: Works, reals: Works | None) -> Tensor:
    """A critic's rewards [N] for works.

    Raises:
        PlayerError: they are no tensor of one number a work.
    """
    rewards = critic.judge(works, reals)
    device = critic.studio.device
    if not isinstance(rewards, Tensor) or rewards.shape != (len(works),) or _unfit(rewards, device):
        expected = f"rewards [{len(works)}] of floats on {device.type}"
        raise _wrong("Critic", critic, "judge", expected, _said(rewards))
    return rewards


def _unfit(tensor: Tensor, device: torch.device) -> bool:
    return not tensor.is_floating_point() or tensor.device.type not in ("cpu", device.type)


def _said(value: object) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{list(value.shape)} of {str(value.dtype).removeprefix('torch.')} on {value.device.type}"


def _wrong(role: str, player: Artist | Critic, method: str, expected: str, came: str) -> PlayerError:
    return PlayerError(
        f"{role} {player.name!r} should give {expected} in {method}(), but it gave {came}. That is a mistake in the "
        f"player; `coevo check {player.name}` examines it."
    )
