"""The critic of an adversarial autoencoder: it tells found codes from draws of their priors (Makhzani 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import one_hot

import coevo
from coevo import Artist, CriticSpec, Metrics, Works
from coevo.adversarial.critic import Adversary
from coevo.latent_models.priors import draw, prior_of
from coevo.nn.layers import dense

LEAST = 0.2  # of an equal share is what a category is asked for at least


class Latent(Adversary):
    """A head for every block of the code, each against the block's own prior; blocks that are given have none.

    Where the artist uses labels and a prior has a place for each class, the heads are told the classes of codes and
    draws alike, so that every class finds its place (§2.3); what has no label may lie anywhere.
    """

    name = "latent"
    extra_state = (*Adversary.extra_state, "shares")
    singly = True

    class Options(Adversary.Options):
        hidden: tuple[int, ...] = (1000, 1000)
        """Units of a head's hidden layers."""
        dropout: float = Field(0.0, ge=0, lt=1)
        """Share of the hidden units that are left out of a step."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate."""
        follow: float = Field(0.0, ge=0, lt=1)
        """How far, each step, the shares of a categorical prior's categories follow those that are found; 0 keeps them
        equal, and asks for as many ones as fives where there are more ones."""
        joint: bool = False
        """A head more that sees all blocks side by side, so that they also come to be independent: what the class says,
        the style does not say again."""

    options: Options
    shares: Tensor
    """How likely each category is [D]; of use in the categorical blocks alone."""

    def spec(self) -> CriticSpec:
        return replace(super().spec(), judges="codes", labels="optional")

    def check(self) -> None:
        super().check()
        if self.options.pack > 1:
            raise coevo.ConfigError("critic.pack packs pictures; critic 'latent' judges codes one by one.")
        if self.options.gallery:
            raise coevo.ConfigError("critic.gallery keeps works that passed for real; critic 'latent' judges codes.")

    def build(self, artist: Artist) -> None:
        self.blocks = artist.code.blocks
        self.classes = len(self.studio.classes)
        places = any(prior_of(block, self.classes).labelled for block in self.blocks)
        self.beside = places and artist.spec().labels in ("required", "some")
        chosen = [b.name for b in self.blocks if b.prior == "categorical" and not b.conditioning]
        self.categories = [artist.code.slices[name] for name in chosen]
        self.shares = torch.cat([torch.full((b.size,), 1 / b.size) for b in self.blocks]).to(self.studio.device)
        super().build(artist)

    @property
    def tells(self) -> bool:
        return self.beside

    def network(self, artist: Artist) -> nn.Module:
        o, judged = self.options, [artist.code.slices[b.name] for b in self.blocks if not b.conditioning]
        if o.joint and len(judged) < 2:
            raise coevo.ConfigError(
                f"critic.joint judges blocks of the code side by side, and artist {artist.name!r} has but one that is "
                "judged; leave it out, or have it find classes (artist.labels=learnt) or clusters (artist.categories)."
            )
        return Heads(judged, self.classes if self.beside else 0, o.hidden, o.dropout, o.joint)

    def seen(self, works: Works) -> Tensor:
        return works.latents

    def learn(self, works: Works, reals: Works) -> Metrics:
        if follow := self.options.follow:
            self.shares = self.shares.lerp(works.latents.mean(0), follow)
        return super().learn(works, self._drawn(reals))

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return super().judge(works, self._drawn(reals) if reals and self.compares else None).sum(1)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return super().fooled(works, reals and self._drawn(reals)).all(1)

    def _drawn(self, reals: Works) -> Works:
        """As many draws of the priors as there are real works, with the same labels."""
        labels = reals.labels if self.beside else None
        chance = self.studio.generator("priors")
        drawn = draw(self.blocks, len(reals), chance, labels, self.classes)
        for place in self.categories if self.options.follow else ():
            shares = self.shares[place]
            which = torch.multinomial(shares.clamp_min(LEAST / len(shares)), len(reals), True, generator=chance)
            drawn[:, place] = one_hot(which, len(shares)).float()
        return replace(reals, images=None, codes=drawn, labelled=None)


class Heads(nn.Module):
    """Codes [N, D], and labels [N] where it is told classes → scores [N, heads], one for every block that is judged.

    places: where the blocks are; joint: a last head sees them all.
    """

    def __init__(
        self, places: Sequence[slice], classes: int, hidden: Sequence[int], dropout: float, joint: bool = False
    ):
        super().__init__()
        self.places, self.classes, self.joint = list(places), classes, joint
        told = classes + 1 if classes else 0
        sizes = [place.stop - place.start for place in places]
        self.heads = nn.ModuleList(
            nn.Sequential(*dense([size + told, *hidden], dropout=dropout), nn.Linear(hidden[-1], 1))
            for size in [*sizes, *([sum(sizes)] if joint else [])]
        )

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        blocks = [codes[:, place] for place in self.places]
        if self.joint:
            blocks.append(torch.cat(blocks, 1))
        if self.classes:
            assert labels is not None
            told = one_hot(labels + 1, self.classes + 1).to(codes)  # the first says that there is none
            blocks = [torch.cat([block, told], 1) for block in blocks]
        scores = [head(block) for head, block in zip(self.heads, blocks, strict=True)]
        return torch.cat(scores, 1) if len(scores) > 1 else scores[0]
