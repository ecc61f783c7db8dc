"""The rules of an artist, tried beside a critic that suits it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from coevo.contract.capabilities import (
    Breedable,
    Decoder,
    DecoderUser,
    DifferentiableDecoder,
    DifferentiableEncoder,
    Encoder,
    Evolving,
    Growing,
    LayerSource,
    Reconstructor,
    Renderer,
    SelfEvaluating,
    ShaderRenderer,
    StripRenderer,
    VectorRenderer,
)
from coevo.contract.players import Artist, Critic
from coevo.contract.works import Genome, Works
from coevo.errors import CoevoError, ConfigError, PairError
from coevo.images.strokes import draw_drawings
from coevo.latent_models.priors import prior_of
from coevo.loop import check_pair
from coevo.plugin.registry import registry
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.bench import (
    M,
    N,
    PlayerBench,
    expect_equal,
    expect_metrics,
    expect_pictures,
    expect_works,
    parts,
)
from coevo.testing.rules import about, expect, only_of
from coevo.testing.standins import TargetCritic

ODD = 5  # works, where a run makes N
SAME = 2 / 255  # a difference of pixels that nobody sees
NONSENSE = ("", "\x00", "no genome (", '{"no": "genome"}', "[" * 4000, "[[1e999, null]]")


class ArtistBench(PlayerBench):
    """Tries an artist: the required methods, then each capability that it has. One that plays in another's code space
    gets the first installed one that has a code space, if the options name none."""

    def __init__(self, subject: Any, options: dict[str, Any]):
        super().__init__(subject, options)
        if callable(getattr(subject, "trained", None)) and "decoder" in subject.Options.model_fields:
            self.given.setdefault("decoder", {"name": some_decoder()})

    def pair(self, seed: int = 7, **studio: Any) -> tuple[Artist, Critic]:
        room = self.studio(seed, **studio)
        room.reseed()
        artist: Artist = self.player(self.player.Options(**self.given), room)  # type: ignore[assignment]
        spec = artist.spec()
        options = TargetCritic.Options(
            judges="images" if spec.images else "codes",
            rewards="scores" if spec.scores or not spec.picks else "picks",
            picks=max(1, spec.picks[0]) if spec.picks else 1,
        )
        critic = TargetCritic(options, room)
        check_pair(artist, critic)
        artist.build()
        return artist, critic

    def exercise(self) -> None:
        artist, critic = self.pair()
        self.turn(artist, critic)
        reals, works = self.reals(artist.studio), artist.exhibit(2, seed=1)
        if isinstance(artist, Encoder):
            artist.encode(reals)
        if isinstance(artist, Decoder) and works.codes is not None:
            artist.decode(works.codes)
        if isinstance(artist, Reconstructor):
            artist.reconstruct(reals)
        if isinstance(artist, Renderer):
            artist.render(bare(works), artist.studio.image[1])
        if isinstance(artist, StripRenderer):
            list(artist.render_strips(works, artist.studio.image[1]))
        if isinstance(artist, Growing):
            list(artist.growth(works, 1, {}))
        if isinstance(artist, LayerSource):
            with suppress(PairError):
                artist.pretrained_layers()
        if isinstance(artist, SelfEvaluating):
            artist.evaluate(reals, draws=1)
        artist.state()

    # the required methods

    @about("make")
    def check_make(self) -> None:
        """makes works of the declared shape, float32, finite, in [-1, 1].

        Return Works(images=…) of [n, *studio.image]; a last tanh keeps pixels in range.
        """
        artist, _ = self.pair()
        works = artist.make(N, self.reals(artist.studio))
        of_reals = isinstance(artist, Encoder) and len(works) == M
        expect_works(works, artist, None if artist.spec().population or of_reals else N)

    @about("make", "exhibit", "learn")
    def check_batches(self) -> None:
        """makes, learns from and exhibits any number of works, such as 1 and 5.

        Take the number from `n` or from `len(works)`; nothing is as large as the run's batch for certain.
        """
        artist, critic = self.pair()
        for n in (1, ODD):
            expect_works(artist.exhibit(n, seed=1), artist, n)
        self.turn(artist, critic, ODD)
        works = artist.make(ODD, self.reals(artist.studio))
        expect_works(works, artist, None if artist.spec().population or isinstance(artist, Encoder) else ODD)

    @about("make")
    def check_population(self) -> None:
        """makes the same works until it learns, if its spec says population.

        Keep the population as it is in make(), or leave `population` out of the spec.
        """
        artist, _ = self.pair()
        if artist.spec().population:
            reals = self.reals(artist.studio)
            expect_equal(parts(artist.make(N, reals)), parts(artist.make(N, reals)), "works made twice")

    @about("learn")
    def check_learn(self) -> None:
        """learns: a turn changes its state.

        Take a step in learn(); what it changes must be a module, an optimiser, or named in `extra_state`.
        """
        artist, critic = self.pair()
        before = copy_state(artist.state())
        self.turn(artist, critic)
        expect(not equal_states(before, artist.state()), "its state is the same before and after learn()")

    @about("make")
    def check_gradients(self) -> None:
        """makes works that carry gradients, if its spec says gradients.

        Make works without `torch.no_grad` and `detach`, or leave `gradients` out of the spec.
        """
        artist, _ = self.pair()
        if artist.spec().gradients:
            works = artist.make(N, self.reals(artist.studio))
            carriers = [part for part in (works.images, works.codes) if part is not None]
            carried = any(part.requires_grad for part in carriers)
            expect(carried, "spec().gradients is set, but its works carry none")

    @about("exhibit")
    def check_exhibit(self) -> None:
        """exhibits finished works without gradients, changes nothing, and obeys the seed.

        Draw from `torch.Generator().manual_seed(seed)` in exhibit(), and return `works.detach()`.
        """
        artist, critic = self.pair()
        self.turn(artist, critic)
        self.unchanged(artist, lambda: artist.exhibit(N, seed=1), "exhibit()")
        works = artist.exhibit(N, seed=1)
        expect_works(works, artist, N)
        for part in (works.images, works.codes):
            expect(part is None or not part.requires_grad, "exhibited works carry gradients")
        expect_equal(parts(works), parts(artist.exhibit(N, seed=1)), "works exhibited twice with the same seed")
        if not artist.spec().population:
            again = parts(artist.exhibit(N, seed=2))
            expect(not equal_states(parts(works), again), "another seed exhibits the same works")

    @about("exhibit")
    def check_labels(self) -> None:
        """exhibits works of the labels that it is given, if it uses labels.

        Give the labels to the network or to the block of labels, and return them with the works.
        """
        artist, _ = self.pair()
        labels = torch.arange(N) % 2
        works = artist.exhibit(N, seed=1, labels=labels.to(artist.studio.device))
        expect_works(works, artist, N)
        if artist.spec().labels == "required" or artist.code.label is not None:
            came = "none" if works.labels is None else str(works.labels.tolist())
            same = works.labels is not None and torch.equal(works.labels.cpu(), labels)
            expect(same, f"works of labels {labels.tolist()} have the labels {came}")

    @about("spec")
    def check_code(self) -> None:
        """declares blocks of its code whose priors exist, under names of their own.

        Give every CodeBlock another name, and a prior that `coevo plugins` lists.
        """
        artist, _ = self.pair()
        for block in artist.code:
            prior_of(block)
        names = [block.name for block in artist.code]
        expect(len(set(names)) == len(names), "two blocks of its code have the same name")

    # capabilities

    @only_of(Encoder)
    def check_encoder(self) -> None:
        """encodes pictures to codes of the declared size, and changes nothing.

        Return codes [N, code.size] under `torch.no_grad`, with networks in inference mode.
        """
        artist, _ = self.pair()
        works = artist.exhibit(N, seed=1) if artist.spec().images else self.reals(artist.studio)[:N]
        if isinstance(artist, Encoder):
            encoder = artist
            before = copy_state(parts(works))
            self.unchanged(artist, lambda: encoder.encode(works), "encode()")
            expect_equal(before, parts(works), "works before and after encode()")
            codes, shape = encoder.encode(works), (N, artist.code.size)
            expect(codes.shape == shape, f"encode() gives {tuple(codes.shape)}, and the code's layout has {shape}")
            expect(not codes.requires_grad, "encoded codes carry gradients")

    @only_of(DifferentiableEncoder)
    def check_differentiable_encoder(self) -> None:
        """has latents that carry gradients to the pictures; computing them changes nothing.

        Compute latents() without `torch.no_grad` and `detach`, with networks in inference mode.
        """
        artist, _ = self.pair()
        if isinstance(artist, DifferentiableEncoder):
            encoder, images = artist, self.reals(artist.studio)[:N].pixels.requires_grad_()
            self.unchanged(artist, lambda: encoder.latents(images), "latents()")
            latents = encoder.latents(images)
            expect(latents.ndim == 2 and len(latents) == N, f"latents() of {N} pictures gives {tuple(latents.shape)}")
            expect(latents.requires_grad, "latents carry no gradients")
            (slope,) = torch.autograd.grad(latents.sum(), images, allow_unused=True)
            reached = slope is not None and slope.abs().sum() > 0
            expect(reached, "the gradients of latents do not reach the pictures")

    @only_of(Decoder)
    def check_decoder(self) -> None:
        """decodes codes to finished works, and changes nothing.

        Return Works of pictures and codes under `torch.no_grad`, with networks in inference mode.
        """
        artist, _ = self.pair()
        expect(artist.code, "it has decode(), but its spec declares no code")
        if isinstance(artist, Decoder):
            decoder = artist
            codes = torch.randn(N, artist.code.size, generator=torch.Generator().manual_seed(1))
            before = codes.clone()
            self.unchanged(artist, lambda: decoder.decode(codes), "decode()")
            expect_equal(before, codes, "codes before and after decode()")
            for n in (1, N):
                works = decoder.decode(codes[:n])
                expect_works(works, artist, n)
                expect(works.images is None or not works.images.requires_grad, "decoded works carry gradients")

    @only_of(DifferentiableDecoder)
    def check_differentiable_decoder(self) -> None:
        """has pictures that carry gradients to the codes; computing them changes nothing.

        Compute pictures() without `torch.no_grad` and `detach`, with networks in inference mode.
        """
        artist, _ = self.pair()
        if isinstance(artist, DifferentiableDecoder) and artist.code:
            decoder, codes = artist, torch.randn(N, artist.code.size, generator=torch.Generator().manual_seed(1))
            codes = codes.to(artist.studio.device).requires_grad_()
            self.unchanged(artist, lambda: decoder.pictures(codes), "pictures()")
            pictures = decoder.pictures(codes)
            expect_pictures(pictures, (N, *artist.studio.image))
            expect(pictures.requires_grad, "pictures of codes carry no gradients")
            (slope,) = torch.autograd.grad(pictures.sum(), codes, allow_unused=True)
            expect(slope is not None, "the gradients of pictures do not reach the codes")

    @only_of(DecoderUser)
    def check_decoder_user(self) -> None:
        """leaves the trained artist as it is, and keeps it in its state.

        Make the artist that the option `decoder` names, build it once, and never give it to an optimiser.
        """
        artist, critic = self.pair()
        its = artist.trained() if isinstance(artist, DecoderUser) else None
        if its is None:
            expect(False, "trained() gives no artist, though the option `decoder` names one")
            return
        before = copy_state(its.state())
        expect("decoder" in artist.state(), "its state has no part `decoder`")
        self.turn(artist, critic)
        artist.exhibit(N, seed=1)
        artist.build()
        expect_equal(before, its.state(), "the trained artist's states before and after a turn and a restart")

    @only_of(Reconstructor)
    def check_reconstructor(self) -> None:
        """gives every real work back, and changes nothing.

        Return as many works as came, under `torch.no_grad`, with networks in inference mode.
        """
        artist, _ = self.pair()
        if isinstance(artist, Reconstructor):
            reconstructor, reals = artist, self.reals(artist.studio)
            before = copy_state(parts(reals))
            self.unchanged(artist, lambda: reconstructor.reconstruct(reals), "reconstruct()")
            expect_equal(before, parts(reals), "real works before and after reconstruct()")
            came = len(reconstructor.reconstruct(reals))
            expect(came == M, f"{M} works have {came} reconstructions")

    @only_of(Renderer)
    def check_renderer(self) -> None:
        """draws its works at any size, odd ones too, from genomes and codes alone; changes nothing.

        Draw from `works.individuals` or `works.latents`, never from `works.images`, and take the size from `size`.
        """
        artist, _ = self.pair()
        if isinstance(artist, Renderer):
            renderer, works = artist, bare(artist.exhibit(2, seed=1))
            channels, height, _ = artist.studio.image
            self.unchanged(artist, lambda: renderer.render(works, height), "render()")
            for size, n in ((height, 2), (2 * height, 2), (height + 5, 1)):
                images = renderer.render(works[:n], size)
                expect_pictures(images, (n, channels, size, size))
                expect(not images.requires_grad, "rendered pictures carry gradients")

    @only_of(Renderer)
    def check_genomes(self) -> None:
        """draws of a genome's text, or of a code, the picture that it showed.

        Write all that the picture depends on into the text, without loss (`repr` of a float, not `%.3f`).
        """
        artist, critic = self.pair()
        self.turn(artist, critic)
        works = artist.exhibit(3, seed=1)
        if isinstance(artist, Renderer) and works.images is not None:
            self._redraws(artist, works, "render() draws another picture than make() did")
            other = self.pair(seed=9)[0]
            if works.codes is None and isinstance(other, Renderer):  # codes mean something to one network only
                self._redraws(other, works, "another run draws another picture of the same text")

    def _redraws(self, artist: Renderer, works: Works, otherwise: str) -> None:
        images = artist.render(bare(works), works.pixels.shape[-1])
        off = float((images.to(works.pixels) - works.pixels).abs().max())
        expect(off <= SAME, f"{otherwise}: a pixel differs by {off:.2g}")

    @only_of(StripRenderer)
    def check_strip_renderer(self) -> None:
        """gives strips that are, one below another, the rendered picture.

        Yield [C, rows, size] from top to bottom, the last with the rows that remain.
        """
        artist, _ = self.pair()
        expect(isinstance(artist, Renderer), "it has render_strips() and no render()")
        if isinstance(artist, StripRenderer) and isinstance(artist, Renderer):
            works, height = artist.exhibit(1, seed=1), artist.studio.image[1]
            for size in (2 * height, height + 5, 300):
                strips = torch.cat(list(artist.render_strips(bare(works), size)), 1)
                whole = artist.render(bare(works), size)[0]
                came, wanted = tuple(strips.shape), tuple(whole.shape)
                expect(came == wanted, f"strips make a picture of {came}, not {wanted}")
                alike = torch.allclose(strips, whole, atol=1e-4)
                expect(alike, "render_strips() and render() draw different pictures")

    @only_of(VectorRenderer)
    def check_vector_renderer(self) -> None:
        """gives drawings that look like the rendered pictures, or says why works are no lines.

        Draw from `works.individuals` with the same lines as render(), and raise PairError if works are no lines.
        """
        artist, _ = self.pair()
        expect(isinstance(artist, Renderer), "it has vector() and no render()")
        if isinstance(artist, VectorRenderer) and isinstance(artist, Renderer):
            renderer, works, size = artist, bare(artist.exhibit(2, seed=1)), 4 * artist.studio.image[1]
            try:
                self.unchanged(artist, lambda: renderer.vector(works), "vector()")
            except PairError:
                return
            drawings = renderer.vector(works)
            expect(len(drawings) == 2, f"vector() of 2 works gives {len(drawings)} drawings")
            drawn = torch.from_numpy(draw_drawings(drawings, size))
            apart = (drawn - artist.render(works, size)).abs().mean()
            expect(apart < 0.1, f"vector() and render() draw pictures that differ by {apart:.2f} in [-1, 1] on average")

    @only_of(ShaderRenderer)
    def check_shader_renderer(self) -> None:
        """gives shaders of nodes that read earlier ones, and constants that exist.

        Build it by coevo.shader.glsl.shader_of from the parts of the genome in `works.individuals`.
        """
        artist, _ = self.pair()
        expect(isinstance(artist, Renderer), "it has shader() and no render()")
        if isinstance(artist, ShaderRenderer):
            renderer, works = artist, bare(artist.exhibit(2, seed=1))
            self.unchanged(artist, lambda: renderer.shader(works), "shader()")
            shader = renderer.shader(works)
            for source in (shader.picture, shader.parts):
                expect("void main()" in source, "its source has no void main()")
            for i, node in enumerate(shader.nodes):
                expect(all(0 <= read < i for read in node.reads), f"node {i} reads {node.reads}, not earlier nodes")
                known = all(0 <= constant < len(shader.constants) for constant in node.constants)
                expect(known, f"node {i} has the constants {node.constants} of {len(shader.constants)}")

    @only_of(Growing)
    def check_growing(self) -> None:
        """shows every step of its works, and damage in the step in which it is done.

        Yield the seed first and then a picture of each step; erase what is damaged before the step is shown.
        """
        artist, _ = self.pair()
        if isinstance(artist, Growing):
            grower, works = artist, artist.exhibit(2, seed=1)
            channels, height, width = artist.studio.image
            everything = torch.ones(height, width, dtype=torch.bool)
            self.unchanged(artist, lambda: list(grower.growth(works, 2, {})), "growth()")
            frames = list(grower.growth(works, 4, {3: everything}))
            expect(len(frames) == 5, f"growth() of 4 steps gives {len(frames)} pictures, not 5")
            for images in frames:
                expect_pictures(images, (2, channels, height, width))
                expect(not images.requires_grad, "pictures of growth carry gradients")
            expect_equal(frames[:3], list(grower.growth(works, 2, {})), "the first steps of growth() twice")
            expect(frames[3].std() == 0, "where everything is erased, something is left")

    @only_of(LayerSource)
    def check_layer_source(self) -> None:
        """gives layers that fit on each other, from the pixels upwards, or says why it has none; changes nothing.

        Return coevo.contract.capabilities.Layer(weight, bias, back) of detached tensors, or raise PairError.
        """
        artist, _ = self.pair()
        if isinstance(artist, LayerSource):
            source, inputs = artist, torch.Size(artist.studio.image).numel()
            try:
                self.unchanged(artist, lambda: source.pretrained_layers(), "pretrained_layers()")
            except PairError:
                return
            for number, layer in enumerate(source.pretrained_layers(), 1):
                came = [tuple(part.shape) for part in layer]
                outputs = len(layer.weight)
                wanted = [(outputs, inputs), (outputs,), (inputs,)]
                expect(came == wanted, f"layer {number} has the shapes {came}, and what is below it asks for {wanted}")
                expect(not any(part.requires_grad for part in layer), f"layer {number} carries gradients")
                inputs = outputs

    @only_of(Breedable)
    def check_breedable(self) -> None:
        """breeds the picked works, and goes on if nobody is picked.

        Replace the population by offspring of the picked; of nobody: by others than there were.
        """
        artist, _ = self.pair()
        if isinstance(artist, Breedable):
            for picked in (range(0), range(self._fewest(artist))):
                before = copy_state(artist.state())
                expect_metrics(artist.breed(artist.make(N, self.reals(artist.studio)), list(picked)))
                changed = not equal_states(before, artist.state())
                expect(changed, f"breed() of {len(picked)} works changes nothing")
            expect_works(artist.make(N, self.reals(artist.studio)), artist, None)

    @only_of(Breedable)
    def check_offspring(self) -> None:
        """has offspring that differ from their parents.

        Look whether mutation is applied to a copy that is then thrown away, or has a rate of 0 by default.
        """
        artist, _ = self.pair()
        if isinstance(artist, Breedable):
            before = works = artist.make(N, self.reals(artist.studio)).detach()
            artist.breed(works, list(range(self._fewest(artist))))
            after = artist.make(N, self.reals(artist.studio)).detach()
            new = traits(after) - traits(before)
            expect(new, "every work after breed() is a copy of one before")

    def _fewest(self, artist: Artist) -> int:
        picks = artist.spec().picks
        expect(picks is not None, "it has breed(), but spec().picks does not say how many")
        return max(1, picks[0]) if picks else 1

    @only_of(Evolving)
    def check_evolving(self) -> None:
        """starts from individuals of others, and takes in a few in the course of a run.

        Take the genomes or codes of the works, and name the ids that they came with as parents.
        """
        for method in ("seed_population", "immigrate"):
            others = foreign(self.pair(seed=9)[0].exhibit(3, seed=1))
            artist, _ = self.pair()
            getattr(artist, method)(others)
            works = artist.make(N, self.reals(artist.studio))
            expect_works(works, artist, None)
            if others.genomes is not None:
                ids = {id for one in works.individuals for id in (one.id, *one.parents)}
                expect(ids & {one.id for one in others.genomes}, f"{method}() took in nobody")

    @only_of(Evolving)
    def check_nonsense(self) -> None:
        """refuses texts that are no genomes, in a sentence.

        Raise DataError for whatever is not a genome: texts come from others, so read them strictly and with limits.
        """
        artist, _ = self.pair()
        if isinstance(artist, Evolving):
            for text in NONSENSE:
                try:
                    artist.seed_population(Works(genomes=(Genome("other/1", (), text),)))
                except CoevoError:
                    continue
                except Exception as error:
                    error.add_note(f"with the text {text[:20]!r}")
                    raise
                expect(False, f"seed_population() takes the text {text[:20]!r} for a genome")

    @only_of(SelfEvaluating)
    def check_self_evaluating(self) -> None:
        """has figures of real works that are finite numbers.

        Return a dict of numbers, and of texts that say what they were measured with; leave out a figure that cannot be
        computed.
        """
        artist, _ = self.pair()
        if isinstance(artist, SelfEvaluating):
            figures = artist.evaluate(self.reals(artist.studio), draws=3)
            for name, value in figures.items():
                finite = isinstance(value, str) or torch.tensor(float(value)).isfinite()
                expect(finite, f"its figure {name!r} is not finite")


def some_decoder() -> str:
    """The name of the first installed artist that decodes codes with gradients."""
    for name in registry().offers("artist"):
        with suppress(ConfigError):  # one that cannot be loaded
            player = registry().load("artist", name)
            if callable(getattr(player, "pictures", None)) and not callable(getattr(player, "trained", None)):
                return name
    raise ConfigError("No artist is installed in whose code space another could play.")


def bare(works: Works) -> Works:
    """What is kept of works: no pictures."""
    return Works(codes=works.codes, labels=works.labels, genomes=works.genomes)


def traits(works: Works) -> set[Any]:
    """What an individual passes on: its text, or else its code or its picture."""
    if works.genomes is not None:
        return {one.text for one in works.genomes}
    part: Tensor = works.pixels if works.codes is None else works.codes
    return {tuple(one) for one in part.flatten(1).tolist()}


def foreign(works: Works) -> Works:
    """The works as another run's: each individual once, with ids that no other run gives."""
    if works.genomes is None:
        return works
    distinct = list({one.id: index for index, one in enumerate(works.genomes)}.values())
    works = works[torch.tensor(distinct)]
    return replace(works, genomes=tuple(replace(one, id=f"other/{one.id}", parents=()) for one in works.individuals))
