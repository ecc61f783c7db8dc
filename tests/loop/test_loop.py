"""One loop for every kind of pair; when a turn is safe; phases, goals and refusals."""

from itertools import islice

import pytest
import torch
from standins import REAL, Reals, built, studio

import coevo
from coevo import Artist, ArtistSpec, CriticSpec, PairError, Phase, Works, coevolve
from coevo.contract.capabilities import Evolving
from coevo.loop import Position, check_pair
from coevo.loop.pairs import share_parameters
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.standins import (
    CodeArtist,
    CodeCritic,
    EvolvingArtist,
    GradientArtist,
    GradientCritic,
    ScriptedPicker,
    SharedEncoderArtist,
    SharedEncoderCritic,
)


def play(artist, critic, turns, *, data=None, phases=None, **how):
    phases = phases or (Phase("critic"), Phase("artist"))
    return list(islice(coevolve(artist, critic, data or Reals(), phases, **how), turns))


def gradient_pair(game="hinge", seed=0):
    tiny = studio(seed)
    return built(
        GradientArtist(GradientArtist.Options(), tiny), GradientCritic(GradientCritic.Options(game=game), tiny)
    )


# every kind of pair


@pytest.mark.parametrize("game", ["non-saturating", "hinge", "relativistic"])
def test_an_artist_that_learns_by_gradients_comes_to_the_reals(game):
    artist, critic = gradient_pair(game)
    before = (artist.exhibit(200, seed=1).images - REAL).mean().abs()
    play(artist, critic, 400)
    after = (artist.exhibit(200, seed=1).images - REAL).mean().abs()
    assert before > 0.4
    assert after < 0.1


def test_a_made_batch_serves_both_sides_unless_works_are_resampled(monkeypatch):
    makings = []
    make = GradientArtist.make
    monkeypatch.setattr(GradientArtist, "make", lambda self, n, reals: makings.append(n) or make(self, n, reals))
    once = play(*gradient_pair(), 4)
    assert len(makings) == 2
    assert once[0].works.images is not None
    assert torch.equal(once[0].works.images, once[1].works.images)
    assert once[0].reals is once[1].reals
    makings.clear()
    twice = play(*gradient_pair(), 4, resample=True)
    assert len(makings) == 4
    assert not torch.equal(twice[0].works.images, twice[1].works.images)


def test_a_critic_that_is_trained_once_learns_in_the_first_round_alone():
    def roles(turns):
        return [(turn.at.round, turn.role) for turn in turns]

    once = (Phase("critic", steps=3, rounds=1), Phase("artist"))
    artist, critic = gradient_pair()
    turns = play(artist, critic, 6, phases=once)
    assert roles(turns) == [(0, "critic")] * 3 + [(0, "artist"), (1, "artist"), (2, "artist")]
    assert turns[-1].ends_round and turns[-1].next == Position(3)
    assert roles(play(artist, critic, 2, phases=once, start=turns[-1].next)) == [(3, "artist"), (4, "artist")]
    assert roles(play(artist, critic, 2, phases=once, start=turns[1].next)) == [(0, "critic"), (0, "artist")]


def test_a_round_ends_with_the_last_phase_that_it_has():
    turns = play(*gradient_pair(), 4, phases=(Phase("artist"), Phase("critic", rounds=1)))
    assert [(turn.at.round, turn.role, turn.ends_round) for turn in turns] == [
        *((0, "artist", False), (0, "critic", True)),
        *((1, "artist", True), (2, "artist", True)),
    ]


def test_phases_that_all_end_are_refused():
    with pytest.raises(PairError, match="Every phase ends after some rounds"):
        play(*gradient_pair(), 1, phases=(Phase("artist", rounds=1),))


def test_a_critic_says_in_its_spec_that_it_is_trained_once():
    artist, critic = gradient_pair()
    critic.spec = lambda: CriticSpec(gradients=True, reals="required", pretraining=2)
    turns = list(islice(coevolve(artist, critic, Reals()), 4))
    assert [turn.role for turn in turns] == ["critic", "critic", "artist", "artist"]


