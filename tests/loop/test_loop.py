"""One loop for every kind of pair; when a turn is safe; phases, goals and refusals."""

from itertools import islice

import pytest
import torch
from standins import (
    REAL,
    Herd,
    Judge,
    Mirror,
    Painter,
    Person,
    Reader,
    Reals,
    Scribe,
    Weaver,
    built,
    copy,
    same,
    studio,
)

import coevo
from coevo import Artist, Genome, PairError, Phase, Works, coevolve
from coevo.loop import Position, check_pair
from coevo.loop.pairs import share_parameters


def play(artist, critic, turns, *, data=None, phases=None, **how):
    phases = phases or (Phase("critic"), Phase("artist"))
    return list(islice(coevolve(artist, critic, data or Reals(), phases, **how), turns))


def painter_and_judge(game="hinge", seed=0):
    place = studio(seed)
    return built(Painter(Painter.Options(), place), Judge(Judge.Options(game=game), place))


# every kind of pair


@pytest.mark.parametrize("game", ["non-saturating", "hinge", "relativistic"])
def test_an_artist_that_learns_by_gradients_comes_to_the_reals(game):
    artist, critic = painter_and_judge(game)
    before = (artist.exhibit(200, seed=1).images - REAL).mean().abs()
    play(artist, critic, 400)
    after = (artist.exhibit(200, seed=1).images - REAL).mean().abs()
    assert before > 0.4
    assert after < 0.1


def test_a_made_batch_serves_both_sides_unless_fresh_is_asked_for(monkeypatch):
    makings = []
    make = Painter.make
    monkeypatch.setattr(Painter, "make", lambda self, n, reals: makings.append(n) or make(self, n, reals))
    once = play(*painter_and_judge(), 4)
    assert len(makings) == 2
    assert once[0].works.images is not None
    assert torch.equal(once[0].works.images, once[1].works.images)
    assert once[0].reals is once[1].reals
    makings.clear()
    twice = play(*painter_and_judge(), 4, fresh=True)
    assert len(makings) == 4
    assert not torch.equal(twice[0].works.images, twice[1].works.images)


def test_a_pair_may_share_a_network():
    place = studio()
    artist, critic = built(Weaver(Weaver.Options(), place), Mirror(Mirror.Options(), place))
    shared, own = artist.encoder[1].weight, critic.head.weight
    assert share_parameters(artist, critic)
    before = shared.detach().clone()

    critics, artists = play(artist, critic, 2)

    assert not torch.equal(shared, before)  # the critic taught the artist's encoder
    assert shared.grad.abs().sum() > 0  # the artist's loss reaches what they share,
    assert own.grad is None  # and stops at what is the critic's alone
    assert own.requires_grad
    assert critics.safe  # works are made anew for an encoder that changed
    assert not torch.equal(critics.works.images, artists.works.images)


def test_an_evolving_artist_learns_from_a_critic_that_is_trained():
    place = studio()
    artist, critic = built(Herd(Herd.Options(), place), Judge(Judge.Options(), place))
    before = artist.exhibit(8, seed=0).images.mean()
    turns = play(artist, critic, 200, phases=(Phase("critic"), Phase("artist", steps=3)))
    assert before < -0.2
    assert artist.exhibit(8, seed=0).images.mean() > 0.2
    assert all(turn.safe for turn in turns)  # a population can be saved at any time
    assert turns[-1].works.genomes is not None


def test_codes_are_judged_block_by_block_and_need_no_pictures():
    place = studio()
    artist, critic = built(Scribe(Scribe.Options(), place), Reader(Reader.Options(), place))
    check_pair(artist, critic)
    turns = play(artist, critic, 500, data=Reals(32))
    assert turns[0].works.images is None
    assert turns[0].works.codes.shape == (32, 5)
    assert turns[0].works.codes[:, :2].mean() > 1.5  # far off,
    last = torch.cat([turn.works.codes for turn in turns[-100:]])
    assert last[:, :2].mean().abs() < 0.75  # then like N(0, 1)


def test_made_and_real_works_may_differ_in_number():
    place = studio()
    artist, critic = built(Painter(Painter.Options(), place), Judge(Judge.Options(game="relativistic"), place))
    turns = play(artist, critic, 4, data=Reals(size=6, reals=3))
    assert turns[1].rewards.shape == (6,)
    assert len(turns[1].reals) == 3


def test_a_run_goes_on_with_the_genomes_of_another():
    place = studio()
    teacher, critic = built(Herd(Herd.Options(), place), Judge(Judge.Options(), place))
    play(teacher, critic, 40)
    pupil, person = built(Herd(Herd.Options(population=12), studio(1)), Person(Person.Options(), place))
    pupil.seed_population(teacher.exhibit(5, seed=0))
    first = pupil.exhibit(12, seed=0)
    assert torch.equal(first.images[:5], teacher.exhibit(5, seed=0).images)
    person.script = [[0, 2]]
    (turn,) = play(pupil, person, 1, phases=[Phase("artist")])
    assert turn.works.genomes[:5] == teacher.exhibit(5, seed=0).genomes


