"""Artists of two domains whose pictures have no partners: each is translated into the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from coevo import ArtistSpec, ConfigError, Metrics, Works
from coevo.contract.players import State
from coevo.images.given import is_map
from coevo.loop.coevolve import without_gradients
from coevo.nn.adam import Adam, AdamOptions, minimise
from coevo_translation.patch import Patch, Side, too_large
from coevo_translation.translator import AT_ONCE, Translating


class Passes(NamedTuple):
    """What the networks made of pictures of both domains, and what they lose by it."""

    forth: Tensor
    """Pictures of the first domain, translated into the second."""
    back: Tensor
    """Pictures of the second domain, translated into the first."""
    losses: dict[str, Tensor]
    """Weighted losses by name, beside the games."""


class TwoWay(Translating):
    """Translates what it is given into the domain of real works, and real works back.

    The critic of the pair judges the second domain, whatever critic that is. The first domain is judged by a critic of
    the artist's own, a `patch`, as InfoGAN has a network Q. A subclass implements `build_networks`, `passes`,
    `draft`, `translated`, `returned` and `update_averages`.
    """

    class Options(AdamOptions):
        width: int = Field(16, ge=4, le=512)
        """Channels of the largest map, four times as many in the smallest; 64 in the paper."""
        blocks: int = Field(3, ge=1, le=16)
        """Residual blocks."""
        ema: float = Field(0.99, ge=0, lt=1)
        """Decay of the averaged networks that are exhibited; the paper has none."""
        back_width: int = Field(16, ge=1, le=512)
        """Channels of the first layer of its own critic, which judges what is translated back."""
        back_patch: Side = 16
        """Side in px of the patches that its own critic scores."""
        back_pool: int = Field(50, ge=0, le=100_000)
        """Past works that its own critic goes on seeing."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate; 2e-4 in CycleGAN, 1e-4 in UNIT."""
        back_learning_rate: float = Field(1e-3, gt=0, le=1)
        """Learning rate of its own critic, which halves and falls as that of the artist."""

    options: Options

    def build_networks(self) -> list[nn.Module]:
        """Make the networks, prepared and kept as attributes, with their averages; return those that learn."""
        raise NotImplementedError(f"{type(self).__name__} needs a method build_networks()")

    def passes(self, a: Tensor, b: Tensor) -> Passes:
        """Translate pictures a and b [N, C, H, W] of the two domains, with gradients."""
        raise NotImplementedError(f"{type(self).__name__} needs a method passes(a, b)")

    def draft(self, a: Tensor) -> Tensor:
        """Pictures of the second domain by the networks as they learn, as `passes` makes them."""
        raise NotImplementedError(f"{type(self).__name__} needs a method draft(a)")

    def translated(self, a: Tensor) -> Tensor:
        """Finished pictures of the second domain, by the averaged networks."""
        raise NotImplementedError(f"{type(self).__name__} needs a method translated(a)")

    def returned(self, b: Tensor) -> Tensor:
        """Finished pictures of the first domain, by the averaged networks."""
        raise NotImplementedError(f"{type(self).__name__} needs a method returned(b)")

    def update_averages(self) -> None:
        """Let the averages follow the networks."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update_averages()")

    def spec(self) -> ArtistSpec:
        return ArtistSpec(gradients=True, reals="required", given="any")

    def check(self) -> None:
        (channels, size, _), planes = self.studio.image, self.studio.planes
        if size % 4 or size < 16:
            raise ConfigError(
                f"Artist {self.name!r} needs pictures of 16 px or more that can be halved twice, not {size}; choose "
                "another data.size."
            )
        if planes and (is_map(planes) or len(planes) != channels):
            given = f"is a label map of {len(planes)} regions" if is_map(planes) else f"has {len(planes)}"
            raise ConfigError(
                f"Artist {self.name!r} translates pictures into pictures and back, so both domains need {channels} "
                f"channels, and what is given {given}; say -o data.given=DATASET, or take a folder of trainA and "
                "trainB."
            )
        if self.studio.deterministic and self.studio.device.type == "cuda":
            raise ConfigError(
                f"Artist {self.name!r} reflects pictures at their edges, which has no deterministic gradient on CUDA; "
                "leave out run.deterministic."
            )
        if too_large(patch := self.options.back_patch, size):
            raise ConfigError(
                f"artist.back_patch={patch} halves a picture of {size} px to nothing; choose smaller patches or a "
                "larger data.size."
            )

    def check_divided(self) -> None:
        """It may: its losses are means over works, and the pool of its critic is of whole batches."""

    def build(self) -> None:
        networks = self.build_networks()
        self.optimiser = Adam([p for network in networks for p in network.parameters()], self.options)
        self.back_critic = self._own_critic()
        self.back_critic.build(self)

    def make(self, n: int, reals: Works | None) -> Works:
        both = (reals or Works())[:n]
        a, b = both.conditions, both.pixels
        if not torch.is_grad_enabled():  # nothing is learnt from it
            return Works(self.draft(a), given=a)
        made = self.passes(a, b)
        return Works(made.forth, given=a, ctx=(a, made))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        a, made = works.ctx
        with without_gradients(self.back_critic, None):
            back = self.back_critic.judge(Works(made.back), Works(a)).mean()
            loss = sum(made.losses.values(), -rewards.mean() - back)
            minimise(self.optimiser, loss)
        self.update_averages()
        learned = self.back_critic.learn(Works(made.back.detach()), Works(a))
        figures = {name: part.detach() for name, part in made.losses.items()}
        return {"loss": loss.detach(), **figures, **{f"back.{name}": value for name, value in learned.items()}}

    def finished(self, given: Tensor, seed: int) -> Tensor:
        return self.translated(given)

    @torch.no_grad()
    def translate_back(self, images: Tensor, seed: int) -> Works:
        return Works(torch.cat([self.returned(some) for some in images.split(AT_ONCE)]), given=images)

    @torch.no_grad()
    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        """How far pictures are from themselves after a translation there and back; black to white is 1."""
        total = 0.0
        for a in works.conditions.to(self.studio.device).split(AT_ONCE):
            total += l1_loss(self.returned(self.translated(a)), a, reduction="sum").item() / 2
        return {"cycle_error": total / works.conditions.numel()}

    # its own critic, a part of its state

    def _own_critic(self) -> Patch:
        o = self.options
        options = Patch.Options(
            conditional=False,
            game="least-squares",
            width=o.back_width,
            patch=o.back_patch,
            pool=o.back_pool,
            learning_rate=o.back_learning_rate,
            lr_half_life=o.lr_half_life,
            lr_decay_steps=o.lr_decay_steps,
            lr_decay_start=o.lr_decay_start,
        )
        return Patch(options, self.studio)

    def parameters(self) -> Iterator[nn.Parameter]:
        yield from super().parameters()
        yield from self.back_critic.parameters()

    @classmethod
    def upgrade_state(cls, state: State) -> State:
        upgraded = dict(super().upgrade_state(state))
        if "back_critic" in upgraded:
            upgraded["back_critic"] = Patch.upgrade_state(upgraded["back_critic"])
        return upgraded

    def state(self) -> State:
        return super().state() | {"back_critic": self.back_critic.state()}

    def restore(self, state: State) -> None:
        own = dict(state)
        self.back_critic.restore(own.pop("back_critic"))
        super().restore(own)
