"""The studio, the averaged network, and the convolutional pair: shapes, precision, exact state, no waiting."""

import random
import shutil
from copy import deepcopy
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException as Waited
from torch._subclasses.fake_tensor import DynamicOutputShapeException, FakeTensorMode

from coevo import ConfigError, Phase, Studio, Works, coevolve
from coevo.interactive.session import Session
from coevo.loop import Position, check_pair
from coevo.nn.ema import EMA
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.storage.state_tools import copy_state, equal_states
from coevo.studio import find_device
from coevo.studio.random_streams import seed_of
from coevo_gan.dcgan import DCGAN
from coevo_gan.dcnn import DCNN

# random streams


def draws(studio):
    """One draw of every random stream there is."""
    numpy = np.random.rand(), np.random.randn()  # noqa: NPY002
    python = random.random(), random.gauss(0, 1)
    named = studio.noise(2, 2), studio.noise(1, 2, "mutation")
    return [*python, *numpy, torch.rand(2), *named]


def test_every_random_stream_goes_back_to_a_saved_state(tmp_path):
    studio = Studio(seed=3)
    studio.reseed()
    draws(studio)
    store = RunFolder.create(tmp_path, "run", "run")
    name = store.save(Checkpoint(Position(), studio.state()), 1)
    after = draws(studio)
    other = Studio(seed=4)
    other.reseed()
    assert not equal_states(draws(other), after)
    other.restore(store.read(name).state)
    assert equal_states(draws(other), after)


def test_a_stream_first_used_after_the_saved_state_starts_at_its_beginning_again():
    studio = Studio()
    state = studio.state()
    first = studio.noise(1, 3)
    studio.restore(state)
    assert torch.equal(studio.noise(1, 3), first)


def test_the_same_seed_gives_the_same_streams_and_another_name_another_stream():
    one, other = Studio(seed=5), Studio(seed=5)
    assert torch.equal(one.noise(1, 4), other.noise(1, 4))
    assert not torch.equal(one.noise(1, 4), one.noise(1, 4, "other"))
    assert not torch.equal(Studio(seed=6).noise(1, 4), Studio(seed=5).noise(1, 4))


def test_named_streams_do_not_disturb_each_other():
    one, other = Studio(), Studio()
    other.noise(9, 9, "elsewhere")
    assert torch.equal(one.noise(1, 4), other.noise(1, 4))


def test_reseeding_starts_anew_and_a_salt_starts_elsewhere():
    studio = Studio()
    studio.reseed()
    studio.noise(1, 1), studio.noise(1, 1, "mutation")
    studio.reseed()
    first = draws(studio)
    studio.reseed()
    assert equal_states(draws(studio), first)
    studio.reseed(1)
    assert all(not equal_states(a, b) for a, b in zip(draws(studio), first, strict=True))


def test_a_stream_first_used_after_a_salt_starts_elsewhere_in_every_process():
    studio = Studio()
    studio.reseed("3.1")
    state = studio.state()
    salted = studio.noise(1, 3)
    assert not torch.equal(salted, Studio().noise(1, 3))
    other = Studio()
    other.restore(state)
    assert torch.equal(other.noise(1, 3), salted)


@given(some.integers(0, 2**63 - 1), some.text(), some.integers(0))
def test_a_seed_has_63_bits_and_follows_from_the_names(seed, name, epoch):
    found = seed_of(seed, name, epoch)
    assert 0 <= found < 2**63
    assert found == seed_of(seed, name, epoch) != seed_of(seed, name, epoch + 1)


def test_an_unavailable_device_is_refused():
    assert find_device("cpu").type == "cpu"
    assert find_device("auto").type in ("cpu", "cuda", "mps")
    if not torch.backends.mps.is_available():
        with pytest.raises(ConfigError, match=r"'mps' is not available here \(available: cpu"):
            find_device("mps")


# modules at work


@pytest.mark.parametrize("precision", ["fp32", "bf16", "auto"])
def test_a_prepared_module_returns_fp32_whatever_it_computes_in(precision):
    module = Studio(precision=precision).prepare(nn.Linear(64, 64))
    result = module(torch.randn(8, 64))
    assert result.dtype == torch.float32
    result.sum().backward()
    assert module.weight.grad.dtype == torch.float32
    in_half = torch.equal(result.bfloat16().float(), result)
    assert in_half == (precision == "bf16") or precision == "auto"


