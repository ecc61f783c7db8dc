"""The contract: Works, and the two players who pass them to each other, Artist and Critic.

A player is made in two steps. `Player(options, studio)` only stores the two, and every capability can be
read from it; so a pair is checked before any work is done. `build()` then makes the networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.optim import Optimizer

from coevo.errors import PairError

if TYPE_CHECKING:
    from coevo.studio.studio import Studio

Metrics = Mapping[str, Tensor | float]
State = dict[str, Any]
Need = Literal["required", "some", "optional", "unused"]  # some: of labels, those of a few works will do


@dataclass(frozen=True, slots=True)
class Genome:
    """One individual's genotype as text, who it is, and whom it comes from."""

    id: str
    parents: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Works:
    """N works: an Artist's, or real ones from a dataset. At least one of images and codes is there."""

    images: Tensor | None = None  # [N, C, H, W] float32 in [-1, 1]
    codes: Tensor | None = None  # [N, D] latent codes
    labels: Tensor | None = None  # [N] int64, -1 = unlabelled
    genomes: tuple[Genome, ...] | None = None
    memo: Any = None  # the Artist's own, for this turn only
    labelled: Works | None = None  # beside real works whose labels are hidden: some that have theirs

    def __len__(self) -> int:
        for part in (self.images, self.codes, self.labels, self.genomes):
            if part is not None:
                return len(part)
        return 0

    def detach(self) -> Works:
        """The same works without gradients and without the Artist's memo; genomes stay."""
        return replace(
            self,
            images=None if self.images is None else self.images.detach(),
            codes=None if self.codes is None else self.codes.detach(),
            memo=None,
        )

    def __getitem__(self, which: slice | Tensor) -> Works:
        """Some of the works, by a slice or by an int64 tensor of indices; without the memo."""
        picked = range(len(self))[which] if isinstance(which, slice) else which.tolist()
        return Works(
            images=None if self.images is None else self.images[which],
            codes=None if self.codes is None else self.codes[which],
            labels=None if self.labels is None else self.labels[which],
            genomes=None if self.genomes is None else tuple(self.genomes[i] for i in picked),
        )


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A stretch of an Artist's code, and the prior it should follow (a name from `coevo.latent_models.priors`).

    The block named "class" is a work's label, one-hot; given: it is told from outside, not found by the Artist.
    """

    name: str
    size: int
    prior: str = "gaussian"
    given: bool = False


class Options(BaseModel):
    """A player's options: typed, bounded, each with a one-line description; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Player:
    """What Artists and Critics share: a name, options, a studio, a build step and an exact state."""

    name: ClassVar[str]
    Options: ClassVar[type[Options]] = Options

    reals: Need = "unused"
    """Whether it uses real works: required (cannot do without), optional or unused."""
    labels: Need = "unused"
    """Whether it uses the labels of real works: required of all, of some, optional or unused."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """Attributes beside modules and optimisers that belong to the state (tensors and JSON values)."""
    frozen: ClassVar[tuple[str, ...]] = ()
    """Parts of the state that never change while it plays; a session's moments leave them out."""

    def __init__(self, options: Any, studio: Studio):
        self.options = options
        self.studio = studio

    def check(self) -> None:
        """Raise ConfigError where the options do not fit the studio: a size it cannot make, say."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Every parameter of every module it holds, each once."""
        modules = [value for value in vars(self).values() if isinstance(value, nn.Module)]
        yield from nn.ModuleList(modules).parameters()

    def state(self) -> State:
        """Everything that changes: what has a state_dict (modules, optimisers, averages), and `keeps`."""
        parts: State = {name: value.state_dict() for name, value in vars(self).items() if hasattr(value, "state_dict")}
        return parts | {name: getattr(self, name) for name in self.keeps}

    def restore(self, state: State) -> None:
        """Take back a state made by `state()` of a player with the same options.

        Raises KeyError or RuntimeError where the state is another player's.
        """
        for name, value in state.items():
            if name in self.keeps:
                setattr(self, name, value.to(self.studio.device) if isinstance(value, Tensor) else value)
                continue
            getattr(self, name).load_state_dict(value)
            if isinstance(part := getattr(self, name), Optimizer):
                _lay_out_alike(part)


