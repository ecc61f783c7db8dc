"""Latent variable evolution: where a critic gives no gradients, the codes of a trained artist evolve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from pydantic import Field
from torch import Tensor

from coevo.contract.capabilities import Decoder
from coevo.contract.players import Artist, ArtistSpec, Metrics, State
from coevo.contract.works import Genome, Works
from coevo.errors import DataError, PairError
from coevo.evolution.population import Offspring, Population
from coevo.images.rendering import render
from coevo.latent_models.priors import draw


class LatentPopulation(Population[Tensor]):
    """A population of codes [D] of an artist that decodes; its networks stay as they are.

    The picked codes survive, and their offspring take the other places: each dimension comes from one of two parents,
    and mutation moves a Gaussian code along the sphere, √(1-m²)·code + m·N(0, I), so that it stays where the decoder
    was trained; codes of other priors are drawn anew with probability m. Of scores, the best quarter are the parents.

    Args:
        decoder: the trained artist; its name and its code are the population's.

    Reference: Bontrager et al. 2018, Deep Interactive Evolution.
    """

    name = "latent-population"
    constant_state = ("decoder",)

    class Options(Population.Options):
        population: int | None = Field(None, ge=2, le=10_000)
        """Number of codes; by default the run's batch."""
        mutation: float = Field(0.3, ge=0, le=1)
        """Mutation strength m: the distance of an offspring from its parents."""

    def __init__(self, decoder: Artist, options: Any = None):
        super().__init__(options or self.Options(), decoder.studio)
        self.decoder = decoder
        self.name = decoder.name  # the pair is still dcgan × human

    def spec(self) -> ArtistSpec:
        its = self.decoder.spec()
        return replace(super().spec(), images=its.images, code=its.code, labels=its.labels)

    def check(self) -> None:
        self.decoder.check()

    def trained(self) -> Artist:
        return self.decoder

    # codes

    def random_genomes(self, n: int) -> list[Tensor]:
        return list(self._prior_samples(n))

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[Tensor]]:
        codes, generator = self._codes(parents), self.studio.generator("breeder")
        mothers, fathers = torch.randint(len(parents), (2, n), generator=generator, device=self.studio.device)
        mask = torch.randint(2, (n, codes.shape[1]), generator=generator, device=self.studio.device).bool()
        young = self._mutated(torch.where(mask, codes[mothers], codes[fathers]))
        mates = zip(mothers.tolist(), fathers.tolist(), strict=True)
        families = [tuple(dict.fromkeys((parents[m].id, parents[f].id))) for m, f in mates]
        return list(zip(young, families, strict=True))

    def serialize(self, genome: Tensor) -> str:
        return as_text(genome.tolist())

    def deserialize(self, text: str) -> Tensor:
        try:
            code = torch.tensor(json.loads(text), dtype=torch.float32, device=self.studio.device)
        except (ValueError, TypeError, RuntimeError) as error:
            raise DataError(f"{text[:60]!r} is not a code of artist {self.name!r}: {error}.") from error
        if code.shape != (self.code.size,):
            raise DataError(
                f"{text[:60]!r} is not a code of artist {self.name!r}, whose codes have {self.code.size} numbers."
            )
        return code

    def draw(self, genomes: Sequence[Tensor], height: int, width: int) -> Tensor:
        return render(self.decoder, Works(codes=torch.stack(list(genomes))), height)

    # the artist

    def works(self) -> Works:
        codes = self._codes(self.population)
        return Works(self.decode(codes).images, codes, genomes=tuple(self.population))

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        self.parents = []  # of nobody: a new population
        return super().breed(works, picked)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        return self.breed(works, rewards.argsort(descending=True, stable=True)[: max(2, len(rewards) // 4)].tolist())

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return cast(Decoder, self.decoder).decode(codes, labels)

    def render(self, works: Works, size: int) -> Tensor:
        return self.draw(list(self._codes_of(works)), size, size)

    def seed_population(self, works: Works) -> None:
        """Others' codes take the first places. Those that were bred have mutants in the other places; where they were
        sampled, the rest of the population stays."""
        immigrants = self.newborn(self._copies(works))
        rest = self.population[len(immigrants) :]
        if works.genomes is not None and rest:
            parents = [immigrants[k % len(immigrants)] for k in range(len(rest))]
            mutants = self._mutated(self._codes(parents))
            rest = self.newborn([(code, (parent.id,)) for code, parent in zip(mutants, parents, strict=True)])
        self.replace_population([*immigrants, *rest], [])

    def state(self) -> State:
        return {"decoder": self.decoder.state(), **super().state()}

    def restore(self, state: State) -> None:
        if "decoder" in state:
            self.decoder.restore(state["decoder"])
        super().restore({name: part for name, part in state.items() if name != "decoder"})

    @classmethod
    def upgrade_state(cls, state: State) -> State:
        new = super().upgrade_state(state)
        if "ids" not in new:
            return new
        families = zip(new.pop("ids"), new["parents"], new["population"].tolist(), strict=True)  # codes were one tensor
        return new | {"population": [[id, parents, as_text(code)] for id, parents, code in families], "parents": []}

    def _codes(self, individuals: Sequence[Genome]) -> Tensor:
        """Their codes [N, D]."""
        return torch.stack([self.genome(one) for one in individuals])

    def _codes_of(self, works: Works) -> Tensor:
        """The codes [N, D] that works have, or that their genomes are. Raises PairError if there are none."""
        if works.codes is None and works.genomes is not None:
            return torch.stack([self.deserialize(one.text) for one in works.genomes])
        if works.latents.shape[1] != self.code.size:
            raise PairError(
                f"Artist {self.name!r} has codes of size {self.code.size}; these works have codes of size "
                f"{works.latents.shape[1]}."
            )
        return works.latents.to(self.studio.device)

    def _copies(self, works: Works) -> list[Offspring[Tensor]]:
        codes = self._codes_of(works)[: self.size]
        parents = [()] * len(codes) if works.genomes is None else [(one.id,) for one in works.genomes]
        return list(zip(codes, parents, strict=False))

    def _prior_samples(self, n: int) -> Tensor:
        return draw(self.code.blocks, n, self.studio.generator("breeder"))

    def _mutated(self, codes: Tensor) -> Tensor:
        m, layout, generator = self.options.mutation, self.code, self.studio.generator("breeder")
        old, new = layout.split(codes), layout.split(self._prior_samples(len(codes)))
        blocks = []
        for block in layout:
            if block.prior == "gaussian":
                blocks.append((1 - m * m) ** 0.5 * old[block.name] + m * new[block.name])
            else:
                redrawn = torch.rand(len(codes), 1, generator=generator, device=self.studio.device) < m
                blocks.append(torch.where(redrawn, new[block.name], old[block.name]))
        return torch.cat(blocks, 1)


def as_text(code: Sequence[float]) -> str:
    """A code as text, with the digits that float32 needs."""
    return json.dumps([float(f"{value:.9g}") for value in code])