def test_convolutions_are_laid_out_channels_last():
    module = Studio().prepare(nn.Conv2d(3, 8, 3))
    assert module.weight.is_contiguous(memory_format=torch.channels_last)


# the average


def test_the_average_follows_the_network_slowly():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    ema = EMA(net, decay=0.9)
    nn.init.ones_(net.weight)
    ema.update()  # keeps 2/11
    assert ema.average.weight.item() == pytest.approx(9 / 11)
    for _ in range(200):
        ema.update()
    nn.init.zeros_(net.weight)
    ema.update()  # keeps 0.9
    assert ema.average.weight.item() == pytest.approx(0.9, abs=1e-4)
    assert not ema.average.weight.requires_grad


def test_the_average_has_batch_statistics_too_and_never_trains():
    net = nn.BatchNorm1d(2)
    ema = EMA(net, 0.5)
    net(torch.randn(8, 2) + 5)
    ema.update()
    assert (ema.average.running_mean > 0.1).all()
    assert ema.average.num_batches_tracked == 1
    assert not ema.average.training
    assert net.training


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_average_of_a_prepared_network_is_its_own(precision):
    net = Studio(precision=precision).prepare(nn.Linear(4, 4))
    ema = EMA(net, 0.9)
    before = ema.average(torch.ones(1, 4))
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    assert torch.equal(net(torch.ones(1, 4)), torch.zeros(1, 4))
    assert torch.equal(ema.average(torch.ones(1, 4)), before)


def test_the_average_goes_on_from_its_state():
    net = nn.Linear(2, 2)
    ema, other = EMA(net, 0.9), EMA(net, 0.9)
    for _ in range(5):
        nn.init.normal_(net.weight)
        ema.update()
    other.load_state_dict(copy_state(ema.state_dict()))
    ema.update(), other.update()
    assert equal_states(ema.state_dict(), other.state_dict())


def test_an_average_that_begins_later_is_the_network_until_then():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    ema = EMA(net, decay=0.9, start=3)
    for number in (1.0, 2.0, 3.0):
        nn.init.constant_(net.weight, number)
        ema.update()
        assert ema.average.weight.item() == number
    nn.init.zeros_(net.weight)
    ema.update()  # its first: keeps 2/11
    assert ema.average.weight.item() == pytest.approx(3 * 2 / 11)


def test_singular_vectors_of_spectral_normalisation_stay_of_length_one():
    net = torch.nn.utils.parametrizations.spectral_norm(nn.Linear(6, 6))
    ema = EMA(net, 0.99)
    for _ in range(20):
        nn.init.normal_(net.parametrizations.weight.original)
        net(torch.ones(1, 6))
        ema.update()
    vectors = [buffer for name, buffer in ema.average.named_buffers() if name.endswith(("_u", "_v"))]
    assert [vector.norm().item() for vector in vectors] == pytest.approx([1.0, 1.0], abs=1e-4)


# the convolutional pair


class Noise:
    """Real works of noise."""

    def __init__(self, studio, size=4):
        self.studio, self.size = studio, size

    def batch(self, round, phase, step, stream="main"):
        noise = torch.Generator().manual_seed(100 * round + 10 * phase + step)
        return Works(images=torch.randn(self.size, *self.studio.image, generator=noise).clamp(-1, 1))

    def close(self):
        pass


def dcgan(size=16, channels=1, seed=0, game="hinge", **how):
    studio = Studio(image=(channels, size, size), seed=seed, **how)
    studio.reseed()
    artist = DCGAN(DCGAN.Options(latent=4, width=4), studio)
    critic = DCNN(DCNN.Options(width=4, game=game), studio)
    check_pair(artist, critic)
    artist.build()
    critic.build(artist)
    return artist, critic


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_pictures_of_every_size(size, channels):
    artist, critic = dcgan(size, channels)
    works = artist.make(2, None)
    assert works.images.shape == (2, channels, size, size)
    assert works.images.abs().max() <= 1
    assert works.images.dtype == torch.float32
    assert critic.judge(works, None).shape == (2,)
    shown = artist.exhibit(3, seed=0).images
    assert shown.shape == (3, channels, size, size)
    assert shown.abs().max() <= 1


