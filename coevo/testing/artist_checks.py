"""The checks of an artist, beside a critic that suits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from coevo.contract.capabilities import (
    Breedable,
    Decoder,
    DifferentiableEncoder,
    Encoder,
    Evolving,
    Growing,
    Reconstructor,
    Renderer,
    SelfEvaluating,
    StripRenderer,
    VectorRenderer,
)
from coevo.contract.players import Artist, Critic
from coevo.contract.works import Works
from coevo.errors import PairError
from coevo.images.strokes import draw_drawings
from coevo.latent_models.priors import prior_of
from coevo.loop import check_pair
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.bench import (
    Bench,
    M,
    N,
    assert_equal,
    assert_metrics,
    assert_pictures,
    assert_works,
    only_of,
    parts,
)
from coevo.testing.standins import TargetCritic


class ArtistBench(Bench):
    """Tries an artist: the required methods, then each capability that it has."""

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        studio = self.studio(seed)
        studio.reseed()
        artist: Artist = self.player(self.player.Options(**self.given), studio)  # type: ignore[assignment]
        spec = artist.spec()
        options = TargetCritic.Options(
            judges="images" if spec.images else "codes",
            rewards="scores" if spec.scores or not spec.picks else "picks",
            picks=max(1, spec.picks[0]) if spec.picks else 1,
        )
        critic = TargetCritic(options, studio)
        check_pair(artist, critic)
        artist.build()
        return artist, critic

    def reals_for(self, artist: Artist) -> Works:
        """M real works in the artist's size."""
        return self.reals(artist.studio)

    def unchanged(self, artist: Artist, do: Callable[[], object], what: str) -> None:
        """Assert that something changes neither the artist's state nor a random stream."""
        before = copy_state([artist.state(), artist.studio.state()])
        do()
        assert equal_states(before, [artist.state(), artist.studio.state()]), (
            f"{what} changed the state or a random stream"
        )

    # the required methods

    def check_make(self) -> None:
        """makes works of the declared shape, float32, finite, in [-1, 1]."""
        artist, _ = self.pair()
        works = artist.make(N, self.reals_for(artist))
        of_reals = isinstance(artist, Encoder) and len(works) == M
        assert_works(works, artist, None if artist.spec().population or of_reals else N)

    def check_population(self) -> None:
        """makes the same works until it learns, if its spec says population."""
        artist, _ = self.pair()
        if artist.spec().population:
            reals = self.reals_for(artist)
            assert_equal(parts(artist.make(N, reals)), parts(artist.make(N, reals)), "works made twice")

    def check_learn(self) -> None:
        """learns: a turn changes its state."""
        artist, critic = self.pair()
        before = copy_state(artist.state())
        self.turn(artist, critic)
        assert not equal_states(before, artist.state()), "its state is the same before and after learn()"

    def check_gradients(self) -> None:
        """makes works that carry gradients, if its spec says gradients."""
        artist, _ = self.pair()
        if artist.spec().gradients:
            works = artist.make(N, self.reals_for(artist))
            carriers = [part for part in (works.images, works.codes) if part is not None]
            assert any(part.requires_grad for part in carriers), "spec().gradients is set, but its works carry none"

    def check_exhibit(self) -> None:
        """exhibits finished works without gradients, changes nothing, and obeys the seed."""
        artist, critic = self.pair()
        self.turn(artist, critic)
        self.unchanged(artist, lambda: artist.exhibit(N, seed=1), "exhibit()")
        works = artist.exhibit(N, seed=1)
        assert_works(works, artist, N)
        for part in (works.images, works.codes):
            assert part is None or not part.requires_grad, "exhibited works carry gradients"
        assert_equal(parts(works), parts(artist.exhibit(N, seed=1)), "works exhibited twice with the same seed")
        if not artist.spec().population:
            again = parts(artist.exhibit(N, seed=2))
            assert not equal_states(parts(works), again), "another seed exhibits the same works"

    def check_code(self) -> None:
        """declares blocks of its code whose priors exist, under names of their own."""
        artist, _ = self.pair()
        for block in artist.code:
            prior_of(block)
        names = [block.name for block in artist.code]
        assert len(set(names)) == len(names), "two blocks of its code have the same name"

    # capabilities

    @only_of(Encoder)
    def check_encoder(self) -> None:
        """Encoder: encodes pictures to codes of the declared size, and changes nothing."""
        artist, _ = self.pair()
        works = artist.exhibit(N, seed=1) if artist.spec().images else self.reals_for(artist)[:N]
        assert isinstance(artist, Encoder)
        self.unchanged(artist, lambda: artist.encode(works), "encode()")
        codes = artist.encode(works)
        assert codes.shape == (N, artist.code.size), (
            f"encode() gives {tuple(codes.shape)}, and the code's layout has {(N, artist.code.size)}"
        )
        assert not codes.requires_grad, "encoded codes carry gradients"

    @only_of(DifferentiableEncoder)
    def check_differentiable_encoder(self) -> None:
        """DifferentiableEncoder: its latents carry gradients to the pictures, and computing them changes nothing."""
        artist, _ = self.pair()
        assert isinstance(artist, DifferentiableEncoder)
        images = self.reals_for(artist)[:N].pixels.to(artist.studio.device).requires_grad_()
        self.unchanged(artist, lambda: artist.latents(images), "latents()")
        latents = artist.latents(images)
        assert latents.ndim == 2 and len(latents) == N, f"latents() of {N} pictures gives {tuple(latents.shape)}"
        assert latents.requires_grad, "latents carry no gradients"
        (slope,) = torch.autograd.grad(latents.sum(), images, allow_unused=True)
        assert slope is not None and slope.abs().sum() > 0, "the gradients of latents do not reach the pictures"

    @only_of(Decoder)
    def check_decoder(self) -> None:
        """Decoder: decodes codes to finished works, and changes nothing."""
        artist, _ = self.pair()
        assert isinstance(artist, Decoder)
        assert artist.code, "it has decode(), but its spec declares no code"
        codes = torch.randn(N, artist.code.size, generator=torch.Generator().manual_seed(1))
        self.unchanged(artist, lambda: artist.decode(codes), "decode()")
        works = artist.decode(codes)
        assert_works(works, artist, N)
        assert works.images is None or not works.images.requires_grad, "decoded works carry gradients"

    @only_of(Reconstructor)
    def check_reconstructor(self) -> None:
        """Reconstructor: gives every real work back, and changes nothing."""
        artist, _ = self.pair()
        assert isinstance(artist, Reconstructor)
        reals = self.reals_for(artist)
        self.unchanged(artist, lambda: artist.reconstruct(reals), "reconstruct()")
        assert len(artist.reconstruct(reals)) == M, f"{M} works have {len(artist.reconstruct(reals))} reconstructions"

    @only_of(Renderer)
    def check_renderer(self) -> None:
        """Renderer: draws its works at two sizes, from genomes and codes alone."""
        artist, _ = self.pair()
        assert isinstance(artist, Renderer)
        works = artist.exhibit(2, seed=1)
        bare = Works(codes=works.codes, labels=works.labels, genomes=works.genomes)
        channels, height, _ = artist.studio.image
        for size in (height, 2 * height):
            images = artist.render(bare, size)
            assert_pictures(images, (2, channels, size, size))
            assert not images.requires_grad, "rendered pictures carry gradients"

    @only_of(StripRenderer)
    def check_strip_renderer(self) -> None:
        """StripRenderer: its strips, one below another, are the rendered picture."""
        artist, _ = self.pair()
        assert isinstance(artist, StripRenderer) and isinstance(artist, Renderer), (
            "it has render_strips() and no render()"
        )
        works, size = artist.exhibit(1, seed=1), 2 * artist.studio.image[1]
        strips = torch.cat(list(artist.render_strips(works, size)), 1)
        whole = artist.render(works, size)[0]
        assert strips.shape == whole.shape, f"strips make a picture of {tuple(strips.shape)}, not {tuple(whole.shape)}"
        assert torch.allclose(strips, whole, atol=1e-4), "render_strips() and render() draw different pictures"

    @only_of(Growing)
    def check_growing(self) -> None:
        """Growing: shows every step of its works, and a wound in the step that it has it."""
        artist, _ = self.pair()
        assert isinstance(artist, Growing)
        works = artist.exhibit(2, seed=1)
        channels, height, width = artist.studio.image
        everything = torch.ones(height, width, dtype=torch.bool)
        self.unchanged(artist, lambda: list(artist.growth(works, 2, {})), "growth()")
        frames = list(artist.growth(works, 4, {3: everything}))
        assert len(frames) == 5, f"growth() of 4 steps gives {len(frames)} pictures, not 5"
        for images in frames:
            assert_pictures(images, (2, channels, height, width))
            assert not images.requires_grad, "pictures of growth carry gradients"
        assert_equal(frames[:3], list(artist.growth(works, 2, {})), "the first steps of growth() twice")
        assert frames[3].std() == 0, "where everything is erased, something is left"

    @only_of(VectorRenderer)
    def check_vector_renderer(self) -> None:
        """VectorRenderer: its drawings look like the rendered pictures; or it says why these works are no lines."""
        artist, _ = self.pair()
        assert isinstance(artist, VectorRenderer) and isinstance(artist, Renderer), "it has vector() and no render()"
        works, size = artist.exhibit(2, seed=1), 4 * artist.studio.image[1]
        try:
            drawings = artist.vector(Works(genomes=works.genomes))
        except PairError:
            return
        assert len(drawings) == 2, f"vector() of 2 works gives {len(drawings)} drawings"
        drawn = torch.from_numpy(draw_drawings(drawings, size))
        apart = (drawn - artist.render(works, size)).abs().mean()
        assert apart < 0.1, f"vector() and render() draw pictures that differ by {apart:.2f} in [-1, 1] on average"

    @only_of(Breedable)
    def check_breedable(self) -> None:
        """Breedable: breeds the picked works, and goes on if nobody is picked."""
        artist, _ = self.pair()
        assert isinstance(artist, Breedable)
        picks = artist.spec().picks
        assert picks is not None, "it has breed(), but spec().picks does not say how many"
        for picked in (range(0), range(max(1, picks[0]))):
            before = copy_state(artist.state())
            assert_metrics(artist.breed(artist.make(N, self.reals_for(artist)), list(picked)))
            assert not equal_states(before, artist.state()), f"breed() of {len(picked)} works changes nothing"
        assert_works(artist.make(N, self.reals_for(artist)), artist, None)

    @only_of(Evolving)
    def check_evolving(self) -> None:
        """Evolving: starts from individuals of others, and takes in a few in the course of a run."""
        for method in ("seed_population", "immigrate"):
            others = foreign(self.pair(seed=9)[0].exhibit(3, seed=1))
            artist, _ = self.pair()
            assert isinstance(artist, Evolving)
            getattr(artist, method)(others)
            works = artist.make(N, self.reals_for(artist))
            assert_works(works, artist, None)
            if others.genomes is not None:
                ids = {id for one in works.individuals for id in (one.id, *one.parents)}
                assert ids & {one.id for one in others.genomes}, f"{method}() took in nobody"

    @only_of(SelfEvaluating)
    def check_self_evaluating(self) -> None:
        """SelfEvaluating: has figures of real works that are finite numbers."""
        artist, _ = self.pair()
        assert isinstance(artist, SelfEvaluating)
        figures = artist.evaluate(self.reals_for(artist), draws=3)
        for name, value in figures.items():
            assert torch.tensor(float(value)).isfinite(), f"its figure {name!r} is not finite"


def foreign(works: Works) -> Works:
    """The works as another run's: each individual once, with ids that no other run gives."""
    if works.genomes is None:
        return works
    distinct = list({one.id: index for index, one in enumerate(works.genomes)}.values())
    works = works[torch.tensor(distinct)]
    return replace(works, genomes=tuple(replace(one, id=f"other/{one.id}", parents=()) for one in works.individuals))