class Artist(Player):
    """Makes works, and learns from the rewards that a Critic gives them."""

    wants_gradients: bool = False
    """learn() needs rewards that carry gradients back to the works."""
    rewards: tuple[str, ...] = ("scores", "picks")
    """The kinds of reward it can learn from."""
    picks: tuple[int, int] = (1, 1_000_000)
    """How many picks it can use at once: at least, at most."""
    critic: Need = "required"
    """Whether it needs a critic at all."""

    # what it makes

    makes_images: bool = True
    repeats: bool = False
    """make() gives the same works until it learns (a population); so every turn is safe to save."""

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        """The blocks of its latent code, in the order of their columns; empty without a code."""
        return ()

    @property
    def code_size(self) -> int:
        return sum(block.size for block in self.codes)

    @property
    def code_slices(self) -> dict[str, slice]:
        """The columns of each block of the code, by its name."""
        ends = accumulate(block.size for block in self.codes)
        return {block.name: slice(end - block.size, end) for block, end in zip(self.codes, ends, strict=True)}

    @property
    def decodes(self) -> bool:
        return type(self).decode is not Artist.decode

    @property
    def encodes(self) -> bool:
        return type(self).encode is not Artist.encode

    # what it does

    def build(self) -> None:
        """Make networks or a first population. Called again where a phase restarts the Artist."""

    def make(self, n: int, reals: Works | None) -> Works:
        """n works; images [n, C, H, W]. May carry gradients. A population comes whole, and an Artist that encodes makes
        as many as there are real works, whatever n is."""
        raise NotImplementedError

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        """Learn from rewards [N], higher is better. Take every gradient before the first optimiser step."""
        raise NotImplementedError

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        """n finished works for people and metrics: no gradients; changes nothing; same seed, same works."""
        raise NotImplementedError

    def adopt(self, works: Works) -> None:
        """Take in others' genomes or codes. Raises PairError where it can use neither."""
        raise PairError(f"Artist {self.name!r} cannot take in the works of others: it keeps neither genomes nor codes.")

    def welcome(self, works: Works) -> None:
        """Take in works of others beside one's own, in the course of a run; by default as `adopt` does."""
        self.adopt(works)

    def encode(self, works: Works) -> Tensor:
        """Codes [N, D] of works with images."""
        raise PairError(f"Artist {self.name!r} cannot encode pictures.")

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        """Finished works of codes [N, D]: no gradients; changes nothing."""
        raise PairError(f"Artist {self.name!r} has no latent code to decode.")

    def render(self, works: Works, size: int) -> Tensor:
        """Pictures [N, C, size, size] of works that may hold no more than their genomes or codes.

        Changes nothing. An Artist whose genomes know no resolution draws them anew; by default codes are
        decoded, and pictures enlarged. Raises PairError where the works are another Artist's.
        """
        images = works.images
        if images is None:
            if works.codes is None or not self.decodes:
                raise PairError(f"Artist {self.name!r} cannot draw works from their genomes alone.")
            images = self.decode(works.codes, works.labels).images
        assert images is not None
        return resized(images, size)

    def strips(self, works: Works, size: int) -> Iterator[Tensor]:
        """The picture of the first work from top to bottom, [C, rows, size] at a time: an Artist whose genomes know no
        resolution draws it in bounded memory, however large it is."""
        yield self.render(works[:1], size)[0]

    def figures(self, works: Works, draws: int) -> Mapping[str, float]:
        """Figures of its own on real works, for `coevo evaluate`; draws: for those that are estimated by drawing."""
        return {}

    def tune(self, options: Any) -> None:
        """Change options of a living Artist, between two turns: the mutation rate, say."""
        self.options = options


class Critic(Player):
    """Judges works beside real ones, and learns to tell them apart. It is given the Artist it judges."""

    gives_gradients: bool = False
    """The rewards of judge() carry gradients to the works."""
    judges: Literal["images", "codes"] = "images"
    rewards: Literal["scores", "picks"] = "scores"
    """Scores rank the works; picks are 1 for chosen, 0 for the rest."""
    learns: bool = True
    """False for a person or a frozen network: it gets no phase of its own."""
    batch: ClassVar[int] = 64
    """Works it sees at once, unless the run says another number; a person sees fewer than a network."""
    asks: ClassVar[bool] = False
    """It asks a person, through the `face` it is given: a `coevo.interactive.ui.Face`, of which it knows no more."""
    indifferent: ClassVar[bool] = False
    """It likes all works alike: only an Artist that needs no critic learns beside it."""
    face: Any = None

    @property
    def who(self) -> str:
        """Whose judgement it is, as the lineage names it."""
        return self.name

    def sit(self, session: Any) -> None:
        """Told once in which `coevo.interactive.session.Session` it judges: a person looks back through it."""

    def build(self, artist: Artist) -> None:
        """Make networks that fit the Artist's works."""

    def learn(self, works: Works, reals: Works) -> Metrics:
        """One step towards telling works from reals; N works and M reals may differ in number. A critic that does not
        need real works may get none."""
        raise NotImplementedError

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        """Rewards [N], float32, finite, higher is better. May raise `Rewind` (a person who undoes)."""
        raise NotImplementedError

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """[N] bool: taken for real, accepted, picked."""
        raise NotImplementedError


def picked(rewards: Tensor) -> list[int] | None:
    """Whom a person picked, by the rewards [N] that are then 1 for the picked and 0 for the rest; None of scores."""
    if not ((rewards == 0) | (rewards == 1)).all():
        return None
    return [int(i) for i in rewards.nonzero().flatten().tolist()]


def resized(images: Tensor, size: int) -> Tensor:
    """[N, C, H, W] → [N, C, size, size], in [-1, 1]; whole multiples keep the pixels' edges."""
    if images.shape[-1] == images.shape[-2] == size:
        return images
    if size % images.shape[-1] == 0 and images.shape[-1] == images.shape[-2]:
        return nn.functional.interpolate(images, size=(size, size), mode="nearest")
    return nn.functional.interpolate(images, size=(size, size), mode="bicubic", antialias=True).clamp(-1, 1)


def _lay_out_alike(optimiser: Optimizer) -> None:
    """Give loaded moments the memory format of their parameters, as they had: fused kernels rely on it."""
    for parameter, moments in optimiser.state.items():
        for key, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[key] = torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)


def parameters_shared(artist: Artist, critic: Critic) -> bool:
    """Whether the two hold a parameter in common, as ALAE's pair does its encoder."""
    own = {id(p) for p in artist.parameters()}
    return any(id(p) in own for p in critic.parameters())
