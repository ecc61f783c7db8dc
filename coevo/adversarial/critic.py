"""A critic that plays an adversarial game (Goodfellow 2014, arXiv:1406.2661, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.adversarial.games import Game
from coevo.adversarial.inputs import InputOptions, InputPipeline, Inputs, input_problems
from coevo.adversarial.memory import AcceptedMemory, MemoryOptions, last_features, memory_problems
from coevo.adversarial.penalties import Penalties, PenaltyOptions, Scored, watched
from coevo.adversarial.unrolling import unrolled
from coevo.coevolution.past_critics import Network, PastCriticOptions, PastCritics
from coevo.contract.players import Artist, Critic, CriticSpec, Metrics
from coevo.contract.works import Works
from coevo.errors import ConfigError
from coevo.nn.adam import AccumulationOptions, Adam, AdamOptions, minimise
from coevo.plugin.registry import registry


class AdversarialCritic(Critic):
    """Learns to score real works above made ones, and rewards works for their scores, under any game.

    A subclass implements `network`. It may also override `inputs`, `sees_labels`, `batch_independent` and `spec`.

    Reference:
        Goodfellow et al. 2014, Generative adversarial nets, algorithm 1: the loop is `coevo.loop.coevolve`, the steps
        of the discriminator are `learn`, and the generator ascends the gradients of `judge`.
    """

    class Options(MemoryOptions, PastCriticOptions, InputOptions, PenaltyOptions, AccumulationOptions, AdamOptions):
        game: str = "non-saturating"
        """The adversarial game; `coevo plugins` lists them."""
        label_smoothing: float = Field(0.0, ge=0, lt=0.5)
        """One-sided label smoothing (Salimans 2016): the target of real works is 1 - label_smoothing."""
        label_flip: float = Field(0.0, ge=0, lt=0.5)
        """Probability that the target of a work is flipped."""
        unroll: int = Field(0, ge=0, le=50)
        """Steps of its own learning that it looks ahead when it judges (Metz 2017)."""

        renamed: ClassVar[Mapping[str, str]] = {
            **MemoryOptions.renamed,
            **PastCriticOptions.renamed,
            **InputOptions.renamed,
            **PenaltyOptions.renamed,
            **AdamOptions.renamed,
            "smooth": "label_smoothing",
            "flip": "label_flip",
        }
        needs: ClassVar[Mapping[str, str]] = {"burn_in": "final_learning_rate or final_beta2 or final_penalty"}

    options: Any
    extra_state: ClassVar[tuple[str, ...]] = ("steps", "judged_since_learn")
    renamed_state: ClassVar[Mapping[str, str]] = {
        "judged": "judged_since_learn",
        "gallery": "memory",
        "panel": "past_critics",
    }
    batch_independent: ClassVar[bool] = False
    """Its network scores every work by itself, whatever else is in the batch, so that both sides can pass at once."""

    steps: int
    judged_since_learn: bool

    def network(self, artist: Artist) -> nn.Module:
        """Make the module that scores works.

        Args:
            artist: the artist that it judges, built before; `artist.code` is the layout of the codes.

        Returns:
            A module on the CPU with forward(works, labels): of works [N, …], as `inputs` returns them, and labels [N]
            int64, or None, it returns raw scores [N]; [N, heads] if several judge. With `pack`, the works of a pack
            are the channels of one.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method network(artist)")

    def inputs(self, works: Works) -> Tensor:
        """The part of works that the network scores, [N, …]: by default their images [N, C, H, W] in [-1, 1].

        Raises:
            PairError: the works do not have it.
        """
        return works.pixels

    @property
    def sees_labels(self) -> bool:
        """Whether the network is given labels."""
        return self.spec().labels == "required"

    def spec(self) -> CriticSpec:
        return CriticSpec(gradients=True, reals="required", group=self.options.pack)

    def build(self, artist: Artist) -> None:
        o = self.options
        self.scorer = self.studio.prepare(self.network(artist))
        self.optimiser = Adam(self.scorer.parameters(), o)
        self.pipeline = InputPipeline(o, self.studio)
        self.memory = AcceptedMemory(o.memory, o.novelty_threshold)
        self.learning_state = () if o.novelty_threshold else ("memory",)
        self.past_critics = PastCritics(o.past_critics, o.past_decay, lambda: self.studio.prepare(self.network(artist)))
        self.steps, self.judged_since_learn = 0, False

    def check_divided(self) -> None:
        if self.options.memory:
            raise ConfigError(
                f"critic.memory={self.options.memory} remembers works of whole batches, which several processes do not "
                "have; leave it at 0, or leave out --processes."
            )

    # algorithm 1

    def learn(self, works: Works, reals: Works) -> Metrics:
        """Take one step down the game's loss on made and real works."""
        if self.judged_since_learn:
            self.end_round(works, reals)
        made = self.pipeline(self.memory.extend(self.labelled_inputs(works)), self.steps)
        real = self.pipeline(self.labelled_inputs(reals), self.steps)
        if due := self.penalties.due(self.steps):
            real, made = watched(real), watched(made)
        real_scores, made_scores = self.scores(real, made)
        loss, penalty = self.loss(real_scores, made_scores), None
        if due:
            sides = Scored(real, real_scores), Scored(made, made_scores)
            penalty = self.penalties(self.scorer, *sides, self.burnt_in)
        minimise(self.optimiser, loss if penalty is None else loss + penalty)
        self.penalties.clip(self.scorer)
        self.steps += 1
        metrics = self.metrics(loss.detach(), real_scores.detach(), made_scores.detach())
        return metrics if penalty is None else {**metrics, "penalty": penalty.detach()}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        """The game's rewards [N] of works, which an artist maximises."""
        made = self.pipeline(self.labelled_inputs(works), self.steps)
        real = self.pipeline(self.labelled_inputs(reals or Works()), self.steps) if self.judges_with_reals else None
        scorer = self.looking_ahead(real, made) if real and self.options.unroll else self.scorer

        def reward(scorer: Network) -> Tensor:
            return self.game.reward(scorer(*made), scorer(*real) if real and self.game.uses_reals else None)

        self.judged_since_learn = True
        rewards = self.pipeline.unpack(self.past_critics.mean(scorer, reward))
        if not self.memory.demands_novelty:
            return rewards
        return torch.where(self.novel(works, reals), rewards, rewards.detach().min())

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        made = self.pipeline.pack(self.labelled_inputs(works))
        real = self.pipeline.pack(self.labelled_inputs(reals or Works())) if self.game.uses_reals else None

        def fooled(scorer: Network) -> Tensor:
            return self.game.fooled(scorer(*made), scorer(*real) if real else None).float()

        accepted = self.pipeline.unpack(self.past_critics.mean(self.scorer, fooled) > 0.5)
        return accepted & self.novel(works, reals) if self.memory.demands_novelty else accepted

    # scores and losses

    @cached_property
    def game(self) -> Game:
        """The game that it plays."""
        game: Game = registry().load("game", self.options.game)()
        return game

    @cached_property
    def penalties(self) -> Penalties:
        """The limits on the gradient of its score."""
        return Penalties(self.options, self.game, self.studio)

    @property
    def burnt_in(self) -> float:
        """The share of its burn-in that is over; 0 if it has none."""
        burn_in = self.options.burn_in * self.options.accumulate
        return min(self.steps / burn_in, 1.0) if burn_in else 0.0

    @property
    def judges_with_reals(self) -> bool:
        """Whether the rewards of works depend on real works."""
        return bool(self.options.unroll) or self.game.uses_reals

    def labelled_inputs(self, works: Works) -> Inputs:
        """The inputs of works, with their labels if the network sees labels."""
        return self.inputs(works), works.labels if self.sees_labels else None

    def scores(self, real: Inputs, made: Inputs) -> tuple[Tensor, Tensor]:
        """Scores of both sides; each is a batch of its own if the network looks at a batch as a whole."""
        if not self.batch_independent:
            return self.scorer(*real), self.scorer(*made)
        (x, x_labels), (g, g_labels) = real, made
        labels = torch.cat([x_labels, g_labels]) if x_labels is not None and g_labels is not None else None
        scores = self.scorer(torch.cat([x, g]), labels)
        return scores[: len(x)], scores[len(x) :]

    def loss(self, real: Tensor, made: Tensor) -> Tensor:
        """The game's loss for scores of real and made works."""
        real_targets = self.targets(real, 1.0 - self.options.label_smoothing)
        return self.game.critic_loss(real, made, real_targets, self.targets(made, 0.0))

    def targets(self, scores: Tensor, label: float) -> Tensor | float:
        """The label of every work, some of them flipped."""
        if not self.options.label_flip:
            return label
        chance = self.studio.uniform(scores.shape, "label noise")
        return torch.where(chance < self.options.label_flip, 1.0 - label, label)

    def looking_ahead(self, real: Inputs, made: Inputs) -> Network:
        """The scorer as it would be after some more steps on these works."""

        def loss(scorer: Network) -> Tensor:
            return self.loss(scorer(*real), scorer(*made))

        return unrolled(self.scorer, self.optimiser, loss, self.options.unroll)

    @torch.no_grad()
    def metrics(self, loss: Tensor, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """Loss, mean probabilities of being real, and accuracy at the middle of the two mean scores."""
        probability, middle = self.game.probability, (real.mean() + made.mean()) / 2  # some games have no zero
        right = (real > middle).mean(dtype=torch.float32) + (made <= middle).mean(dtype=torch.float32)
        return {
            "loss": loss,
            "D(x)": probability(real).mean(),
            "D(G(z))": probability(made).mean(),
            "accuracy": right / 2,
        }

    # past rounds

    def end_round(self, works: Works, reals: Works) -> None:
        """Remember the works that fooled it and the network as it is, before it learns on."""
        self.judged_since_learn = False
        if self.options.memory:
            accepted = works[self.fooled(works, reals).nonzero().flatten()]
            self.memory.remember(self.labelled_inputs(accepted))
        self.past_critics.remember(self.scorer)

    def novel(self, works: Works, reals: Works | None) -> Tensor:
        """Whether each work is far enough from all that it remembers, [N] bool."""
        real = None if reals is None else self.labelled_inputs(reals)
        return self.memory.novel(self.features, self.labelled_inputs(works), real, self.steps)

    def features(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features [N, D] of inputs, as the last linear layer of the network is given them."""
        return last_features(self.scorer, x, labels)

    # options

    def check(self) -> None:
        if problems := self.problems():
            raise ConfigError(problems)

    def problems(self) -> list[str]:
        """Sentences about options that do not fit each other or the studio."""
        o, batch, clip = self.options, self.studio.batch, self.penalties.weight_clip
        problems = [*input_problems(o, self.studio, self.sees_labels), *memory_problems(o, batch, o.pack)]
        if o.unroll and clip:
            problems.append(
                f"The game {self.game.name!r} clips weights at {clip:g}, and no gradient passes a clip, so it cannot "
                "be unrolled; choose another game, or critic.weight_clip=0 and critic.gradient_penalty=10."
            )
        if o.unroll and o.accumulate > 1:
            problems.append(
                f"critic.unroll looks ahead by steps of its own, and critic.accumulate={o.accumulate} takes one of "
                "several; leave one out."
            )
        weights = {"gradient_penalty": self.penalties.gradient_penalty, "r1": o.r1, "r2": o.r2, "unroll": o.unroll}
        if self.studio.compile and any(weights.values()):
            name = next(name for name, weight in weights.items() if weight)
            problems.append(
                f"critic.{name} takes gradients of gradients, which compiled networks lack; leave out --compile, "
                f"or say -o critic.{name}=0."
            )
        return problems
