"""A trained decoder whose codes are bred by picks."""

import pytest
import torch
from standins import Painter, Person, Reals, Scribe, built, studio

import coevo
from coevo import Artist, CodeBlock, PairError, Phase, Works
from coevo.evolution.latent_population import Breeder
from coevo.interactive.session import Session
from coevo.loop import check_pair


class Dial(Artist):
    """A decoder whose code is easy to read: the picture is as bright as the code's mean says."""

    name = "dial"
    blocks = (CodeBlock("z", 8),)

    @property
    def codes(self):
        return self.blocks

    def decode(self, codes, labels=None):
        return Works(images=codes[:, :8].mean(1).tanh()[:, None, None, None].expand(-1, 1, 4, 4), codes=codes)


class Mixed(Dial):
    blocks = (CodeBlock("z", 8), CodeBlock("kind", 3, "categorical"))


def breeder(decoder=Dial, **options):
    breeder = Breeder(decoder(decoder.Options(), studio()), Breeder.Options(**options))
    breeder.decoder.build()
    breeder.build()
    return breeder


def pick(breeder, *which):
    """One generation: the picked are parents. What it says of them."""
    works = breeder.make(0, None)
    return breeder.learn(works, torch.tensor([float(i in which) for i in range(len(works))]))


def test_the_picked_survive_with_their_names_and_the_rest_are_their_children():
    artist = breeder(population=6)
    before = artist.make(0, None)
    assert [genome.id for genome in before.genomes] == list("123456")
    pick(artist, 2, 4)
    after = artist.make(0, None)
    assert [genome.id for genome in after.genomes] == ["3", "5", "7", "8", "9", "10"]
    assert torch.equal(after.codes[:2], before.codes[[2, 4]])
    assert all(set(genome.parents) <= {"3", "5"} and genome.parents for genome in after.genomes[2:])
    assert after.genomes[0].parents == ()


def test_a_survivor_keeps_its_own_parents():
    artist = breeder(population=4)
    pick(artist, 0, 1)
    child = artist.make(0, None).genomes[2]
    pick(artist, 2)
    assert artist.make(0, None).genomes[0] == child


def test_all_may_be_picked():
    artist = breeder(population=4)
    before = artist.make(0, None)
    assert pick(artist, 0, 1, 2, 3) == {"parents": 4}
    assert artist.make(0, None).genomes == before.genomes


def test_of_scores_the_best_quarter_are_the_parents():
    artist = breeder(population=8)
    works = artist.make(0, None)
    artist.learn(works, torch.tensor([-5.0, -1, -7, -9, -4, -2, -8, -6]))
    assert [genome.id for genome in artist.make(0, None).genomes[:2]] == ["2", "6"]


def test_what_is_liked_rises_over_the_generations():
    artist, person = built(breeder(population=16), Person(Person.Options(), studio()))
    session = Session(artist, person, Reals(), [Phase("artist")], artist.studio)
    brightness = []
    artist.build()
    for _ in range(12):
        works = artist.make(0, None)
        brightness.append(works.images.mean().item())
        person.script = [works.images.mean((1, 2, 3)).topk(3).indices.tolist()]
        next(session.turns())
    assert brightness[-1] > brightness[0] + 0.4
    assert person.rewards == "picks"


def test_the_decoders_networks_stay_as_they_are():
    artist = breeder(Painter, population=4)
    before = {name: value.clone() for name, value in artist.decoder.net.state_dict().items()}
    for _ in range(3):
        pick(artist, 0, 1)
    after = artist.decoder.net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not list(artist.parameters())


def test_mutation_leaves_gaussian_codes_gaussian():
    artist = breeder(population=2000, mutation=0.5)
    for _ in range(5):
        pick(artist, *range(1000))
    children = artist.make(0, None).codes[1000:]
    assert children.mean().abs() < 0.1
    assert children.var().item() == pytest.approx(1, abs=0.1)


def test_children_do_move():
    artist = breeder(population=10, mutation=0.5)
    parent = artist.make(0, None).codes[3]
    pick(artist, 3)
    children = artist.make(0, None).codes[1:]
    assert not (children == parent).all(1).any()


def test_without_mutation_children_mix_their_parents():
    artist = breeder(population=50, mutation=0)
    pick(artist, 0, 1)
    codes = artist.make(0, None).codes
    assert ((codes == codes[0]) | (codes == codes[1])).all()
    assert len(codes.unique(dim=0)) > 10


def test_a_categorical_code_stays_one_of_its_kinds():
    artist = breeder(Mixed, population=40, mutation=0.5)
    for _ in range(3):
        works = artist.make(0, None)
        artist.learn(works, works.codes[:, 8])  # one kind is liked
    kinds = artist.make(0, None).codes[:, 8:]
    assert kinds.sum(1).tolist() == [1] * 40
    assert set(kinds.flatten().tolist()) == {0, 1}
    assert kinds[:, 0].mean() > 0.5


def test_its_state_goes_to_another_breeder():
    artist, other = breeder(Painter, population=4), breeder(Painter, population=4)
    pick(artist, 1, 2)
    other.restore(artist.state())
    one, two = artist.make(0, None), other.make(0, None)
    assert one.genomes == two.genomes
    assert torch.equal(one.images, two.images)


def test_codes_of_others_are_taken_in_under_new_names():
    artist = breeder(population=4)
    artist.seed_population(Works(codes=torch.ones(2, 8)))
    works = artist.make(0, None)
    assert torch.equal(works.codes[:2], torch.ones(2, 8))
    assert [genome.id for genome in works.genomes] == ["5", "6", "3", "4"]


def test_codes_of_another_size_are_refused():
    artist = breeder()
    with pytest.raises(PairError, match="'dial' breeds codes of size 8; the works have codes of size 5"):
        artist.seed_population(Works(codes=torch.ones(2, 5)))
    with pytest.raises(PairError, match="have none"):
        artist.seed_population(Works(images=torch.ones(2, 1, 4, 4)))


def test_a_sheet_shows_the_population():
    artist = breeder(population=3)
    sheet = artist.exhibit(5, seed=0).images
    assert torch.equal(sheet[:3], artist.make(0, None).images)
    assert torch.equal(sheet[3:], sheet[:2])


def test_a_breeder_needs_no_gradients_where_its_decoder_did():
    place = studio()
    person = Person(Person.Options(), place)
    with pytest.raises(PairError):
        check_pair(Painter(Painter.Options(), place), person)
    check_pair(Breeder(Painter(Painter.Options(), place)), person)


def test_a_breeder_of_codes_without_pictures_cannot_face_a_person():
    place = studio()
    with pytest.raises(coevo.PairError, match=r"'scribe' .* 'person'"):
        check_pair(Breeder(Scribe(Scribe.Options(), place)), Person(Person.Options(), place))
