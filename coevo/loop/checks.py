"""What a player gave, compared with what it should give: kinds, shapes and devices, at every step; values, which a
device would have to be asked for, where a row of the log is written, or at every step with `coevo --debug`."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from inspect import unwrap
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Metrics
from coevo.contract.works import Works
from coevo.errors import PlayerError

every_step = False
"""Whether values are looked at at every step, too."""
OUTSIDE = 1 + 1e-3  # of [-1, 1] by more than rounding


def specified(player: Artist | Critic) -> ArtistSpec | CriticSpec:
    """What a player says of its needs and abilities. Raises PlayerError if that is not a spec of its kind."""
    spec: Any = player.spec()
    expected = ArtistSpec if isinstance(player, Artist) else CriticSpec
    if not isinstance(spec, expected):
        raise _wrong(player, "spec", f"{expected.__name__}(…)", f"a {type(spec).__name__}")
    return spec


def made(artist: Artist, n: int, reals: Works | None) -> Works:
    """Works that an artist makes.

    Raises:
        PlayerError: they are no works, or of another shape, kind or device than they should be.
    """
    return _works(artist, "make", artist.make(n, reals), n)


def exhibited(artist: Artist, n: int, seed: int, labels: Tensor | None = None) -> Works:
    """Works that an artist exhibits. Raises as `made` does."""
    return _works(artist, "exhibit", artist.exhibit(n, seed, labels), n)


def _works(artist: Artist, method: str, works: Any, n: int) -> Works:
    if not isinstance(works, Works):
        raise _wrong(artist, method, "Works", type(works).__name__)
    shape, device = artist.studio.image, artist.studio.device
    if works.images is not None and (_unfit(works.images, device) or works.images.shape[1:] != shape):
        expected = f"images [N, {', '.join(map(str, shape))}] of floats on {device.type}"
        raise _wrong(artist, method, expected, _said(works.images))
    if works.codes is not None and (_unfit(works.codes, device) or works.codes.ndim != 2):
        raise _wrong(artist, method, f"codes [N, D] of floats on {device.type}", _said(works.codes))
    labels: object = works.labels
    if labels is not None and not (isinstance(labels, Tensor) and labels.ndim == 1 and not labels.is_floating_point()):
        raise _wrong(artist, method, "labels [N] of whole numbers", _said(labels))
    given, planes = works.given, (len(artist.studio.planes), *shape[1:])
    if given is not None and (_unfit(given, device) or given.shape[1:] != planes):
        expected = f"given [N, {', '.join(map(str, planes))}] of floats on {device.type}"
        raise _wrong(artist, method, expected, _said(given))
    if not len(works):
        raise _wrong(artist, method, f"{n} works", "none")
    parts: dict[str, Sized | None] = {"images": works.images, "codes": works.codes, "labels": works.labels}
    parts |= {"genomes": works.genomes, "given": works.given}
    counts = {name: len(part) for name, part in parts.items() if part is not None}
    if len(set(counts.values())) > 1:
        came = " and ".join(f"{count} {name}" for name, count in counts.items())
        raise _wrong(artist, method, "as many of each part of its works", came)
    if every_step:
        _finite(artist, method, works.images, works.codes)
        if too_far := outside(works):
            raise _wrong(artist, method, "pixels in [-1, 1]", f"some of {too_far:.3g}")
    return works


def judged(critic: Critic, works: Works, reals: Works | None) -> Tensor:
    """A critic's rewards [N] for works.

    Raises:
        PlayerError: they are no tensor of one number a work.
    """
    rewards = critic.judge(works, reals)
    device = critic.studio.device
    if _unfit(rewards, device) or rewards.shape != (len(works),):
        expected = f"rewards [{len(works)}] of floats on {device.type}"
        raise _wrong(critic, "judge", expected, _said(rewards))
    if every_step:
        _finite(critic, "judge", rewards)
    return rewards


def fooled(critic: Critic, works: Works, reals: Works | None) -> Tensor:
    """Which works fool a critic, bool [N]. Raises PlayerError if it does not say so."""
    found = critic.fooled(works, reals)
    if not isinstance(found, Tensor) or found.shape != (len(works),) or found.dtype != torch.bool:
        raise _wrong(critic, "fooled", f"bool [{len(works)}]", _said(found))
    return found


def learned(player: Artist | Critic, metrics: Metrics, method: str = "learn") -> Metrics:
    """What `learn` or `breed` returned: figures by name.

    Raises:
        PlayerError: they are no numbers or tensors of one value.
    """
    if not isinstance(metrics, Mapping):
        raise _wrong(player, method, "a dict of figures by name", f"a {type(metrics).__name__}")
    for name, value in metrics.items():
        single = value.numel() == 1 if isinstance(value, Tensor) else isinstance(value, int | float)
        if not single or not isinstance(name, str):
            came = _said(value) if isinstance(value, Tensor) else f"a {type(value).__name__}"
            raise _wrong(player, method, f"one number for the figure {name!r}", came)
        if every_step and isinstance(value, Tensor):
            _finite(player, method, value)
    return metrics


def outside(works: Works) -> float:
    """The pixel that is furthest from [-1, 1], if one is outside of it; otherwise 0. It asks the device for a value."""
    if works.images is None or not works.images.numel():
        return 0.0
    low, high = (value.item() for value in works.images.detach().aminmax())
    furthest = low if -low > high else high
    return furthest if abs(furthest) > OUTSIDE else 0.0


def _finite(player: Artist | Critic, method: str, *tensors: Tensor | None) -> None:
    if any(tensor is not None and not tensor.detach().isfinite().all() for tensor in tensors):
        raise _wrong(player, method, "finite numbers", "some that are NaN or infinite")


def _unfit(part: object, device: torch.device) -> bool:
    """Whether something is no tensor of floats that a device can compute with."""
    return not (isinstance(part, Tensor) and part.is_floating_point() and part.device.type in ("cpu", device.type))


def _said(value: object) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__} instead of a tensor"
    return f"{list(value.shape)} of {str(value.dtype).removeprefix('torch.')} on {value.device.type}"


def _wrong(player: Artist | Critic, method: str, expected: str, came: str) -> PlayerError:
    role = "Artist" if isinstance(player, Artist) else "Critic"
    code = getattr(unwrap(getattr(type(player), method)), "__code__", None)
    place = f" ({Path(code.co_filename).name}, line {code.co_firstlineno})" if code else ""
    return PlayerError(
        f"{role} {player.name!r} should give {expected} in {method}(), but it gave {came}. That is a mistake in the "
        f"player{place}; `coevo check` examines it.",
        type(player),
    )
