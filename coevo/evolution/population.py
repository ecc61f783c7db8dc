"""A population: individuals with ids and parents, replaced generation by generation by their offspring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from coevo.contract import players
from coevo.contract.players import Artist, ArtistSpec, Metrics, State
from coevo.contract.works import Genome, Works
from coevo.evolution.novelty import NoveltySearch
from coevo.evolution.variety import SKETCH, draw_distinct, varies
from coevo.studio.workers import Task

G = TypeVar("G")
Offspring = tuple[G, tuple[str, ...]]
"""A new genome, and the ids of its parents."""


class Population(Artist, Generic[G]):
    """Individuals that are drawn, judged, and replaced by their offspring.

    A subclass defines what a genome is: `random_genomes`, `reproduce`, `serialize`, `deserialize` and `draw`; and how
    scores choose parents: `learn`. The works that a person picks are the next parents (`breed`).
    """

    extra_state = ("population", "parents")
    renamed_state: ClassVar[Mapping[str, str]] = {"breeders": "parents"}

    class Options(players.Options):
        population: int | None = Field(None, ge=2, le=100_000)
        """Number of individuals; by default the run's batch."""
        distinct: bool = True
        """With picks: what would be an empty picture, noise or the twin of another on the sheet is drawn again."""
        novelty_places: int = Field(0, ge=0, le=1000)
        """With picks: places on the next sheet that go to those offspring that differ most from all that was shown."""

        renamed: ClassVar[Mapping[str, str]] = {"novel": "novelty_places"}
        needs: ClassVar[Mapping[str, str]] = dict.fromkeys(("distinct", "novelty_places"), "rewards=picks")

    options: Any
    population: list[Genome]
    parents: list[Genome]
    """The parents that were picked last; empty if nobody was picked yet."""
    _images: Tensor
    """The pictures that were drawn last, and whose they are."""
    _drawn_ids: list[str]
    _genomes: dict[str, G]
    """The genomes of living individuals by their text."""
    _sketched: dict[int, tuple[G, Tensor]]
    """Their sketches, if they were drawn, by the `id` of the genome."""

    # what a genome is

    def random_genomes(self, n: int) -> list[G]:
        """n random genomes, for a first population. Draw from streams of the studio, or from Python's global one."""
        raise NotImplementedError

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[G]]:
        """Make offspring.

        Args:
            parents: the individuals that may be parents, at least one.
            n: how many; may be 0.

        Returns:
            n pairs: a new genome, and the ids of the parents that it has.
        """
        raise NotImplementedError

    def serialize(self, genome: G) -> str:
        """The genome as text, without loss: `deserialize` reads an equal genome from it, on every machine."""
        raise NotImplementedError

    def serialize_all(self, genomes: Sequence[G]) -> list[str]:
        """The text of each genome, as `serialize` writes one: a whole generation at once."""
        return [self.serialize(genome) for genome in genomes]

    def deserialize(self, text: str) -> G:
        """The genome that `serialize` wrote. The text may come from others, so that nothing in it is trusted.

        Raises:
            DataError: the text is not a genome, or beyond the limits.
        """
        raise NotImplementedError

    def draw(self, genomes: Sequence[G], height: int, width: int) -> Tensor:
        """Draw genomes; the same genome gives the same picture, whatever is drawn beside it.

        Args:
            genomes: N of them, at least one.
            height, width: pixels.

        Returns:
            Pictures [N, C, height, width] float32 in [-1, 1]; C as in `studio.image`.
        """
        raise NotImplementedError

    def shows(self, images: Tensor) -> np.ndarray:
        """Whether a person would see something on pictures [N, C, H, W] of this artist: [N] bool."""
        return varies(images)

    # the artist

    def spec(self) -> ArtistSpec:
        return ArtistSpec(population=True, picks=(1, self.size))

    @property
    def size(self) -> int:
        """Number of individuals."""
        return self.options.population or self.studio.batch

    def build(self) -> None:
        self.population, self.parents = [], []
        self._forget()
        if self.options.novelty_places:
            self.novelty_search = NoveltySearch()
        self.initialise()

    def initialise(self) -> None:
        """Start from random individuals."""
        self.replace_population([], self.distinct_offspring(self.size, [], self._first))

    def make(self, n: int, reals: Works | None) -> Works:
        return self.works()

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        """The picked survive, and their offspring take the other places. If nobody is picked: other offspring of the
        last parents, or a new population if there were none."""
        self.parents = [self.population[i] for i in picked] or self.parents
        if self.options.novelty_places:
            self.novelty_search.remember(self.previews(list(map(self.genome, self.population))))
        if self.parents:
            places = max(0, self.size - len(self.parents))
            parents = list(map(self.genome, self.parents))
            offspring = self.next_offspring(places, parents, partial(self.reproduce, self.parents))
            self.replace_population(self.parents[: self.size], offspring)
        else:
            self.initialise()
        return {"parents": float(len(picked))}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.works()[torch.arange(n) % len(self.population)]

    def render(self, works: Works, size: int) -> Tensor:
        return self.draw([self.deserialize(one.text) for one in works.individuals], size, size)

    def seed_population(self, works: Works) -> None:
        """Immigrants take the first places, and their offspring the others."""
        immigrants = self.newborn(self._copies(works))
        places = self.size - len(immigrants)
        self.parents = immigrants if places else []  # so that whoever picks nobody sees others
        parents, make = list(map(self.genome, immigrants)), partial(self.reproduce, immigrants)
        self.replace_population(immigrants, self.distinct_offspring(places, parents, make) if places else [])

    def immigrate(self, works: Works) -> None:
        """Immigrants take the places of the youngest."""
        copies = self._copies(works)
        self.replace_population(self.population[: self.size - len(copies)], copies)

    def state(self) -> State:
        individuals = {name: [[one.id, list(one.parents), one.text] for one in getattr(self, name)] for name in LISTS}
        return super().state() | individuals

    def restore(self, state: State) -> None:
        super().restore(state)
        for name in LISTS:
            setattr(self, name, [Genome(id, tuple(parents), text) for id, parents, text in getattr(self, name)])
        self._forget()

    # individuals

    def next_offspring(
        self, n: int, beside: Sequence[G], make: Callable[[int], list[Offspring[G]]]
    ) -> list[Offspring[G]]:
        """n distinct offspring; the last `options.novelty_places` are the most novel of several that `make` makes."""
        places = min(n, self.options.novelty_places)
        offspring = self.distinct_offspring(n - places, beside, make)
        if not places:
            return offspring
        sheet = [*beside, *genomes_of(offspring)]
        seen = self.previews(sheet)

        def novel(k: int) -> list[Offspring[G]]:
            return self.novelty_search.choose(k, seen, make, lambda some: self.previews(genomes_of(some)), varies)

        return offspring + self.distinct_offspring(places, sheet, novel)

    def distinct_offspring(
        self, n: int, beside: Sequence[G], make: Callable[[int], list[Offspring[G]]]
    ) -> list[Offspring[G]]:
        """n of those that `make` makes; if a person picks, of pictures that show something and differ, from those
        beside them too."""
        if not self.sifts:
            return make(n)
        return draw_distinct(n, self.sketches(beside), make, lambda some: self.sketches(genomes_of(some)), self.shows)

    @property
    def sifts(self) -> bool:
        """Whether individuals have to be worth choosing from."""
        return bool(self.options.distinct and self.studio.picks)

    def sketches(self, genomes: Sequence[G]) -> Tensor:
        """Small pictures [N, C, SKETCH, SKETCH] of living individuals and of candidates, each drawn once."""
        new = [genome for genome in genomes if id(genome) not in self._sketched]
        if new:
            pictures = zip(new, self.draw(new, SKETCH, SKETCH), strict=True)
            self._sketched |= {id(genome): (genome, picture) for genome, picture in pictures}
        return torch.stack([self._sketched[id(genome)][1] for genome in genomes]) if genomes else torch.empty(0)

    def previews(self, genomes: Sequence[G]) -> Tensor:
        """Pictures [N, C, S, S] of any one size, by which novelty is measured: sketches, or what is drawn sooner."""
        return self.sketches(genomes)

    def _first(self, n: int) -> list[Offspring[G]]:
        return [(genome, ()) for genome in self.random_genomes(n)]

    def works(self) -> Works:
        """The population, drawn."""
        return Works(self.pictures(), genomes=tuple(self.population))

    def pictures(self) -> Tensor:
        """Pictures [N, C, H, W] of the population; only those are drawn that were not drawn before."""
        ids = [one.id for one in self.population]
        if ids != self._drawn_ids:
            known = {id: place for place, id in enumerate(self._drawn_ids)}
            old = [place for place, id in enumerate(ids) if id in known]
            new = [place for place, id in enumerate(ids) if id not in known]
            parts = [self._images[[known[ids[place]] for place in old]]] if old else []
            if new:
                parts.append(self._draw([self.population[place] for place in new]))
            images = torch.cat(parts)
            order = [*old, *new]
            if order != sorted(order):  # survivors come first as a rule
                images = images[torch.tensor(order).argsort()]
            self._images, self._drawn_ids = images, ids
        return self._images.to(self.studio.device)

    def _draw(self, individuals: Sequence[Genome]) -> Tensor:
        """Pictures of individuals, drawn here or by the run's workers."""

        def here() -> Tensor:
            return self.draw(list(map(self.genome, individuals)), *self.studio.image[1:])

        if self.studio.workers is None:
            return here()
        task = Task("artist", self.name, self.options.model_dump(mode="json"), self.studio.image, "draw_texts")
        texts = [one.text for one in individuals]
        return torch.from_numpy(self.studio.workers.call(task, lambda: here().numpy(), texts))

    def draw_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Pictures [N, C, H, W] of genomes in their text, as a worker draws them."""
        return self.draw([self.deserialize(text) for text in texts], *self.studio.image[1:]).numpy()

    def genome(self, one: Genome) -> G:
        """An individual's genome; its text is read once."""
        if one.text not in self._genomes:
            self._genomes[one.text] = self.deserialize(one.text)
        return self._genomes[one.text]

    def newborn(self, offspring: Sequence[Offspring[G]]) -> list[Genome]:
        """Individuals with ids of their own."""
        texts = self.serialize_all([genome for genome, _ in offspring])
        self._genomes |= {text: genome for text, (genome, _) in zip(texts, offspring, strict=True)}
        ids = self.studio.new_ids(len(offspring))
        return [Genome(id, parents, text) for id, text, (_, parents) in zip(ids, texts, offspring, strict=True)]

    def replace_population(self, survivors: Sequence[Genome], offspring: Sequence[Offspring[G]]) -> None:
        """The next generation: survivors, who keep their ids, and offspring."""
        self.population = self.arrange(survivors, self.newborn(offspring))
        alive = {one.text for one in (*self.population, *self.parents)}
        self._genomes = {text: genome for text, genome in self._genomes.items() if text in alive}
        known = set(map(id, self._genomes.values()))
        self._sketched = {key: sketch for key, sketch in self._sketched.items() if key in known}

    def arrange(self, survivors: Sequence[Genome], newborn: Sequence[Genome]) -> list[Genome]:
        """The individuals in the order in which they are shown."""
        return [*survivors, *newborn]

    def _copies(self, works: Works) -> list[Offspring[G]]:
        """Copies of others' genomes, each the offspring of the one that it copies."""
        return [(self.deserialize(one.text), (one.id,)) for one in works.individuals[: self.size]]

    def _forget(self) -> None:
        self._images, self._drawn_ids, self._genomes, self._sketched = torch.empty(0), [], {}, {}


def genomes_of(offspring: Sequence[Offspring[G]]) -> list[G]:
    """The genomes of offspring."""
    return [genome for genome, _ in offspring]


LISTS = ("population", "parents")