@pytest.mark.parametrize(
    ("phases", "how", "with_gradients"),
    [
        ((Phase("critic", steps=3), Phase("artist")), {}, [False, False, True]),
        ((Phase("critic", steps=2), Phase("artist")), {"resample": True}, [False, False, True]),
        ((Phase("critic", steps=2, goal=-1.0), Phase("artist")), {}, [True, True]),  # each may be the last
        ((Phase("artist"), Phase("critic", steps=2)), {}, [True, False, False]),
    ],
)
def test_works_are_made_with_gradients_only_where_the_artist_learns_from_them(phases, how, with_gradients):
    artist, critic = gradient_pair()
    made, make = [], artist.make

    def recording(n, reals):
        made.append(torch.is_grad_enabled())
        return make(n, reals)

    artist.make = recording
    play(artist, critic, sum(phase.steps for phase in phases), phases=phases, **how)
    assert made == with_gradients
    assert torch.is_grad_enabled()


def test_a_pair_may_share_a_network():
    tiny = studio()
    artist, critic = built(
        SharedEncoderArtist(SharedEncoderArtist.Options(), tiny),
        SharedEncoderCritic(SharedEncoderCritic.Options(), tiny),
    )
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
    tiny = studio()
    artist, critic = built(
        EvolvingArtist(EvolvingArtist.Options(), tiny), GradientCritic(GradientCritic.Options(), tiny)
    )
    before = artist.exhibit(8, seed=0).images.mean()
    turns = play(artist, critic, 200, phases=(Phase("critic"), Phase("artist", steps=3)))
    assert before < -0.2
    assert artist.exhibit(8, seed=0).images.mean() > 0.2
    assert all(turn.safe for turn in turns)  # a population can be saved at any time
    assert turns[-1].works.genomes is not None


def test_codes_are_judged_block_by_block_and_need_no_pictures():
    tiny = studio()
    artist, critic = built(CodeArtist(CodeArtist.Options(), tiny), CodeCritic(CodeCritic.Options(), tiny))
    check_pair(artist, critic)
    turns = play(artist, critic, 500, data=Reals(32))
    assert turns[0].works.images is None
    assert turns[0].works.codes.shape == (32, 5)
    assert turns[0].works.codes[:, :2].mean() > 1.5  # far off,
    last = torch.cat([turn.works.codes for turn in turns[-100:]])
    assert last[:, :2].mean().abs() < 0.75  # then like N(0, 1)


def test_made_and_real_works_may_differ_in_number():
    tiny = studio()
    artist, critic = built(
        GradientArtist(GradientArtist.Options(), tiny),
        GradientCritic(GradientCritic.Options(game="relativistic"), tiny),
    )
    turns = play(artist, critic, 4, data=Reals(size=6, reals=3))
    assert turns[1].rewards.shape == (6,)
    assert len(turns[1].reals) == 3


def test_a_run_goes_on_with_the_genomes_of_another():
    tiny = studio()
    teacher, critic = built(
        EvolvingArtist(EvolvingArtist.Options(), tiny), GradientCritic(GradientCritic.Options(), tiny)
    )
    play(teacher, critic, 40)
    pupil, person = built(
        EvolvingArtist(EvolvingArtist.Options(population=12), studio(1)), ScriptedPicker(ScriptedPicker.Options(), tiny)
    )
    pupil.seed_population(teacher.exhibit(5, seed=0))
    first = pupil.exhibit(12, seed=0)
    assert torch.equal(first.images[:5], teacher.exhibit(5, seed=0).images)
    person.script = [[0, 2]]
    (turn,) = play(pupil, person, 1, phases=[Phase("artist")])
    assert turn.works.genomes[:5] == teacher.exhibit(5, seed=0).genomes


def test_only_an_artist_with_the_methods_takes_in_the_works_of_others():
    assert isinstance(EvolvingArtist(EvolvingArtist.Options(), studio()), Evolving)
    assert not isinstance(GradientArtist(GradientArtist.Options(), studio()), Evolving)


def test_works_without_genomes_cannot_seed_a_population():
    with pytest.raises(PairError, match="These works have no genomes; they have codes"):
        EvolvingArtist(EvolvingArtist.Options(), studio()).seed_population(Works(codes=torch.zeros(2, 3)))


# turns