def test_an_artist_without_genomes_says_that_it_cannot_adopt():
    with pytest.raises(PairError, match="'painter' cannot take in the works of others"):
        Painter(Painter.Options(), studio()).seed_population(Works(genomes=(Genome("1", (), "[]"),)))


# turns


def test_a_turn_is_unsafe_only_while_works_are_carried_to_the_artist():
    phases = (Phase("critic", steps=2), Phase("artist", steps=2))
    turns = play(*painter_and_judge(), 8, phases=phases)
    assert [turn.safe for turn in turns] == [True, False, True, True] * 2
    assert [turn.role for turn in turns[:4]] == ["critic", "critic", "artist", "artist"]
    assert [turn.next for turn in turns[:4]] == [(0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0)]
    assert [turn.ends_round for turn in turns[:4]] == [False, False, False, True]
    assert turns[4].at == turns[3].next


def pair(kind, seed=0):
    place = studio(seed)
    artist, game = {
        "gradients": (Painter, "hinge"),
        "gradients, judged beside reals": (Painter, "relativistic"),
        "population": (Herd, "hinge"),
        "population, judged beside reals": (Herd, "relativistic"),
        "shared": (Weaver, "hinge"),
    }[kind]
    critic = Mirror if artist is Weaver else Judge
    return built(artist(artist.Options(), place), critic(critic.Options(game=game), place))


@pytest.mark.parametrize(
    "kind",
    [
        "gradients",
        "gradients, judged beside reals",
        "population",
        "population, judged beside reals",
        "shared",
    ],
)
def test_from_every_safe_turn_another_process_could_go_on_as_if_nothing_had_happened(kind):
    phases = (Phase("critic", steps=2), Phase("artist", steps=2))
    everything = lambda artist, critic: (artist.state(), critic.state(), artist.studio.state())  # noqa: E731
    artist, critic = pair(kind)
    saved, rewards = [], []
    for turn in islice(coevolve(artist, critic, Reals(), phases), 9):
        rewards.append(turn.rewards)
        if turn.safe:
            saved.append((turn.next, copy(everything(artist, critic))))
    end = copy(everything(artist, critic))
    assert len(saved) > 5
    for position, (artist_state, critic_state, studio_state) in saved[:-1]:
        artist, critic = pair(kind, seed=99)
        artist.restore(copy(artist_state))
        critic.restore(copy(critic_state))
        artist.studio.restore(studio_state)
        artist.studio.seed = 0
        done = position.round * 4 + position.phase * 2 + position.step
        turns = play(artist, critic, 9 - done, phases=phases, start=position)
        assert same([turn.rewards for turn in turns], rewards[done:]), position
        assert same(everything(artist, critic), end), position


def test_what_a_turn_shows_holds_no_gradients_and_no_memo():
    turn = play(*painter_and_judge(), 2)[1]
    assert not turn.works.images.requires_grad
    assert not turn.rewards.requires_grad
    assert turn.works.ctx is None


def test_the_critic_is_untouched_while_the_artist_learns():
    artist, critic = painter_and_judge()
    turns = coevolve(artist, critic, Reals())
    next(turns)
    weights, gradient = copy(critic.net.state_dict()), critic.net[1].weight.grad.clone()
    next(turns)
    assert same(critic.net.state_dict(), weights)
    assert torch.equal(critic.net[1].weight.grad, gradient)
    assert all(p.requires_grad for p in critic.parameters())


def test_works_without_gradients_keep_their_genomes_and_lose_the_memo():
    codes = torch.zeros(2, 3, requires_grad=True)
    genomes = (Genome("1", (), "x"), Genome("2", ("1",), "y"))
    plain = Works(images=codes * 2, codes=codes, genomes=genomes, ctx=object()).detach()
    assert plain.genomes == genomes
    assert plain.ctx is None
    assert not plain.images.requires_grad
    assert not plain.codes.requires_grad


def test_some_of_the_works():
    works = Works(codes=torch.arange(6.0).reshape(3, 2), genomes=tuple(Genome(i, (), i) for i in "abc"))
    assert len(works) == 3
    assert [genome.id for genome in works[1:].genomes] == ["b", "c"]
    assert works[torch.tensor([2, 0])].codes.tolist() == [[4, 5], [0, 1]]
    assert [genome.id for genome in works[torch.tensor([2, 0])].genomes] == ["c", "a"]


# phases


