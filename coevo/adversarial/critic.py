"""A Critic that plays an adversarial game with a network: the game, its penalties and the known tricks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from coevo.adversarial.games import Game
from coevo.adversarial.penalties import gradient_penalty, zero_centred
from coevo.adversarial.unrolling import unrolled
from coevo.coevolution.archive import Archive, nearest
from coevo.coevolution.past_critics import Panel
from coevo.contract.players import Artist, Critic, Metrics, State
from coevo.contract.works import Works
from coevo.errors import ConfigError
from coevo.nn.adam import Adam, AdamOptions
from coevo.nn.augmentation import augmented, known_kinds
from coevo.plugin.registry import registry

Seen = tuple[Tensor, Tensor | None]  # what the network is shown: works [N, …], and their labels [N]
Network = Callable[..., Tensor]


class Adversary(Critic):
    """Tells works from real ones by the score of a network, under any game.

    A subclass says with `network()` what the network is: a module of works [N, …] and labels [N], or None,
    that gives scores [N], or [N, heads] where several judge. Of `pack` works at once it is shown their channels one
    after another.
    """

    gives_gradients = True
    reals = "required"
    extra_state: ClassVar[tuple[str, ...]] = ("steps", "judged")
    singly: ClassVar[bool] = False
    """Its network scores every work by itself, whatever is beside it in the batch, so both sides can pass at once."""

    class Options(AdamOptions):
        game: str = "non-saturating"
        """The adversarial game; `coevo plugins` lists them."""
        clip: float | None = Field(None, ge=0)
        """Weights stay within ±clip, 0 leaves them free; by default as the game has it."""
        gp: float | None = Field(None, ge=0)
        """Weight of the gradient penalty; by default as the game has it."""
        r1: float = Field(0.0, ge=0)
        """Weight of R1: the slope at real works, squared."""
        r2: float = Field(0.0, ge=0)
        """Weight of R2: the slope at made works, squared."""
        every: int = Field(1, ge=1)
        """Penalties are taken every so many steps, and so many times as strongly (lazily, Karras 2020)."""
        smooth: float = Field(0.0, ge=0, lt=0.5)
        """One-sided label smoothing: real works are called real by 1 - smooth."""
        flip: float = Field(0.0, ge=0, lt=0.5)
        """Label noise: how likely a work is called by the wrong name."""
        noise: float = Field(0.0, ge=0, le=10)
        """Instance noise: deviation of the noise on what the network sees."""
        noise_steps: int = Field(0, ge=0)
        """Steps in which the instance noise fades away; 0 keeps it."""
        augment: str = ""
        """Differentiable augmentation: any of colour,translation,cutout,affine,weight."""
        pack: int = Field(1, ge=1, le=64)
        """PacGAN: so many works are judged at once, as one."""
        unroll: int = Field(0, ge=0, le=50)
        """The artist is judged by the critic as it will be after so many steps."""
        gallery: int = Field(0, ge=0, le=1_000_000)
        """It goes on learning from so many works that were accepted in past rounds."""
        apart: float = Field(0.0, ge=0)
        """A work must also be so far from all in the gallery, as it sees them; real works are 1 apart."""
        panel: int = Field(0, ge=0, le=256)
        """Critics of so many past rounds judge beside it."""
        fade: float = Field(0.5, gt=0, le=1)
        """What a critic on the panel counts beside the one a round younger."""

        @field_validator("game")
        @classmethod
        def known(cls, name: str) -> str:
            registry().find("game", name)
            return name

        _kinds = field_validator("augment")(known_kinds)

    options: Any
    steps: int
    judged: bool
    """It has judged since it last learnt, so that the next step begins a round."""

    def network(self, artist: Artist) -> nn.Module:
        """The module that scores; not yet on the device."""
        raise NotImplementedError

    def seen(self, works: Works) -> Tensor:
        """What of the works it looks at."""
        assert works.images is not None
        return works.images

    @property
    def tells(self) -> bool:
        """Whether the network is told labels."""
        return self.labels == "required"

    @property
    def compares(self) -> bool:
        """Whether it looks at real works, too, when it judges made ones."""
        return bool(self.options.unroll) or self.game.uses_reals

    def check(self) -> None:
        o, game = self.options, self._game()
        if self.studio.batch % o.pack:
            raise ConfigError(
                f"critic.pack={o.pack} does not divide the batch of {self.studio.batch}; say a --batch that it does."
            )
        if o.pack > 1 and self.labels == "required":
            raise ConfigError("critic.pack judges several works as one, which have no one label; leave it at 1.")
        if o.unroll and self._clip(game):
            raise ConfigError(
                f"The game {game.name!r} clips weights at {self._clip(game):g}, and no gradient passes a clip, so it "
                "cannot be unrolled; choose another game, or critic.clip=0 and critic.gp=10."
            )
        if o.apart and not o.gallery:
            raise ConfigError("critic.apart keeps works apart from those in the gallery; say critic.gallery=512, too.")
        if o.apart and o.pack > 1:
            raise ConfigError(
                "critic.apart looks at works one by one, and critic.pack at several as one; leave one out."
            )
        if 0 < o.gallery < self.studio.batch:
            raise ConfigError(
                f"critic.gallery={o.gallery} is smaller than a batch of {self.studio.batch}; say at least as many."
            )
        second = [name for name in ("r1", "r2", "unroll") if getattr(o, name)] + ["gp"] * (self._gp(game) > 0)
        if self.studio.compile and second:
            raise ConfigError(
                f"critic.{second[0]} takes gradients of gradients, which compiled networks do not have; leave out "
                "--compile."
            )

    def build(self, artist: Artist) -> None:
        o = self.options
        self.game = self._game()
        self.scorer = self.studio.prepare(self.network(artist))
        self.optimiser = Adam(self.scorer.parameters(), o)
        self.steps, self.judged = 0, False
        self._gallery_seen: tuple[tuple[int, int], Tensor] | None = None
        self.gallery = Archive(o.gallery)
        self.panel = Panel(o.panel, o.fade, lambda: self.studio.prepare(self.network(artist)))

    def learn(self, works: Works, reals: Works) -> Metrics:
        if self.judged:
            self._turn_over(works, reals)
        made, real = self._shown(self._with_gallery(works)), self._shown(reals)
        scores = self._scored(real, made)
        loss = self._loss(*scores)
        penalty = self._penalty(real, made)
        self.optimiser.zero_grad()
        (loss if penalty is None else loss + penalty).backward()
        self.optimiser.step()
        if clip := self._clip(self.game):
            with torch.no_grad():
                for parameter in self.scorer.parameters():
                    parameter.clamp_(-clip, clip)
        self.steps += 1
        return self._metrics(loss, penalty, *(s.detach() for s in scores))

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        o = self.options
        made, real = self._shown(works), None
        scorer: Network = self.scorer
        if self.compares:
            assert reals is not None
            real = self._shown(reals)
        if o.unroll and real is not None:
            scorer = unrolled(self.scorer, self.optimiser, partial(self._loss_of, real, made), o.unroll)
        with_reals = real if self.game.uses_reals else None

        def reward(scorer: Network) -> Tensor:
            return self.game.reward(scorer(*made), scorer(*with_reals) if with_reals else None)

        self.judged = True
        rewards = self.panel.mean(scorer, reward)
        if o.pack > 1:
            rewards = rewards.repeat_interleave(o.pack, 0)
        if not self._apart:
            return rewards
        return torch.where(self._new(works, reals), rewards, rewards.detach().min())

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        pack = self.options.pack
        made = self._packed(self.seen(works), works.labels)
        real = None
        if self.game.uses_reals:
            assert reals is not None
            real = self._packed(self.seen(reals), reals.labels)

        def taken(scorer: Network) -> Tensor:
            return self.game.fooled(scorer(*made), scorer(*real) if real else None).float()

        accepted = (self.panel.mean(self.scorer, taken) > 0.5).repeat_interleave(pack, 0)
        return accepted & self._new(works, reals) if self._apart else accepted

    def features(self, works: Works) -> Tensor:
        """Works as the network sees them, [N, D]: what its last linear layer is given."""
        last = [part for part in self.scorer.modules() if isinstance(part, nn.Linear)][-1]
        found: list[Tensor] = []
        handle = last.register_forward_pre_hook(lambda _, given: found.append(given[0].detach()))
        try:
            with torch.no_grad():
                self.scorer(self.seen(works), works.labels if self.tells else None)
        finally:
            handle.remove()
        return found[0].float()

    # rounds that are over

    def _turn_over(self, works: Works, reals: Works) -> None:
        """A round is over: what fooled the critic joins the gallery, and the critic as it was the panel."""
        self.judged = False
        if self.options.gallery:
            accepted = works[self.fooled(works, reals).nonzero().flatten()]
            if len(accepted):
                told = {"labels": accepted.labels} if self.tells and accepted.labels is not None else {}
                self.gallery.add(works=self.seen(accepted), **told)
        self.panel.remember(self.scorer)

    def _with_gallery(self, works: Works) -> Works:
        """The works, and as many of the gallery beside them."""
        if not len(self.gallery):
            return works
        past = self.gallery.sample(len(works))
        seen, labels = self.seen(works), works.labels if "labels" in past else None
        if labels is not None:
            labels = torch.cat([labels, past["labels"].to(labels)])
        return self._hung(torch.cat([seen, past["works"].to(seen)]), labels)

    def _hung(self, seen: Tensor, labels: Tensor | None) -> Works:
        """What was seen of works, as works again."""
        return Works(codes=seen, labels=labels) if self.judges == "codes" else Works(seen, labels=labels)

    @property
    def _apart(self) -> bool:
        return bool(self.options.apart and len(self.gallery))

    def _new(self, works: Works, reals: Works | None) -> Tensor:
        """Whether each work is far enough from all in the gallery, as the critic sees them: [N]."""
        made, past = self.features(works), self._gallery_features()
        real = self.features(reals) if reals is not None else past
        scale = torch.cdist(real, real).sum() / max(1, len(real) * (len(real) - 1))
        return nearest(made, past) > self.options.apart * scale

    def _gallery_features(self) -> Tensor:
        """The gallery as the network sees it; computed once for as long as neither changes."""
        key = self.steps, self.gallery.seen
        if self._gallery_seen is None or self._gallery_seen[0] != key:
            hung = self._hung(self.gallery["works"].to(self.studio.device), self.gallery.columns.get("labels"))
            self._gallery_seen = key, self.features(hung)
        return self._gallery_seen[1]

    def restore(self, state: State) -> None:
        super().restore(state)
        self._gallery_seen = None

    # what the network is shown

    def _shown(self, works: Works) -> Seen:
        o = self.options
        x = augmented(self.seen(works), o.augment, self.studio.generator("augment"))
        if fade := 1 - self.steps / o.noise_steps if o.noise_steps else 1.0:
            deviation = o.noise * max(fade, 0.0)
            x = x + deviation * self._normal(x) if deviation else x
        return self._packed(x, works.labels)

    def _packed(self, x: Tensor, labels: Tensor | None) -> Seen:
        pack = self.options.pack
        labels = labels if self.tells else None
        if pack == 1:
            return x, labels
        if len(x) % pack:
            raise ConfigError(f"critic.pack={pack} does not divide {len(x)} works.")
        return x.reshape(len(x) // pack, pack * x.shape[1], *x.shape[2:]), labels

    def _normal(self, x: Tensor) -> Tensor:
        return torch.randn(x.shape, generator=self.studio.generator("instance noise"), device=x.device)

    def _scored(self, real: Seen, made: Seen) -> tuple[Tensor, Tensor]:
        """Scores of both sides, each a batch of its own where the network looks at a batch as a whole."""
        if not self.singly:
            return self.scorer(*real), self.scorer(*made)
        (x, x_labels), (g, g_labels) = real, made
        labels = torch.cat([x_labels, g_labels]) if x_labels is not None and g_labels is not None else None
        scores = self.scorer(torch.cat([x, g]), labels)
        return scores[: len(x)], scores[len(x) :]

    # what it pays

    def _loss(self, real: Tensor, made: Tensor) -> Tensor:
        o = self.options
        if not o.flip:
            return self.game.critic_loss(real, made, 1.0 - o.smooth)
        labels = self._flipped(real, 1.0 - o.smooth), self._flipped(made, 0.0)
        return self.game.critic_loss(real, made, *labels)

    def _loss_of(self, real: Seen, made: Seen, scorer: Network) -> Tensor:
        return self._loss(scorer(*real), scorer(*made))

    def _flipped(self, scores: Tensor, label: float) -> Tensor:
        rolls = torch.rand(scores.shape, generator=self.studio.generator("label noise"), device=scores.device)
        return torch.where(rolls < self.options.flip, 1.0 - label, label)

    def _penalty(self, real: Seen, made: Seen) -> Tensor | None:
        o, gp = self.options, self._gp(self.game)
        if not (gp or o.r1 or o.r2) or self.steps % o.every:
            return None
        (x, x_labels), (g, g_labels) = real, made
        score = self.scorer
        total = torch.zeros((), device=x.device)
        if gp:
            mix = torch.rand(len(x), generator=self.studio.generator("penalty"), device=x.device)
            n = min(len(x), len(g))
            labels = None if x_labels is None else x_labels[:n]
            total = total + gp * gradient_penalty(lambda between: score(between, labels), x, g, mix)
        if o.r1:
            total = total + o.r1 * zero_centred(lambda works: score(works, x_labels), x)
        if o.r2:
            total = total + o.r2 * zero_centred(lambda works: score(works, g_labels), g)
        return o.every * total

    @torch.no_grad()
    def _metrics(self, loss: Tensor, penalty: Tensor | None, real: Tensor, made: Tensor) -> Metrics:
        sure, middle = self.game.probability, (real.mean() + made.mean()) / 2  # some games have no zero of their own
        right = (real > middle).mean(dtype=torch.float32) + (made <= middle).mean(dtype=torch.float32)
        metrics = {
            "loss": loss.detach(),
            "D(x)": sure(real).mean(),
            "D(G(z))": sure(made).mean(),
            "accuracy": right / 2,
        }
        return metrics if penalty is None else metrics | {"penalty": penalty.detach()}

    # as the game has it, unless the options say otherwise

    def _game(self) -> Game:
        game: Game = registry().load("game", self.options.game)()
        return game

    def _clip(self, game: Game) -> float:
        clip: float | None = self.options.clip
        return game.clip if clip is None else clip

    def _gp(self, game: Game) -> float:
        gp: float | None = self.options.gp
        return game.gradient_penalty if gp is None else gp