def test_a_turn_is_unsafe_only_while_works_are_carried_to_the_artist():
    phases = (Phase("critic", steps=2), Phase("artist", steps=2))
    turns = play(*gradient_pair(), 8, phases=phases)
    assert [turn.safe for turn in turns] == [True, False, True, True] * 2
    assert [turn.role for turn in turns[:4]] == ["critic", "critic", "artist", "artist"]
    assert [turn.next for turn in turns[:4]] == [(0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0)]
    assert [turn.ends_round for turn in turns[:4]] == [False, False, False, True]
    assert turns[4].at == turns[3].next


def pair(kind, seed=0):
    tiny = studio(seed)
    artist, game = {
        "gradients": (GradientArtist, "hinge"),
        "gradients, judged beside reals": (GradientArtist, "relativistic"),
        "population": (EvolvingArtist, "hinge"),
        "population, judged beside reals": (EvolvingArtist, "relativistic"),
        "shared": (SharedEncoderArtist, "hinge"),
    }[kind]
    critic = SharedEncoderCritic if artist is SharedEncoderArtist else GradientCritic
    return built(artist(artist.Options(), tiny), critic(critic.Options(game=game), tiny))


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
            saved.append((turn.next, copy_state(everything(artist, critic))))
    end = copy_state(everything(artist, critic))
    assert len(saved) > 5
    for position, (artist_state, critic_state, studio_state) in saved[:-1]:
        artist, critic = pair(kind, seed=99)
        artist.restore(copy_state(artist_state))
        critic.restore(copy_state(critic_state))
        artist.studio.restore(studio_state)
        artist.studio.streams.seed = 0
        done = position.round * 4 + position.phase * 2 + position.step
        turns = play(artist, critic, 9 - done, phases=phases, start=position)
        assert equal_states([turn.rewards for turn in turns], rewards[done:]), position
        assert equal_states(everything(artist, critic), end), position


def test_the_works_of_a_turn_hold_no_gradients_and_no_ctx():
    turn = play(*gradient_pair(), 2)[1]
    assert not turn.works.images.requires_grad
    assert not turn.rewards.requires_grad
    assert turn.works.ctx is None


def test_the_critic_is_untouched_while_the_artist_learns():
    artist, critic = gradient_pair()
    turns = coevolve(artist, critic, Reals())
    next(turns)
    weights, gradient = copy_state(critic.net.state_dict()), critic.net[1].weight.grad.clone()
    next(turns)
    assert equal_states(critic.net.state_dict(), weights)
    assert torch.equal(critic.net[1].weight.grad, gradient)
    assert all(p.requires_grad for p in critic.parameters())


# phases


def test_an_artist_that_restarts_is_built_anew_in_every_round(monkeypatch):
    steps = []
    build = GradientArtist.build
    monkeypatch.setattr(GradientArtist, "build", lambda self: steps.append("build") or build(self))
    artist, critic = gradient_pair()
    phases = (Phase("critic"), Phase("artist", steps=2, restart=True))
    for turn in islice(coevolve(artist, critic, Reals(), phases), 6):
        steps.append(turn.role)
    assert steps == ["build"] + ["critic", "build", "artist", "artist"] * 2


def test_an_artist_that_shares_parameters_with_its_critic_is_not_restarted(monkeypatch):
    tiny = studio()
    artist, critic = built(
        SharedEncoderArtist(SharedEncoderArtist.Options(), tiny),
        SharedEncoderCritic(SharedEncoderCritic.Options(), tiny),
    )
    monkeypatch.setattr(artist, "build", lambda: pytest.fail("built again"))
    refusal = "share parameters, so the artist cannot be restarted each round; leave out phases.artist.restart"
    with pytest.raises(PairError, match=f"Artist 'shared-encoder' and critic 'shared-encoder' {refusal}"):
        play(artist, critic, 1, phases=(Phase("critic"), Phase("artist", restart=True)))
    assert play(artist, critic, 2)


@pytest.mark.parametrize(("restart", "remembered"), [(False, 8), (True, 4)])
def test_a_restarted_artist_forgets(restart, remembered):
    artist, critic = gradient_pair()
    play(artist, critic, 10, phases=(Phase("critic"), Phase("artist", steps=4, restart=restart)))
    assert {int(state["step"]) for state in artist.optimiser.state.values()} == {remembered}


