"""The two players: an Artist makes works, a Critic judges them. Five methods each; the rest is optional.

A player is made in two steps. `Player(options, studio)` only stores the two, and `spec()` says what it needs and
gives, so that a pair is checked first. `build()` then makes networks or a first population.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from coevo.contract.works import NO_CODE, CodeLayout, Works
from coevo.studio import Studio
from coevo.studio.devices import align_memory_format

Metrics = Mapping[str, Tensor | float]
State = dict[str, Any]
Need = Literal["required", "optional", "unused"]
Supervision = Literal["required", "some", "optional", "unused"]  # some: labels of a few works, as reals.labelled
RewardKind = Literal["scores", "picks", "constant"]
Given = Literal["pairs", "any", "unused"]  # pairs: what real work i was made from is given[i]; any: it need not be so


class Options(BaseModel):
    """A player's options: typed, bounded, each with a one-line description; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Old names of options and the new ones: runs made with the old are still opened."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Conditions, of which an option needs one to have an effect: {"option": "other or kind=value"}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtistSpec:
    """The needs and abilities of an Artist, as its options have them."""

    images: bool = True
    """Its works have images."""
    code: CodeLayout = NO_CODE
    """The layout of its latent code; empty without one."""
    population: bool = False
    """make() gives the same works until it learns, as a population does; every turn is then safe to save."""
    gradients: bool = False
    """learn() needs rewards that carry gradients back to the works."""
    scores: bool = True
    """learn() can use scores that carry no gradients too, unless `gradients` is set."""
    picks: tuple[int, int] | None = None
    """The fewest and the most picks that breed() can use at once; None: it cannot be bred by picks."""
    critic: Need = "required"
    """Whether it needs a critic to learn from."""
    reals: Need = "unused"
    """Whether it uses real works."""
    labels: Supervision = "unused"
    """Whether it uses the labels of real works."""
    given: Given = "unused"
    """Whether its works are made from what real works bring as `given`: work i of make() from that of real work i."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticSpec:
    """The needs and abilities of a Critic, as its options have them."""

    judges: Literal["images", "codes"] = "images"
    """The part of works that it looks at."""
    rewards: RewardKind = "scores"
    """Scores rank the works; picks are 1 for chosen and 0 for the rest; constant rewards say nothing."""
    gradients: bool = False
    """The rewards of judge() carry gradients to the works."""
    learns: bool = True
    """False for a person or a frozen network: it gets no phase of its own."""
    pretraining: int = 0
    """Steps that it learns in the first round, to stay as it is then; 0: it learns in every round."""
    reals: Need = "unused"
    """Whether it uses real works."""
    labels: Supervision = "unused"
    """Whether it uses the labels of works."""
    given: Given = "unused"
    """Whether it looks at what works, made and real, were made from."""
    batch: int = 64
    """The number of works it prefers to see at once; the run may choose another."""
    group: int = 1
    """Works that it judges together, as one: it needs a multiple of this number."""


class Player:
    """The common base of Artists and Critics: a name, options, a studio and an exact state."""

    name: str
    """Set in every subclass; what follows only where it differs."""
    Options: ClassVar[type[Options]] = Options
    extra_state: ClassVar[tuple[str, ...]] = ()
    """Attributes beside modules and optimisers that belong to the state: tensors and JSON values."""
    constant_state: ClassVar[tuple[str, ...]] = ()
    """Parts of the state that never change while it plays, such as a frozen network."""
    learning_state: tuple[str, ...] = ()
    """Parts of the state, beside optimisers, that only `learn` needs: critics that are kept to judge do without."""
    renamed_state: ClassVar[Mapping[str, str]] = {}
    """Old names of parts of the state and the new ones: checkpoints made with the old are still read."""

    def __init__(self, options: Any, studio: Studio):
        self.options = options
        self.studio = studio

    @classmethod
    def upgrade(cls, options: dict[str, Any]) -> dict[str, Any]:
        """The options {name: value} of a run of any version, as this one names them; "name" may be another player."""
        return {cls.Options.renamed.get(name, name): value for name, value in options.items()}

    @classmethod
    def upgrade_state(cls, state: State) -> State:
        """A state that any version saved, or a part of one, as `restore()` takes it now: often it is already."""
        return {cls.renamed_state.get(name, name): value for name, value in state.items()}

    def check(self) -> None:
        """Raise ConfigError if the options do not fit each other or the studio."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Every parameter of every module that it holds, each once."""
        yield from dict.fromkeys(p for m in vars(self).values() if isinstance(m, nn.Module) for p in m.parameters())

    def state(self) -> State:
        """Everything that changes: whatever has a state_dict (modules, optimisers, averages), and `extra_state`."""
        parts: State = {name: value.state_dict() for name, value in vars(self).items() if hasattr(value, "state_dict")}
        return parts | {name: getattr(self, name) for name in self.extra_state}

    def restore(self, state: State) -> None:
        """Take back a state that a player with the same options had. Call it after `build()`.

        Raises:
            KeyError: a part is unknown or missing; only parts in `constant_state` may be left out.
            RuntimeError, ValueError: a part has another size.
        """
        parts = {name: value for name, value in vars(self).items() if hasattr(value, "state_dict")}
        parts |= {name: getattr(self, name) for name in self.extra_state if hasattr(self, name)}
        if unknown := [name for name in state if name not in parts]:
            kind = "artist" if isinstance(self, Artist) else "critic"
            raise KeyError(f"{unknown[0]!r} is not a part of {kind} {self.name!r}.")
        if missing := [name for name in parts if name not in (*state, *self.constant_state)]:
            raise KeyError(f"The state has no {missing[0]!r}.")
        for name, value in state.items():
            if name in self.extra_state:
                setattr(self, name, value.to(self.studio.device) if isinstance(value, Tensor) else value)
                continue
            parts[name].load_state_dict(value)
            align_memory_format(parts[name])


