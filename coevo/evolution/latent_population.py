"""Breeding a latent space: where a Critic gives no gradients, the codes of a trained Artist evolve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import torch
from pydantic import Field
from torch import Tensor

from coevo.contract import players
from coevo.contract.capabilities import Decoder
from coevo.contract.players import Artist, ArtistSpec, Metrics, State
from coevo.contract.works import Genome, Works
from coevo.errors import PairError
from coevo.images.rendering import render
from coevo.latent_models.priors import draw


class LatentPopulation(Artist):
    """A population of codes for an Artist that decodes; its networks stay as they are.

    Picked codes are the parents (of scores, the best quarter is); they survive, and every other place goes
    to a child of two of them. A Gaussian code moves along the sphere, √(1-m²)·code + m·N(0, I), so that
    children stay where the decoder was trained; codes of other priors are redrawn with probability m.
    """

    name = "breeder"
    extra_state = ("population", "ids", "parents")
    constant_state = ("decoder",)

    class Options(players.Options):
        population: int | None = Field(None, ge=2, le=10_000)
        """Codes in the population; by default the run's batch."""
        mutation: float = Field(0.3, ge=0, le=1)
        """How far a child moves from its parents, m."""

    population: Tensor  # [population, D]
    ids: list[str]
    parents: list[tuple[str, ...]]

    def __init__(self, decoder: Artist, options: Any = None):
        super().__init__(options or self.Options(), decoder.studio)
        self.decoder = decoder
        self.name = decoder.name  # type: ignore[misc] # the pair is still dcgan × human

    def spec(self) -> ArtistSpec:
        its = self.decoder.spec()
        return ArtistSpec(images=its.images, code=its.code, population=True, picks=(1, self.size), labels=its.labels)

    def check(self) -> None:
        self.decoder.check()

    @property
    def size(self) -> int:
        return self.options.population or self.studio.batch

    def build(self) -> None:
        self._settle(self._draw(self.size), [()] * self.size)

    def make(self, n: int, reals: Works | None) -> Works:
        works = cast(Decoder, self.decoder).decode(self.population)
        texts = (json.dumps([float(f"{x:.9g}") for x in code]) for code in self.population.tolist())
        genomes = [
            Genome(id, tuple(parents), text) for id, parents, text in zip(self.ids, self.parents, texts, strict=True)
        ]
        return Works(images=works.images, codes=self.population, genomes=tuple(genomes))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        return self._reproduce(works, rewards.topk(max(2, len(rewards) // 4)).indices)

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        size = self.size
        if not picked:  # nobody: roll again
            self._settle(self._draw(size), [()] * size)
            return {"parents": 0.0}
        return self._reproduce(works, torch.tensor(picked))

    def _reproduce(self, works: Works, chosen: Tensor) -> Metrics:
        size = self.size
        chosen = chosen[:size]
        parents, ids = works.latents[chosen], [self.ids[i] for i in chosen.tolist()]
        children = size - len(parents)
        generator = self.studio.generator("breeder")
        draw = lambda shape, high: torch.randint(high, shape, generator=generator, device=self.studio.device)  # noqa: E731
        mother, father = draw((2, children), len(parents))
        mask = draw((children, parents.shape[1]), 2).bool()
        young = self._mutate(torch.where(mask, parents[mother], parents[father]))
        families = [
            tuple(dict.fromkeys((ids[m], ids[f]))) for m, f in zip(mother.tolist(), father.tolist(), strict=True)
        ]
        kept = [self.parents[i] for i in chosen.tolist()]
        self._settle(torch.cat([parents, young]), [*kept, *families], ids)
        return {"parents": float(len(ids))}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.make(n, None)[torch.arange(n) % len(self.population)]

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return cast(Decoder, self.decoder).decode(codes, labels)

    def render(self, works: Works, size: int) -> Tensor:
        codes = works.codes if works.codes is not None else self._codes_of(works)
        return render(self.decoder, Works(codes=codes), size)

    def seed_population(self, works: Works) -> None:
        codes = (works.codes if works.codes is not None else self._codes_of(works)).to(self.studio.device)[: self.size]
        if codes.shape[1] != self.code.size:
            raise PairError(
                f"Artist {self.decoder.name!r} breeds codes of size {self.code.size}; the works have codes of size "
                f"{codes.shape[1]}."
            )
        ids = list(self.studio.new_ids(len(codes)))
        if works.genomes is None:  # others' codes: the rest of the sheet stays
            rest, ids = self.population[len(codes) :], ids + self.ids[len(codes) :]
            parents: list[tuple[str, ...]] = [()] * len(codes) + self.parents[len(codes) :]
        else:  # what somebody bred: the rest of the sheet are its children
            whose = torch.arange(self.size - len(codes), device=codes.device) % len(codes)
            rest = self._mutate(codes[whose])
            parents = [(genome.id,) for genome in works.genomes[: len(codes)]] + [(ids[i],) for i in whose.tolist()]
        self._settle(torch.cat([codes, rest]), parents, ids)

    def _codes_of(self, works: Works) -> Tensor:
        """The codes that genomes spell. Raises PairError where they spell none."""
        try:
            codes = torch.tensor([json.loads(genome.text) for genome in works.genomes or ()], dtype=torch.float32)
            if codes.ndim == 2:
                return codes
        except (ValueError, TypeError):
            pass
        raise PairError(f"Artist {self.decoder.name!r} breeds codes of size {self.code.size}; these works have none.")

    def state(self) -> State:
        return {"decoder": self.decoder.state(), **super().state()}

    def restore(self, state: State) -> None:
        if "decoder" in state:
            self.decoder.restore(state["decoder"])
        super().restore({key: value for key, value in state.items() if key != "decoder"})

    def _settle(self, population: Tensor, parents: list[tuple[str, ...]], ids: list[str] | None = None) -> None:
        """Take a new population; the first of it keep their ids, the rest are numbered on."""
        ids = ids or []
        young = len(population) - len(ids)
        self.population, self.parents = population, parents
        self.ids = [*ids, *self.studio.new_ids(young)]

    def _draw(self, n: int) -> Tensor:
        return draw(self.code.blocks, n, self.studio.generator("breeder"))

    def _mutate(self, codes: Tensor) -> Tensor:
        m = self.options.mutation
        blocks = []
        for old, new, block in zip(
            *(c.split([b.size for b in self.code], 1) for c in (codes, self._draw(len(codes)))),
            self.code,
            strict=True,
        ):
            if block.prior == "gaussian":
                blocks.append((1 - m * m) ** 0.5 * old + m * new)
            else:
                roll = torch.rand(len(old), 1, generator=self.studio.generator("breeder"), device=self.studio.device)
                blocks.append(torch.where(roll < m, new, old))
        return torch.cat(blocks, dim=1)