class ScriptedCritic(GradientCritic):
    """Fooled by the share of works that a list says."""

    def fooled(self, works, reals):
        assert not torch.is_grad_enabled()  # a count needs no graph
        share = self.shares.pop(0)
        return torch.arange(len(works)) < share * len(works)


def scripted(shares):
    tiny = studio()
    artist, critic = built(
        GradientArtist(GradientArtist.Options(), tiny), ScriptedCritic(ScriptedCritic.Options(), tiny)
    )
    critic.shares = list(shares)
    return artist, critic


def test_the_artists_phase_ends_once_enough_works_fool_the_critic():
    artist, critic = scripted([0.25, 0.5, 0.75, 0.25, 1.0])
    turns = play(artist, critic, 7, phases=(Phase("critic"), Phase("artist", steps=50, goal=0.75)))
    assert [turn.role[0] for turn in turns] == [*"caaacaa"]
    assert turns[3].next == (1, 0, 0)


def test_the_critics_phase_ends_once_few_works_fool_it():
    artist, critic = scripted([0.75, 0.5, 0.25, 0.0])
    turns = play(artist, critic, 6, phases=(Phase("critic", steps=50, goal=0.25), Phase("artist")))
    assert [turn.role[0] for turn in turns] == [*"cccaca"]
    assert [turn.safe for turn in turns] == [True, True, False, True, False, True]


def test_a_phase_ends_at_its_last_step_where_the_goal_is_never_reached():
    artist, critic = scripted([0.0, 0.0, 0.0])
    turns = play(artist, critic, 4, phases=(Phase("critic"), Phase("artist", steps=2, goal=1)))
    assert [turn.role[0] for turn in turns] == [*"caac"]


def test_the_loop_starts_inside_a_phase():
    turns = play(
        *gradient_pair(),
        3,
        phases=(Phase("critic"), Phase("artist", steps=4)),
        start=Position(7, 1, 2),
    )
    assert [turn.at for turn in turns] == [(7, 1, 2), (7, 1, 3), (8, 0, 0)]


# refusals


class CodesOnly(Artist):
    name = "codes-only"

    def spec(self):
        return ArtistSpec(images=False, code=coevo.CodeLayout((coevo.CodeBlock("z", 2),)))


class PicksOnly(Artist):
    name = "picks-only"

    def spec(self):
        return ArtistSpec(scores=False, picks=(1, 1))

    def breed(self, works, picked):
        return {}


class NeedsLabels(Artist):
    name = "needs-labels"

    def spec(self):
        return ArtistSpec(labels="required")


@pytest.mark.parametrize(
    ("artist", "critic", "reason"),
    [
        (GradientArtist, ScriptedPicker, "learns by gradients"),
        (EvolvingArtist, CodeCritic, "judges latent codes"),
        (CodesOnly, GradientCritic, "judges pictures"),
        (PicksOnly, GradientCritic, "gives scores"),
    ],
)
def test_a_pair_that_cannot_work_is_refused_in_one_sentence_that_names_both(artist, critic, reason):
    tiny = studio()
    one, other = artist(artist.Options(), tiny), critic(critic.Options(), tiny)
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
    tiny = studio()
    scores, picks = GradientCritic(GradientCritic.Options(), tiny), ScriptedPicker(ScriptedPicker.Options(), tiny)
    with pytest.raises(PairError, match="'gradient' needs real works"):
        check_pair(EvolvingArtist(EvolvingArtist.Options(), tiny), scores, reals=False)
    with pytest.raises(PairError, match="'code' needs real works"):
        check_pair(CodeArtist(CodeArtist.Options(), tiny), CodeCritic(CodeCritic.Options(), tiny), reals=False)
    with pytest.raises(PairError, match="'needs-labels' needs labels"):
        check_pair(NeedsLabels(NeedsLabels.Options(), tiny), scores, labels="none")
    check_pair(EvolvingArtist(EvolvingArtist.Options(), tiny), picks, reals=False, labels="none")


def test_a_pair_is_checked_before_anything_is_built():
    tiny = studio()
    artist, critic = GradientArtist(GradientArtist.Options(), tiny), GradientCritic(GradientCritic.Options(), tiny)
    check_pair(artist, critic)
    assert not hasattr(artist, "net")
    assert not hasattr(critic, "net")