def test_an_artist_that_restarts_is_built_anew_in_every_round(monkeypatch):
    steps = []
    build = Painter.build
    monkeypatch.setattr(Painter, "build", lambda self: steps.append("build") or build(self))
    artist, critic = painter_and_judge()
    phases = (Phase("critic"), Phase("artist", steps=2, restart=True))
    for turn in islice(coevolve(artist, critic, Reals(), phases), 6):
        steps.append(turn.role)
    assert steps == ["build"] + ["critic", "build", "artist", "artist"] * 2


@pytest.mark.parametrize(("restart", "remembered"), [(False, 8), (True, 4)])
def test_a_restarted_artist_forgets(restart, remembered):
    artist, critic = painter_and_judge()
    play(artist, critic, 10, phases=(Phase("critic"), Phase("artist", steps=4, restart=restart)))
    assert {int(state["step"]) for state in artist.optimiser.state.values()} == {remembered}


class Sure(Judge):
    """Taken in by a share that a list says."""

    def fooled(self, works, reals):
        assert not torch.is_grad_enabled()  # a count needs no graph
        share = self.shares.pop(0)
        return torch.arange(len(works)) < share * len(works)


def sure(shares):
    place = studio()
    artist, critic = built(Painter(Painter.Options(), place), Sure(Sure.Options(), place))
    critic.shares = list(shares)
    return artist, critic


def test_the_artists_phase_ends_once_enough_works_fool_the_critic():
    artist, critic = sure([0.25, 0.5, 0.75, 0.25, 1.0])
    turns = play(artist, critic, 7, phases=(Phase("critic"), Phase("artist", steps=50, goal=0.75)))
    assert [turn.role[0] for turn in turns] == [*"caaacaa"]
    assert turns[3].next == (1, 0, 0)


def test_the_critics_phase_ends_once_few_works_fool_it():
    artist, critic = sure([0.75, 0.5, 0.25, 0.0])
    turns = play(artist, critic, 6, phases=(Phase("critic", steps=50, goal=0.25), Phase("artist")))
    assert [turn.role[0] for turn in turns] == [*"cccaca"]
    assert [turn.safe for turn in turns] == [True, True, False, True, False, True]


def test_a_phase_ends_at_its_last_step_where_the_goal_is_never_reached():
    artist, critic = sure([0.0, 0.0, 0.0])
    turns = play(artist, critic, 4, phases=(Phase("critic"), Phase("artist", steps=2, goal=1)))
    assert [turn.role[0] for turn in turns] == [*"caac"]


def test_the_loop_starts_inside_a_phase():
    turns = play(
        *painter_and_judge(),
        3,
        phases=(Phase("critic"), Phase("artist", steps=4)),
        start=Position(7, 1, 2),
    )
    assert [turn.at for turn in turns] == [(7, 1, 2), (7, 1, 3), (8, 0, 0)]


# refusals


class Dreamer(Artist):
    """Makes codes only."""

    name, makes_images = "dreamer", False

    @property
    def codes(self):
        return (coevo.CodeBlock("z", 2),)


class Blind(Artist):
    name = "blind"


class Chooser(Artist):
    name, rewards = "chooser", ("picks",)


class Quoter(Artist):
    name, labels = "quoter", "required"


@pytest.mark.parametrize(
    ("artist", "critic", "reason"),
    [
        (Painter, Person, "learns by gradients"),
        (Herd, Reader, "judges latent codes"),
        (Dreamer, Judge, "judges pictures"),
        (Chooser, Judge, "gives scores"),
    ],
)
def test_a_pair_that_cannot_work_is_refused_in_one_sentence_that_names_both(artist, critic, reason):
    place = studio()
    one, other = artist(artist.Options(), place), critic(critic.Options(), place)
    with pytest.raises(PairError) as refusal:
        check_pair(one, other)
    message = str(refusal.value)
    assert repr(one.name) in message
    assert repr(other.name) in message
    assert reason in message
    assert message.endswith(".")
    assert message.count(". ") == 0
    assert "\n" not in message


def test_a_pair_without_the_data_it_needs_is_refused():
    place = studio()
    judge, person = Judge(Judge.Options(), place), Person(Person.Options(), place)
    with pytest.raises(PairError, match="'judge' needs real works"):
        check_pair(Herd(Herd.Options(), place), judge, reals=False)
    with pytest.raises(PairError, match="'scribe' needs real works"):
        check_pair(Scribe(Scribe.Options(), place), Reader(Reader.Options(), place), reals=False)
    with pytest.raises(PairError, match="'quoter' needs labels"):
        check_pair(Quoter(Quoter.Options(), place), judge, labels="none")
    check_pair(Herd(Herd.Options(), place), person, reals=False, labels="none")


def test_a_pair_is_checked_before_anything_is_built():
    place = studio()
    artist, critic = Painter(Painter.Options(), place), Judge(Judge.Options(), place)
    check_pair(artist, critic)
    assert not hasattr(artist, "net")
    assert not hasattr(critic, "net")