class Artist(Player):
    """Makes works, and learns from the rewards that a Critic gives them.

    Whatever else it can do (encode, decode, render, be bred) is a protocol of `coevo.contract.capabilities`.
    """

    def spec(self) -> ArtistSpec:
        """Its needs and abilities. Called before `build()`, so only `options` and `studio` can be used."""
        raise NotImplementedError(f"{type(self).__name__} needs a method spec() that returns an ArtistSpec")

    def build(self) -> None:
        """Make networks or a first population, from options and studio; again when a phase restarts the artist."""
        raise NotImplementedError(f"{type(self).__name__} needs a method build()")

    def make(self, n: int, reals: Works | None) -> Works:
        """Make works for the critic; without gradients (`torch.no_grad`) where the artist will not learn from them.

        Args:
            n: how many; a population returns all its individuals instead, and an encoder one work per real work.
            reals: real works [M] of the same turn; None if the run has none.

        Returns:
            N works: images [N, C, H, W] float32 in [-1, 1], or codes [N, D]; both may carry gradients.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method make(n, reals)")

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        """Learn from rewards; return figures for the log. Take every gradient before the first optimiser step.

        Args:
            works: the N works that `make` returned, with their gradients and ctx.
            rewards: float32 [N], higher is better; with gradients to the works if `CriticSpec.gradients`.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method learn(works, rewards)")

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        """n finished works, of labels [n] if given: no gradients; changes nothing; same seed, same works."""
        raise NotImplementedError(f"{type(self).__name__} needs a method exhibit(n, seed, labels)")

    @property
    def code(self) -> CodeLayout:
        """The layout of its latent code."""
        return self.spec().code


class Critic(Player):
    """Judges works beside real ones, and learns to tell them apart. It is given the Artist that it judges."""

    def spec(self) -> CriticSpec:
        """Its needs and abilities. Called before `build()`, so only `options` and `studio` can be used."""
        raise NotImplementedError(f"{type(self).__name__} needs a method spec() that returns a CriticSpec")

    def build(self, artist: Artist) -> None:
        """Make networks that fit the works of the artist, which is built before."""

    def learn(self, works: Works, reals: Works) -> Metrics:
        """Take one step towards telling N detached works from M reals (0 if there is no data); return figures.

        A critic that never learns needs no such method.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method learn(works, reals)")

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        """Judge works before the artist learns. A person may raise `Rewind` or `EndSession` here.

        Args:
            works: N works as made: a critic with `CriticSpec.gradients` keeps their graph.
            reals: real works [M] of the same turn; None if the run has none.

        Returns:
            Rewards float32 [N], finite, higher is better; picks are 1 for picked works and 0 for others.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method judge(works, reals)")

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """Whether each work is taken for real, accepted or picked: bool [N]. Called without gradients."""
        raise NotImplementedError(f"{type(self).__name__} needs a method fooled(works, reals)")
