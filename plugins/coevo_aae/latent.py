"""The critic of an adversarial autoencoder (Makhzani 2015, §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import one_hot

from coevo import Artist, ConfigError, CriticSpec, Metrics, Works
from coevo.adversarial.critic import AdversarialCritic
from coevo.latent_models.priors import draw, prior_of
from coevo.nn.layers import dense
from coevo.studio.processes import everyone, mean, rows

MIN_SHARE = 0.2  # of an equal share: how often a category is drawn at least


class LatentCritic(AdversarialCritic):
    """Tells an encoder's codes from draws of their priors, with a head for every block of the code that is inferred.

    If the artist uses labels and a prior has a region for each class, the heads see the labels of codes and draws, so
    that every class finds its region (§2.3); works without a label may lie anywhere.
    """

    name = "latent"
    extra_state = (*AdversarialCritic.extra_state, "shares")
    batch_independent = True

    class Options(AdversarialCritic.Options):
        hidden: tuple[int, ...] = (1000, 1000)
        """Units of a head's hidden layers."""
        dropout: float = Field(0.0, ge=0, lt=1)
        """Share of the hidden units that are dropped in a step."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate."""
        prior_adaptation: float = Field(0.0, ge=0, lt=1)
        """Rate at which the probabilities of a categorical prior follow the shares of the inferred categories; 0 keeps
        all categories equally likely, though some may be more frequent."""
        joint_head: bool = False
        """Add a head that sees all blocks side by side, so that they become independent: the style then does not repeat
        the class."""

        renamed: ClassVar[Mapping[str, str]] = {
            **AdversarialCritic.Options.renamed,
            "follow": "prior_adaptation",
            "joint": "joint_head",
        }

    options: Options
    shares: Tensor
    """The probability of each category [D]; used in categorical blocks only."""
    _sees_labels = False

    def spec(self) -> CriticSpec:
        return replace(super().spec(), judges="codes", labels="optional")

    def problems(self) -> list[str]:
        o, problems = self.options, super().problems()
        if o.pack > 1:
            problems.append("critic.pack packs images, and critic 'latent' judges codes; leave it at 1.")
        if o.memory:
            problems.append("critic.memory keeps accepted images, and critic 'latent' judges codes; leave it at 0.")
        return problems

    def build(self, artist: Artist) -> None:
        self.blocks = artist.code.blocks
        self.classes = len(self.studio.classes)
        regions = any(prior_of(block, self.classes).labelled for block in self.blocks)
        self._sees_labels = regions and artist.spec().labels in ("required", "some")
        categorical = [b.name for b in self.blocks if b.prior == "categorical" and not b.conditioning]
        self.categories = [artist.code.slices[name] for name in categorical]
        self.shares = torch.cat([torch.full((b.size,), 1 / b.size) for b in self.blocks]).to(self.studio.device)
        super().build(artist)

    @property
    def sees_labels(self) -> bool:
        return self._sees_labels

    def network(self, artist: Artist) -> nn.Module:
        o, inferred = self.options, [artist.code.slices[b.name] for b in self.blocks if not b.conditioning]
        if o.joint_head and len(inferred) < 2:
            raise ConfigError(
                f"critic.joint_head judges blocks of the code side by side, and artist {artist.name!r} infers only one "
                "of them; leave it out, or choose an artist that infers classes or clusters too."
            )
        return Heads(inferred, self.classes if self.sees_labels else 0, o.hidden, o.dropout, o.joint_head)

    def inputs(self, works: Works) -> Tensor:
        return works.latents

    def learn(self, works: Works, reals: Works) -> Metrics:
        if rate := self.options.prior_adaptation:
            self.shares = self.shares.lerp(mean(works.latents.mean(0)), rate)
        return super().learn(works, self.prior_draws(reals))

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return super().judge(works, self.prior_draws(reals) if reals and self.judges_with_reals else None).sum(1)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return super().fooled(works, reals and self.prior_draws(reals)).all(1)

    def prior_draws(self, reals: Works) -> Works:
        """As many codes drawn from their priors as there are real works, with the same labels."""
        labels = everyone(reals.classes) if self.sees_labels and reals.labels is not None else None
        generator = self.studio.generator("priors")
        codes = rows(len(reals), lambda n: draw(self.blocks, n, generator, labels, self.classes))
        for columns in self.categories if self.options.prior_adaptation else ():
            shares = self.shares[columns]
            odds = shares.clamp_min(MIN_SHARE / len(shares))
            which = rows(len(reals), partial(torch.multinomial, odds, replacement=True, generator=generator))
            codes[:, columns] = one_hot(which, len(shares)).float()
        return replace(reals, images=None, codes=codes, labelled=None)


class Heads(nn.Module):
    """Codes [N, D], and labels [N] if it sees any → scores [N, heads], one for every block.

    Args:
        columns: of each block in the code.
        classes: number of labels; 0 sees none.
        hidden: units of a head's hidden layers.
        dropout: share of them that are dropped in a step.
        joint: add a last head that sees all blocks.
    """

    def __init__(
        self, columns: Sequence[slice], classes: int, hidden: Sequence[int], dropout: float, joint: bool = False
    ):
        super().__init__()
        self.columns, self.classes, self.joint = list(columns), classes, joint
        labels = classes + 1 if classes else 0
        sizes = [block.stop - block.start for block in columns]
        self.heads = nn.ModuleList(
            nn.Sequential(*dense([size + labels, *hidden], dropout=dropout), nn.Linear(hidden[-1], 1))
            for size in [*sizes, *([sum(sizes)] if joint else [])]
        )

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        blocks = [codes[:, columns] for columns in self.columns]
        if self.joint:
            blocks.append(torch.cat(blocks, 1))
        if self.classes and labels is not None:
            known = one_hot(labels + 1, self.classes + 1).to(codes)  # the first says that there is no label
            blocks = [torch.cat([block, known], 1) for block in blocks]
        scores = [head(block) for head, block in zip(self.heads, blocks, strict=True)]
        return torch.cat(scores, 1) if len(scores) > 1 else scores[0]
