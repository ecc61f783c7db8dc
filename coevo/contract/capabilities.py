"""What a player may be able to do beside the required methods. It only has to have the methods: no class to inherit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from coevo.contract.drawings import Drawing, Shader
from coevo.contract.players import Artist, Metrics
from coevo.contract.works import Works


@runtime_checkable
class Encoder(Protocol):
    """An artist that finds codes of pictures."""

    def encode(self, works: Works) -> Tensor:
        """Codes float32 [N, D] of works with images [N, C, H, W]; no gradients; changes nothing."""


@runtime_checkable
class DifferentiableEncoder(Protocol):
    """An artist whose latents can be differentiated."""

    def latents(self, images: Tensor) -> Tensor:
        """Latents [N, D] of images [N, C, H, W] in [-1, 1], with gradients to the images."""


@runtime_checkable
class Decoder(Protocol):
    """An artist that makes works of codes."""

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        """N finished works of codes [N, D], of labels [N] int64 if given: no gradients; changes nothing."""


@runtime_checkable
class DifferentiableDecoder(Protocol):
    """A decoder whose pictures can be differentiated."""

    def pictures(self, codes: Tensor) -> Tensor:
        """Pictures [N, C, H, W] in [-1, 1] of up to 250 codes [N, D], with gradients to the codes; changes nothing."""


@runtime_checkable
class DecoderUser(Protocol):
    """An artist that plays in the code space of a trained one, which stays as it is: that of the run that --from names.

    Its option `decoder`, a dict with the name and the options of that artist, is set by the run, and its state has a
    part of that name.
    """

    def trained(self) -> Artist | None:
        """The artist that the option names, in the same studio; None if it names none."""


@runtime_checkable
class Reconstructor(Protocol):
    """An artist whose reconstructions are more than decode(encode(works))."""

    def reconstruct(self, works: Works) -> Works:
        """The N works as their codes decode to; no gradients; changes nothing."""


@runtime_checkable
class Translator(Protocol):
    """An artist that makes works of what it is given."""

    def translate(self, given: Tensor, seed: int) -> Works:
        """N finished works of given [N, planes, H, W]: no gradients; changes nothing; same seed, same works."""


@runtime_checkable
class BackTranslator(Protocol):
    """A translator that also makes what it could have been given, of pictures."""

    def translate_back(self, images: Tensor, seed: int) -> Works:
        """N works of the domain that others are made from, of pictures [N, C, H, W]; as `translate`."""


@runtime_checkable
class Styled(Protocol):
    """A translator whose works have a style, beside what they are made from."""

    def styles(self, n: int, seed: int) -> Tensor:
        """n random styles [n, D]; same seed, same styles."""

    def style_of(self, images: Tensor) -> Tensor:
        """Styles [N, D] of pictures [N, C, H, W]; no gradients; changes nothing."""

    def in_styles(self, given: Tensor, styles: Tensor) -> Works:
        """N finished works of given [N, planes, H, W] in styles [N, D]; as `translate`."""


@runtime_checkable
class Renderer(Protocol):
    """An artist that draws its works at any size, from their genomes or codes."""

    def render(self, works: Works, size: int) -> Tensor:
        """Pictures [N, C, size, size] px in [-1, 1] of N works that may hold no more than genomes or codes."""


@runtime_checkable
class StripRenderer(Protocol):
    """An artist that draws a picture of any size in bounded memory."""

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        """The picture of the first work from top to bottom, [C, rows, size] px in [-1, 1] at a time."""


@runtime_checkable
class VectorRenderer(Protocol):
    """An artist whose works are lines, and can be saved as SVG."""

    def vector(self, works: Works) -> Sequence[Drawing]:
        """Drawings of N works that may hold no more than genomes; they look like `render()`'s pictures. Raises
        PairError, in a sentence that names the option, if works with these options are no lines."""


@runtime_checkable
class ShaderRenderer(Protocol):
    """An artist whose works are programs that a browser's GPU draws."""

    def shader(self, works: Works) -> Shader:
        """The first work, which may hold no more than a genome; it looks like `render()`'s picture. Raises ConfigError,
        in a sentence, if it has no shader."""


@runtime_checkable
class Programmed(Protocol):
    """An artist whose works are programs, and can be written as source."""

    def source(self, works: Works, language: str) -> str:
        """The first of the works, which may hold no more than its genome, as "formula", "python" or "glsl"."""


@runtime_checkable
class Growing(Protocol):
    """An artist whose works grow step by step, and may heal."""

    def growth(self, works: Works, steps: int, damage: Mapping[int, Tensor]) -> Iterator[Tensor]:
        """Pictures [N, C, H, W] in [-1, 1] of N works at the start and after each step, grown anew from their codes or
        genomes; changes nothing. At the steps in `damage`, pixels bool [H, W] are erased before the picture."""


@runtime_checkable
class Breedable(Protocol):
    """An artist whose individuals a person can pick. `ArtistSpec.picks` says how many at once."""

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        """Replace the population by offspring of the picked works (indices); of nobody: roll again. Returns figures."""


@runtime_checkable
class Evolving(Protocol):
    """An artist that takes in individuals of others: from another run, from a picture, from a society."""

    def seed_population(self, works: Works) -> None:
        """Start from others' genomes or codes, as many as there is room for. Raises PairError if it can use neither."""

    def immigrate(self, works: Works) -> None:
        """Take in a few individuals beside its own, in the course of a run. Raises as `seed_population` does."""


@runtime_checkable
class Divisible(Protocol):
    """A player that learns by `minimise` from means over works, so that processes can have parts of every batch."""

    def check_divided(self) -> None:
        """Raise ConfigError, with the reason, if it looks at batches as a whole with these options."""


@runtime_checkable
class SelfEvaluating(Protocol):
    """A player with figures of quality of its own, for `coevo evaluate`."""

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float | str]:
        """Figures by name, on N real works, and what they were measured with; an estimate may take this many draws
        (samples)."""


class Layer(NamedTuple):
    """A layer that learnt on its own, with sigmoid units: up by σ(Wx + b), down by Wᵀh + c."""

    weight: Tensor  # W, [outputs, inputs]
    bias: Tensor  # b, [outputs]
    back: Tensor  # c, [inputs]


@runtime_checkable
class LayerSource(Protocol):
    """An artist whose layers other networks can start from (--from)."""

    def pretrained_layers(self) -> Sequence[Layer]:
        """Its layers, from the pixels in [0, 1] upwards. Raises PairError if its options leave it with none."""


@runtime_checkable
class Interactive(Protocol):
    """A critic that asks a person, through a user interface that the run gives it."""

    ui: Any
    """A `coevo.interactive.ui.UI`, by which the person is asked; None until a run is started with one."""
    user: str
    """The person's name, as the lineage shows it."""

    def attach_session(self, session: Any) -> None:
        """Called once, before the first sheet: through its `coevo.interactive.session.Session` a person looks back."""


def user_of(critic: Any) -> str:
    """The name under which the lineage shows a critic's picks."""
    return critic.user if isinstance(critic, Interactive) else critic.name
