"""A trained decoder whose codes evolve."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from standins import Reals, built, studio
from torch import Tensor

from coevo import Artist, ArtistSpec, CodeBlock, CodeLayout, DataError, Genome, PairError, Phase, Works
from coevo.evolution.latent_population import LatentPopulation
from coevo.interactive.session import Session
from coevo.loop import check_pair
from coevo.testing.standins import CodeArtist, GradientArtist, ScriptedPicker


class Dial(Artist):
    """A decoder whose code is easy to read: the picture is as bright as the mean of z."""

    name = "dial"
    blocks: tuple[CodeBlock, ...] = (CodeBlock("z", 8),)

    def spec(self) -> ArtistSpec:
        return ArtistSpec(code=CodeLayout(self.blocks))

    def build(self) -> None:
        pass

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return Works(images=codes[:, :8].mean(1).tanh()[:, None, None, None].expand(-1, 1, 4, 4), codes=codes)


class MixedDial(Dial):
    blocks = (CodeBlock("z", 8), CodeBlock("kind", 3, "categorical"))


def bred(decoder: type[Artist] = Dial, **options: Any) -> LatentPopulation:
    population = LatentPopulation(decoder(decoder.Options(), studio()), LatentPopulation.Options(**options))
    population.decoder.build()
    population.build()
    return population


def ids(population: LatentPopulation) -> list[str]:
    return [one.id for one in population.make(0, None).individuals]


def codes(population: LatentPopulation) -> Tensor:
    return population.make(0, None).latents


def pick(population: LatentPopulation, *which: int) -> dict[str, Any]:
    """One generation; the picked are the parents."""
    return dict(population.breed(population.make(0, None), which))


def test_the_picked_survive_with_their_ids_and_the_rest_are_their_offspring() -> None:
    population = bred(population=6)
    before = population.make(0, None)
    assert ids(population) == list("123456")
    pick(population, 2, 4)
    after = population.make(0, None)
    assert ids(population) == ["3", "5", "7", "8", "9", "10"]
    assert torch.equal(after.latents[:2], before.latents[[2, 4]])
    assert all(set(one.parents) <= {"3", "5"} and one.parents for one in after.individuals[2:])
    assert after.individuals[0].parents == ()


def test_a_survivor_keeps_its_own_parents() -> None:
    population = bred(population=4)
    pick(population, 0, 1)
    child = population.make(0, None).individuals[2]
    pick(population, 2)
    assert population.make(0, None).individuals[0] == child


def test_all_may_be_picked() -> None:
    population = bred(population=4)
    before = population.make(0, None)
    assert pick(population, 0, 1, 2, 3) == {"parents": 4}
    assert population.make(0, None).genomes == before.genomes


def test_if_nobody_is_picked_there_are_new_codes() -> None:
    population = bred(population=4)
    pick(population, 1)
    before = ids(population)
    assert pick(population) == {"parents": 0}
    assert set(ids(population)).isdisjoint(before)


def test_of_scores_the_best_quarter_are_the_parents() -> None:
    population = bred(population=8)
    population.learn(population.make(0, None), torch.tensor([-5.0, -1, -7, -9, -4, -2, -8, -6]))
    assert ids(population)[:2] == ["2", "6"]


def test_what_is_picked_spreads_over_the_generations() -> None:
    artist, picker = built(bred(population=16), ScriptedPicker(ScriptedPicker.Options(), studio()))
    assert isinstance(picker, ScriptedPicker)
    session = Session(artist, picker, Reals(), [Phase("artist")], artist.studio)
    brightness = []
    for _ in range(12):
        images = artist.make(0, None).pixels
        brightness.append(images.mean().item())
        picker.script = [images.mean((1, 2, 3)).topk(3).indices.tolist()]
        next(session.turns())
    assert brightness[-1] > brightness[0] + 0.4


def test_the_decoders_networks_stay_as_they_are() -> None:
    population = bred(GradientArtist, population=4)
    assert isinstance(population.decoder, GradientArtist)
    before = {name: value.clone() for name, value in population.decoder.net.state_dict().items()}
    for _ in range(3):
        pick(population, 0, 1)
    after = population.decoder.net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not list(population.parameters())


def test_mutation_leaves_gaussian_codes_gaussian() -> None:
    population = bred(population=2000, mutation=0.5)
    for _ in range(5):
        pick(population, *range(1000))
    offspring = codes(population)[1000:]
    assert offspring.mean().abs() < 0.1
    assert offspring.var().item() == pytest.approx(1, abs=0.1)


def test_offspring_differ_from_their_parent() -> None:
    population = bred(population=10, mutation=0.5)
    parent = codes(population)[3]
    pick(population, 3)
    assert not (codes(population)[1:] == parent).all(1).any()


def test_without_mutation_offspring_mix_their_parents() -> None:
    population = bred(population=50, mutation=0)
    pick(population, 0, 1)
    mixed = codes(population)
    assert ((mixed == mixed[0]) | (mixed == mixed[1])).all()
    assert len(mixed.unique(dim=0)) > 10


def test_a_categorical_block_stays_one_hot() -> None:
    population = bred(MixedDial, population=40, mutation=0.5)
    for _ in range(3):
        works = population.make(0, None)
        population.learn(works, works.latents[:, 8])  # one category is preferred
    kinds = codes(population)[:, 8:]
    assert kinds.sum(1).tolist() == [1] * 40
    assert set(kinds.flatten().tolist()) == {0, 1}
    assert kinds[:, 0].mean() > 0.5


def test_a_state_is_restored_to_the_bit() -> None:
    population, other = bred(GradientArtist, population=4), bred(GradientArtist, population=4)
    pick(population, 1, 2)
    other.restore(population.state())
    one, two = population.make(0, None), other.make(0, None)
    assert one.genomes == two.genomes
    assert torch.equal(one.latents, two.latents) and torch.equal(one.pixels, two.pixels)


def test_a_state_of_an_older_version_is_upgraded() -> None:
    old = {"decoder": {}, "population": torch.randn(3, 8), "ids": ["4", "7", "8"], "parents": [[], ["4"], ["4", "2"]]}
    population = bred(population=3)
    population.restore(LatentPopulation.upgrade_state(old))
    works = population.make(0, None)
    assert torch.equal(works.latents, old["population"])  # type: ignore[arg-type]
    assert [(one.id, one.parents) for one in works.individuals] == [("4", ()), ("7", ("4",)), ("8", ("4", "2"))]


def test_sampled_codes_of_others_get_new_ids_and_the_rest_stays() -> None:
    population = bred(population=4)
    population.seed_population(Works(codes=torch.ones(2, 8)))
    assert torch.equal(codes(population)[:2], torch.ones(2, 8))
    assert ids(population) == ["5", "6", "3", "4"]


def test_bred_codes_of_others_have_mutants_in_the_other_places() -> None:
    population, other = bred(population=4), bred(population=2)
    population.seed_population(Works(genomes=tuple(Genome(f"run/{one.id}", (), one.text) for one in other.population)))
    works = population.make(0, None)
    assert torch.equal(works.latents[:2], codes(other))
    assert [one.parents for one in works.individuals] == [("run/1",), ("run/2",), ("5",), ("6",)]


def test_codes_of_another_size_are_refused() -> None:
    population = bred()
    with pytest.raises(PairError, match="'dial' has codes of size 8; these works have codes of size 5"):
        population.seed_population(Works(codes=torch.ones(2, 5)))
    with pytest.raises(PairError, match="no codes; they have images"):
        population.seed_population(Works(images=torch.ones(2, 1, 4, 4)))
    with pytest.raises(DataError, match="is not a code of artist 'dial'"):
        population.seed_population(Works(genomes=(Genome("a", (), "(sin x)"),)))


def test_a_sheet_shows_the_population() -> None:
    population = bred(population=3)
    sheet = population.exhibit(5, seed=0).pixels
    assert torch.equal(sheet[:3], population.make(0, None).pixels)
    assert torch.equal(sheet[3:], sheet[:2])


def test_codes_are_decoded_by_the_decoder_at_any_size() -> None:
    population = bred(population=3)
    works = population.make(0, None)
    assert torch.equal(population.decode(works.latents).pixels, works.pixels)
    assert torch.equal(population.render(Works(genomes=works.genomes), 4), works.pixels)
    assert population.render(works, 8).shape == (3, 1, 8, 8)


def test_a_latent_population_needs_no_gradients_where_its_decoder_does() -> None:
    place = studio()
    picker, decoder = ScriptedPicker(ScriptedPicker.Options(), place), GradientArtist(GradientArtist.Options(), place)
    with pytest.raises(PairError):
        check_pair(decoder, picker)
    check_pair(LatentPopulation(decoder), picker)


def test_codes_without_pictures_cannot_be_picked() -> None:
    place = studio()
    decoder, picker = CodeArtist(CodeArtist.Options(), place), ScriptedPicker(ScriptedPicker.Options(), place)
    with pytest.raises(PairError, match=f"{decoder.name!r} .* {picker.name!r}"):
        check_pair(LatentPopulation(decoder), picker)
