"""Walks in a trained artist's code space, up the gradient of a critic (Nguyen et al. 2016, arXiv:1612.00005)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import torch
from pydantic import Field, ValidationError, field_validator
from torch import Tensor

import coevo
from coevo import Artist, ArtistSpec, ConfigError, Metrics, Works
from coevo.contract.capabilities import Decoder, DifferentiableDecoder, Encoder
from coevo.contract.players import State
from coevo.contract.works import NO_CODE
from coevo.errors import DataError, PairError, unknown
from coevo.latent_models.decoder import AT_ONCE, DecoderArtist
from coevo.latent_models.priors import draw, prior_of
from coevo.plugin.registry import registry
from coevo_ppgn.inpainting import context, read_hole, read_picture

NOT_YET = -1.0  # the confidence of a work that no walker has reached


class PPGN(Artist):
    """Walks in the code space of a trained artist towards what a critic rewards.

    A walker is a code h, and a turn is a step of all walkers (section 2, eq. 5, for codes):

        h ← clip(h + s·(ε1·(R(h) - h) + ε2·∂log C(y|G(h))/∂h + ε4·∂log p(known|G(h))/∂h + N(0, ε3²)))

    G is the decoder of the trained artist, and log C(y|x) the critic's reward of a work of class y. R(h) encodes what h
    decodes to, so that R(h) - h points to where codes are more probable (a denoising autoencoder's does, Alain & Bengio
    2014); where the artist cannot encode, it is the gradient of the prior's log density. Each walker goes from class to
    class, and the last work of it that was confident enough is exhibited.
    """

    name = "ppgn"

    class Options(coevo.Options):
        decoder: dict[str, Any] = Field(default_factory=dict)
        """The trained artist and its options; --from RUN says which."""
        classes: str = ""
        """Names of the classes that walkers go to, one after another: 3,5,8; by default all. Walkers start at different
        ones."""
        steps: int = Field(100, ge=1, le=1_000_000)
        """Steps towards a class, before the next one follows."""
        epsilon1: float = Field(0.05, ge=0, le=100)
        """ε1, the pull towards probable codes."""
        epsilon1_to: float = Field(0.0, ge=0, le=100)
        """If set, every walker draws its ε1 between epsilon1 and this, anew at every reset."""
        epsilon2: float = Field(0.1, ge=0, le=1000)
        """ε2, the pull of the critic."""
        epsilon3: float = Field(0.1, ge=0, le=10)
        """ε3, the standard deviation of noise."""
        epsilon4: float = Field(0.01, ge=0, le=1000)
        """ε4, the pull of the known pixels of the picture."""
        prior: Literal["auto", "reconstruction", "density"] = "auto"
        """How codes become more probable: by R(h) - h, or by the gradient of the prior's log density; auto takes the
        first if the artist encodes."""
        normalise: bool = False
        """Divide each walker's step by its mean absolute value, as the authors' code does."""
        step: float = Field(1.0, gt=0, le=1000)
        """s, the length of a step at the beginning of a class."""
        step_to: float | None = Field(None, ge=0, le=1000)
        """s at the end of it; by default the same."""
        clip_to: float = Field(0.999, gt=0, le=1)
        """Share of the prior, in every dimension, that codes are clipped to; a Gaussian's is not clipped by 1."""
        reset_every: int = Field(0, ge=0, le=1_000_000)
        """Steps after which walkers start anew from the prior; 0: never."""
        threshold: float = Field(0.9, ge=0, le=1)
        """Confidence, e to the power of the reward, from which a work is kept to be exhibited."""
        image: str = ""
        """A picture, of which the pixels stay that the mask does not cover: inpainting."""
        mask: str = ""
        """A picture that is white where pixels are to be found."""

        needs: ClassVar[Mapping[str, str]] = {"epsilon1_to": "reset_every", "epsilon4": "image"}

        @field_validator("decoder")
        @classmethod
        def _is_an_artist(cls, value: dict[str, Any]) -> dict[str, Any]:
            if value:
                options_of(value)
            return value

        @field_validator("classes", mode="before")
        @classmethod
        def _names(cls, value: Any) -> Any:
            return ",".join(map(str, value if isinstance(value, list) else [value]))

        @field_validator("image", "mask")
        @classmethod
        def _whole_path(cls, value: str) -> str:
            return str(Path(value).absolute()) if value else ""

    options: Options
    constant_state: ClassVar[tuple[str, ...]] = ("decoder",)
    extra_state: ClassVar[tuple[str, ...]] = (
        *("taken", "codes", "epsilon1", "kept", "kept_labels", "kept_confidence", "known", "hole"),
    )

    # what it is

    @classmethod
    def upgrade(cls, options: dict[str, Any]) -> dict[str, Any]:
        new = super().upgrade(options)
        its = dict(new.get("decoder", {}))
        name = str(its.pop("name", ""))
        if name and registry().has("artist", name):
            new["decoder"] = {"name": name, **registry().load("artist", name).upgrade(its)}
        return new

    @cached_property
    def decoder(self) -> Artist | None:
        """The trained artist; None until --from says which."""
        if not self.options.decoder:
            return None
        kind, options = options_of(self.options.decoder)
        return kind(options, self.studio)

    def trained(self) -> Artist | None:
        return self.decoder

    def spec(self) -> ArtistSpec:
        code = NO_CODE if self.decoder is None else self.decoder.code
        return ArtistSpec(code=code, population=True, gradients=True, labels="optional")

    def check(self) -> None:
        o, its = self.options, self.decoder
        if its is None:
            raise PairError(
                f"Artist {self.name!r} plays in the code space of a trained artist; name its run with --from RUN."
            )
        if not (isinstance(its, DifferentiableDecoder) and isinstance(its, Decoder) and its.code):
            raise PairError(
                f"Artist {its.name!r} decodes no codes by gradients, so {self.name!r} cannot walk in its code space; "
                "name a run of an autoencoder or a generator, such as vae, aae or dcgan."
            )
        its.check()
        if o.prior == "reconstruction" and not isinstance(its, Encoder):
            raise ConfigError(f"artist.prior=reconstruction needs an encoder, and artist {its.name!r} has none.")
        if self.studio.classes:
            self._targets()
        if bool(o.image) != bool(o.mask):
            raise ConfigError(
                "artist.image and artist.mask go together: name the picture, and what of it is to be found."
            )
        if o.image and self.studio.folder is None:  # a run that goes on has what it read
            read_picture(o.image, "artist.image", self.studio)
            read_hole(o.mask, "artist.mask", self.studio)

    def build(self) -> None:
        its, device = self._decoder, self.studio.device
        if next(its.parameters(), None) is None:
            its.build()
        code, classes = its.code, len(self.studio.classes)
        self.targets = self._targets().to(device)
        fixed = [block.prior == "categorical" for block in code for _ in range(block.size)]
        self.walks = ~torch.tensor(fixed, device=device)
        self.priors = {block.name: prior_of(block, classes) for block in code if block.prior != "categorical"}
        self.low, self.high = self._bounds()
        self.known = self.hole = None
        if self.options.image and Path(self.options.image).is_file() and Path(self.options.mask).is_file():
            with suppress(ConfigError, DataError):  # changed since the run began, which has them in its state
                self.known = read_picture(self.options.image, "artist.image", self.studio).to(device)
                self.hole = read_hole(self.options.mask, "artist.mask", self.studio).to(device)
        self.taken = 0
        self.codes, self.epsilon1 = self._start(), self._pulls()
        n = len(self.codes)
        self.kept, self.kept_confidence = self.codes, torch.full((n,), NOT_YET, device=device)
        self.kept_labels = torch.full((n,), -1, device=device)
        self._drawn: Works | None = None
        self._pictures: Callable[[Tensor], Tensor] | None = None  # of the decoder as it is exhibited

    # where walkers are

    @property
    def labels(self) -> Tensor | None:
        """The class [N] that each walker goes to now; None if the data has no classes."""
        if not len(self.targets):
            return None
        leg, walkers = self.taken // self.options.steps, self.studio.batch
        return self.targets[(torch.arange(walkers, device=self.studio.device) + leg) % len(self.targets)]

    def make(self, n: int, reals: Works | None) -> Works:
        if torch.is_grad_enabled():
            return self._works(self.codes.clone().requires_grad_(), self.labels)
        if self._drawn is None:
            self._drawn = self._works(self.codes, self.labels)
        return self._drawn

    @torch.no_grad()
    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        """The last confident work of each walker, or where it is if there is none yet."""
        there, now = self.kept_confidence > NOT_YET, self.labels
        codes = torch.where(there[:, None], self.kept, self.codes)
        found = None if now is None else torch.where(there, self.kept_labels, now)
        order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed)).to(codes.device)
        if labels is None or found is None:
            which = order[torch.arange(n, device=codes.device) % len(order)]
        else:
            which = self._walkers_of(labels.to(codes.device), found, order)
        return replace(self._works(codes[which], None if found is None else found[which]), ctx=None)

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return cast(Decoder, self._decoder).decode(codes, labels)

    # a step

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        o, h = self.options, works.latents.detach()
        with torch.no_grad():
            self._keep(h, rewards)
            moved = self._slope(works, rewards)
            if o.epsilon1 or o.epsilon1_to:
                moved = moved + self.epsilon1[:, None] * self._towards_the_prior(h, works)
            if o.epsilon3:
                moved = moved + o.epsilon3 * self.studio.noise(len(h), h.shape[1], "walk")
            moved = torch.where(self.walks, moved, 0.0)
            if o.normalise:
                moved = moved / (moved.abs().sum(1, keepdim=True) / self.walks.sum()).clamp_min(1e-12)
            self.codes = (h + self._step_size * moved).clamp(self.low, self.high)
            confident = confidence(rewards)
            figures = {
                "confidence": confident.mean(),
                "confirmed": (confident >= o.threshold).float().mean(),
                "moved": (self.codes - h).abs().mean(),
            }
            self._next()
        return figures

    def _slope(self, works: Works, rewards: Tensor) -> Tensor:
        """ε2·∂log C(y|G(h))/∂h, and with it the pull of the known pixels."""
        o, h = self.options, works.latents
        with torch.enable_grad():
            aim = o.epsilon2 * rewards.sum()
            if self.known is not None and self.hole is not None:
                aim = aim + o.epsilon4 * context(works.ctx, self.known, self.hole).sum()
        (slope,) = torch.autograd.grad(aim, h, allow_unused=True) if aim.requires_grad else (None,)
        return torch.zeros_like(h) if slope is None else slope

    def _towards_the_prior(self, h: Tensor, works: Works) -> Tensor:
        its = self._decoder
        if isinstance(its, Encoder) and self.options.prior != "density":
            return its.encode(Works(works.pixels.detach(), labels=works.labels)) - h
        with torch.enable_grad():
            h = h.detach().requires_grad_()
            parts = its.code.split(h)
            density = sum((prior.log_density(parts[name]).sum() for name, prior in self.priors.items()), h.sum() * 0)
            (slope,) = torch.autograd.grad(density, h)
        return slope

    @property
    def _step_size(self) -> float:
        o = self.options
        if o.step_to is None:
            return o.step
        return o.step + (o.step_to - o.step) * (self.taken % o.steps) / max(1, o.steps - 1)

    def _keep(self, h: Tensor, rewards: Tensor) -> None:
        """Keep the works that are confident enough, in the place of the last ones."""
        confident, labels = confidence(rewards), self.labels
        good = confident >= self.options.threshold
        self.kept = torch.where(good[:, None], h, self.kept)
        self.kept_confidence = torch.where(good, confident, self.kept_confidence)
        if labels is not None:
            self.kept_labels = torch.where(good, labels, self.kept_labels)

    def _next(self) -> None:
        """Count the step, and begin anew or with another class where it is time."""
        o = self.options
        self.taken += 1
        self._drawn = None
        if o.reset_every and self.taken % o.reset_every == 0:
            self.codes, self.epsilon1 = self._start(), self._pulls()
        elif self.taken % o.steps == 0:
            self.codes = self._labelled(self.codes, self.labels)

    # beginnings

    def _targets(self) -> Tensor:
        """The indices of the classes that walkers go to. Raises ConfigError if there is none of a name."""
        there, names = self.studio.classes, [name.strip() for name in self.options.classes.split(",") if name.strip()]
        if names and not there:
            raise ConfigError(f"artist.classes={self.options.classes} needs a critic that reads labelled works.")
        mistakes = [f"artist.classes: {unknown('class', name, there)}" for name in names if name not in there]
        if mistakes:
            raise ConfigError(mistakes)
        return torch.tensor([there.index(name) for name in names] if names else list(range(len(there))))

    def _start(self) -> Tensor:
        """Codes from the prior, of each walker's class if they have one."""
        labels, generator = self.labels, self.studio.generator("walk")
        codes = draw(self.code.blocks, self.studio.batch, generator, labels, len(self.studio.classes))
        return self._labelled(codes, labels)

    def _pulls(self) -> Tensor:
        """Each walker's ε1, [N]."""
        o, n = self.options, self.studio.batch
        drawn = torch.rand(n, generator=self.studio.generator("walk"), device=self.studio.device)
        return o.epsilon1 + (o.epsilon1_to - o.epsilon1 if o.epsilon1_to else 0.0) * drawn

    def _labelled(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """The codes with the walkers' classes, if they have a block for it."""
        return codes if labels is None or self.code.label is None else self.code.with_labels(codes, labels)

    def _bounds(self) -> tuple[Tensor, Tensor]:
        """The lowest and the highest value of every dimension, [D] each; infinite where nothing walks."""
        share = self.options.clip_to
        ends = torch.tensor([(1 - share) / 2, (1 + share) / 2])
        bounds = torch.full((2, self.code.size), torch.inf)
        bounds[0] = -torch.inf
        for name, prior in self.priors.items():
            bounds[:, self.code.slices[name]] = prior.quantile(ends)[:, None]
        low, high = bounds.to(self.studio.device)
        return low, high

    def _walkers_of(self, labels: Tensor, found: Tensor, order: Tensor) -> Tensor:
        """A walker of each label, in a random order and again from the first where there are fewer."""
        which = torch.zeros_like(labels)
        for label in labels.unique().tolist():
            places, walkers = labels == label, order[found[order] == label]
            if not len(walkers):
                name = self.studio.classes[label]
                raise ConfigError(f"No walker of artist {self.name!r} has reached class {name!r}; let it walk on.")
            which[places] = walkers[torch.arange(int(places.sum()), device=which.device) % len(walkers)]
        return which

    def _works(self, codes: Tensor, labels: Tensor | None) -> Works:
        """What codes decode to, with the given pixels where there are any; ctx is what was decoded."""
        if self._pictures is None:
            its = self._decoder
            plain = cast(DifferentiableDecoder, its).pictures
            decode = its.exhibited_decoder() if isinstance(its, DecoderArtist) else plain
            self._pictures = lambda codes: decode(codes)  # no network of this artist's own, which its state would have
        decoded = torch.cat([self._pictures(some) for some in codes.split(AT_ONCE)])
        if self.options.image and self.known is None:
            raise ConfigError(
                f"artist.image: there is no picture {self.options.image}, or no mask {self.options.mask}."
            )
        if self.hole is None or self.known is None:
            return Works(decoded, codes, labels, ctx=decoded)
        images = torch.where(self.hole, decoded, self.known)
        return Works(images, codes, labels, ctx=decoded)

    @property
    def _decoder(self) -> Artist:
        if self.decoder is None:
            raise PairError(f"Artist {self.name!r} has no decoder; name the run of one with --from.")
        return self.decoder

    # its state

    def state(self) -> State:
        return {"decoder": self._decoder.state(), **super().state()}

    def restore(self, state: State) -> None:
        if "decoder" in state:
            self._decoder.restore(state["decoder"])
        super().restore({name: part for name, part in state.items() if name != "decoder"})
        self._drawn = self._pictures = None


def confidence(rewards: Tensor) -> Tensor:
    """The probabilities [N] whose logarithms rewards are; of other rewards at most 1."""
    return rewards.detach().clamp_max(0).exp()


def options_of(decoder: Mapping[str, Any]) -> tuple[type[Artist], Any]:
    """The class and the options of an artist that is named with its options. Raises ConfigError if there is none."""
    given = dict(decoder)
    kind: type[Artist] = registry().load("artist", str(given.pop("name", "")))
    try:
        return kind, kind.Options.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"decoder.{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