@pytest.mark.parametrize("image", [(1, 28, 28), (1, 32, 16), (3, 256, 256)])
@pytest.mark.parametrize("player", [DCGAN, DCNN])
def test_other_sizes_are_refused(player, image):
    with pytest.raises(ConfigError, match=f"{player.name}' needs images of 16, 32, 64 or 128 px"):
        player(player.Options(), Studio(image=image)).check()


def test_exhibits_follow_from_the_seed_and_change_nothing():
    artist, _ = dcgan()
    before = copy_state((artist.state(), artist.studio.state()))
    first = artist.exhibit(3, seed=1).images
    assert torch.equal(artist.exhibit(3, seed=1).images, first)
    assert not torch.equal(artist.exhibit(3, seed=2).images, first)
    assert equal_states((artist.state(), artist.studio.state()), before)
    assert torch.equal(artist.decode(artist.exhibit(3, seed=1).codes).images, first)


@pytest.mark.parametrize("game", ["hinge", "relativistic"])
def test_no_turn_waits_for_the_device(game):
    """Tensors here have shapes and no values; whoever asks for a value, as `.item()` does, is found out."""
    artist, critic = dcgan(game=game)
    studio = artist.studio
    with FakeTensorMode(allow_non_fake_inputs=True):
        turns = list(islice(coevolve(artist, critic, Noise(studio)), 6))
        assert turns[-1].rewards.shape == (4,)
        goal = [Phase("critic"), Phase("artist", goal=0.5, steps=2)]
        with pytest.raises((Waited, DynamicOutputShapeException)):  # as a goal asks
            list(islice(coevolve(artist, critic, Noise(studio), goal), 2))


def test_the_pair_goes_on_bit_for_bit_from_a_store(tmp_path):
    def session(seed):
        artist, critic = dcgan(seed=seed)
        return Session(artist, critic, Noise(artist.studio), [Phase("critic"), Phase("artist")], artist.studio)

    def play(session, turns):
        for _ in islice(session.turns(), turns):
            pass

    one, other = session(0), session(1)
    play(one, 6)
    store = RunFolder.create(tmp_path, "run", "run")
    store.save(Checkpoint(one.position, one.state()), 1)
    checkpoint, _ = store.load()
    other.restore(checkpoint.position, checkpoint.state)
    other.studio.seed = 0
    moments = [state["exp_avg"] for state in other.artist.optimiser.state.values()]
    strides = [moment.stride() for moment in moments]
    assert strides == [state["exp_avg"].stride() for state in one.artist.optimiser.state.values()]
    assert any(moment.is_contiguous(memory_format=torch.channels_last) for moment in moments if moment.dim() == 4)
    play(one, 6)
    play(other, 6)
    assert one.position == other.position
    assert equal_states(one.state(), other.state())


def test_a_state_of_another_player_is_refused():
    artist, critic = dcgan()
    larger, _ = dcgan(size=32)
    with pytest.raises(RuntimeError):
        artist.restore(larger.state())
    with pytest.raises((KeyError, RuntimeError, AttributeError)):
        artist.restore(critic.state())


def test_a_pair_in_half_precision_keeps_its_weights_whole():
    artist, critic = dcgan(precision="bf16")
    turns = list(islice(coevolve(artist, critic, Noise(artist.studio)), 4))
    assert turns[-1].works.images.dtype == torch.float32
    assert turns[-1].rewards.dtype == torch.float32
    assert {p.dtype for player in (artist, critic) for p in player.parameters()} == {torch.float32}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch about itself
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler, and there is no g++")
@pytest.mark.slow
def test_a_compiled_network_is_really_compiled_and_gives_the_same() -> None:
    import torch._dynamo.utils as dynamo

    before = dynamo.counters["stats"]["unique_graphs"]
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh())
    compiled = Studio(compile=True).prepare(deepcopy(plain))
    codes = torch.randn(3, 4)
    assert torch.allclose(compiled(codes), plain(codes), atol=1e-6)
    assert dynamo.counters["stats"]["unique_graphs"] == before + 1
