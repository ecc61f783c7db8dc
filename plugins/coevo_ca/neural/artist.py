"""The artist: pictures that grow from one cell, towards a picture or to please a critic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn.functional import pad

from coevo import ArtistSpec, CodeBlock, CodeLayout, ConfigError, Metrics, Works
from coevo.errors import unknown
from coevo.latent_models.decoder import DecoderArtist
from coevo.latent_models.priors import draw
from coevo.nn.adam import Adam, AdamOptions
from coevo.nn.ema import EMA
from coevo_ca.growth import hashed
from coevo_ca.neural.automaton import Automaton
from coevo_ca.neural.pictures import EMBLEMS, emblem, over, read_picture
from coevo_ca.neural.pool import Pool, damage

SIDES = (16, 64)  # px
TINY = 1e-8


@dataclass(frozen=True)
class Grown:
    """What `learn` needs of the works that `make` grew."""

    cells: Tensor
    codes: Tensor
    places: Tensor | None
    """Their places in the pool, if there is one."""


class NCA(DecoderArtist):
    """Grows pictures by a rule that all cells share and that learns by gradient.

    With a target, a work grows from one cell, which carries the number of the picture. Without one, every cell begins
    with a code z, and works please a critic.

    Reference:
        Mordvintsev, Randazzo, Niklasson & Levin 2020, Growing neural cellular automata, doi:10.23915/distill.00023;
        cells that carry a code: Palm et al. 2022, Variational neural cellular automata, arXiv:2201.12360.
    """

    name = "nca"
    extra_state: ClassVar[tuple[str, ...]] = ("targets",)

    class Options(AdamOptions):
        target: str = "none"
        """The picture to grow towards: flower, fish, butterfly or a file such as x.png; several with commas between;
        none leaves it to the critic."""
        mode: Literal["growing", "persistent", "regenerating"] = "growing"
        """Learn to grow from a seed; to persist, from a pool of grown works; or to regenerate works of it that are
        damaged."""
        pool: int = Field(256, ge=2, le=100_000)
        """Works in the pool; 1,024 in the paper."""
        latent: int = Field(16, ge=1, le=1024)
        """Size of the code z with which cells begin."""
        channels: int = Field(16, ge=3, le=128)
        """Channels of a cell: colours, alpha and hidden ones."""
        hidden: int = Field(128, ge=1, le=2048)
        """Units of the hidden layer of the rule."""
        min_steps: int = Field(64, ge=1, le=1000)
        """The fewest steps that works grow before they are learnt from."""
        max_steps: int = Field(96, ge=1, le=1000)
        """The most steps, and those of works that are exhibited."""
        fire_rate: float = Field(0.5, gt=0, le=1)
        """Probability that a cell changes in a step."""
        padding: int = Field(4, ge=0, le=64)
        """Cells around the picture on each side, into which it may grow."""
        background: Literal["black", "white"] = "black"
        """What is seen where cells are transparent."""
        overflow: float = Field(10.0, ge=0)
        """Weight of the distance of cells from [-1, 1], which keeps them within (Niklasson 2021)."""
        normalise: bool = True
        """Divide the gradient of each parameter by its norm, as one through a hundred steps may be huge."""
        learning_rate: float = Field(2e-3, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.9, ge=0, lt=1)
        """Adam's β1."""
        ema: float = Field(0.0, ge=0, lt=1)
        """Decay of the averaged rule that is exhibited; 0 exhibits the rule itself."""

        needs: ClassVar[Mapping[str, str]] = {
            "latent": "target=none",
            "overflow": "target=none",
            "pool": "mode=persistent or mode=regenerating",
        }

        @model_validator(mode="after")
        def _fits(self) -> NCA.Options:
            if self.min_steps > self.max_steps:
                raise ConfigError(f"artist.min_steps={self.min_steps} is more than artist.max_steps={self.max_steps}.")
            names = self.target.split(",")
            known = EMBLEMS if len(names) > 1 else {"none", *EMBLEMS}
            if wrong := [name for name in names if name not in known and "." not in name]:
                raise ConfigError(unknown("emblem", wrong[0], known) + " A file has an ending, such as x.png.")
            return self

    options: Options
    targets: Tensor
    """The pictures to grow towards, [K, colours + 1, H, W] in [0, 1]; empty at first, and without a target."""

    def spec(self) -> ArtistSpec:
        if self.options.target == "none":
            return ArtistSpec(code=CodeLayout((CodeBlock("z", self.options.latent),)), gradients=True)
        blocks = CodeBlock("picture", len(self.names), "categorical"), CodeBlock("firing", 1, "uniform")
        return ArtistSpec(code=CodeLayout(blocks), gradients=True, critic="optional")

    def check(self) -> None:
        colours, height, width = self.studio.image
        if height != width or not SIDES[0] <= height <= SIDES[1]:
            raise ConfigError(
                f"Artist 'nca' grows square pictures of {SIDES[0]} to {SIDES[1]} px, not {height} × {width}; choose "
                "another data.size."
            )
        if self.options.channels < colours + 2:
            raise ConfigError(
                f"artist.channels={self.options.channels} leaves no hidden channel beside {colours} of colour and "
                f"alpha; it should be {colours + 2} or more."
            )
        if self.options.mode != "growing" and self.options.pool < self.studio.batch:
            raise ConfigError(
                f"artist.pool={self.options.pool} holds fewer works than a batch, {self.studio.batch}; choose a larger "
                "pool, or a smaller run.batch."
            )

    def build(self) -> None:
        o, (colours, side, _) = self.options, self.studio.image
        mortal = o.target != "none"
        automaton = Automaton(self.carried, colours, o.channels, o.hidden, side + 2 * o.padding, mortal)
        if mortal:
            automaton.carry_signs()
        self.automaton = automaton.to(self.studio.device)  # autocast and compilation do not reach its own gradients
        self.ema = EMA(self.automaton, o.ema)
        self.optimiser = Adam(self.automaton.parameters(), o)
        self.targets = torch.empty(0, device=self.studio.device)
        if o.mode != "growing":
            codes = self._codes(o.pool)
            self.pool = Pool(self._seeds(codes).detach(), codes)

    @property
    def carried(self) -> int:
        """Dimensions of the code that seeds carry, its first ones: z, or the number of the picture. How cells fire in a
        work, the rest, is not known to them."""
        return self.code.blocks[0].size

    @property
    def names(self) -> list[str]:
        """The names of the targets."""
        return self.options.target.split(",")

    # growing

    def make(self, n: int, reals: Works | None) -> Works:
        if self.options.target != "none" and not len(self.targets):
            self.targets = self._targets()
        cells, codes, places = self._beginnings(n)
        cells = self.automaton(cells, self._fires(n))
        return Works(self._shown(cells), codes, ctx=Grown(cells, codes, places))

    def _targets(self) -> Tensor:
        """The pictures to grow towards; files are read when a run begins, and are in its state from then on."""
        colours, side, _ = self.studio.image
        pictures = [
            emblem(name, side, colours) if name in EMBLEMS else read_picture(Path(name), side, colours, self.background)
            for name in self.names
        ]
        return torch.stack(pictures).to(self.studio.device)

    def _beginnings(self, n: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """States [n, S, S, C] to grow from, their codes, and their places in the pool: seeds, or works of the pool. The
        worst of those begin again as seeds, and the best are damaged."""
        if self.options.mode == "growing":
            codes = self._codes(n)
            return self._seeds(codes), codes, None
        generator = self.studio.generator("pool")
        places = self.pool.sample(n, generator)
        cells, codes = self.pool.cells[places], self.pool.codes[places]
        fresh, damaged = max(1, n // 8), 3 * n // 8  # one and three of eight works, as in the paper
        codes[:fresh] = self._codes(fresh)
        if self.options.mode == "regenerating" and damaged:
            cells[-damaged:] *= ~damage(damaged, self.automaton.side, generator)[..., None]
        return torch.cat([self._seeds(codes[:fresh]), cells[fresh:]]), codes, places

    def _codes(self, n: int) -> Tensor:
        return draw(self.code.blocks, n, self.studio.generator("noise"))

    def _seeds(self, codes: Tensor, automaton: Automaton | None = None) -> Tensor:
        return (automaton or self.automaton).seeds(codes[:, : self.carried])

    def _fires(self, n: int) -> Tensor:
        """Which cells fire, bool [T, n, S, S], for a random number of steps T."""
        o, generator, side = self.options, self.studio.generator("fires"), self.automaton.side
        steps = torch.randint(o.min_steps, o.max_steps + 1, (), generator=generator, device=generator.device)
        return torch.rand(int(steps), n, side, side, generator=generator, device=generator.device) < o.fire_rate

    def _shown(self, cells: Tensor) -> Tensor:
        """The pictures of cells [N, S, S, C], without what grew around them: [N, colours, H, W] in [-1, 1].

        Gradients pass where pixels are cut off, or else those that are too dark would stay so.
        """
        shown = over(self._middle(cells), self.studio.image[0], self.background)
        return shown.clamp(-1, 1).detach() + (shown - shown.detach())

    def _middle(self, cells: Tensor) -> Tensor:
        edge, side = self.options.padding, self.automaton.side
        return cells[:, edge : side - edge, edge : side - edge]

    @property
    def background(self) -> float:
        """What is seen where cells are transparent: 0 is black, 1 white."""
        return float(self.options.background == "white")

    # learning

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        grown: Grown = works.ctx
        losses, figures = self._losses(grown)
        losses = losses - rewards
        self.optimiser.zero_grad()
        losses.mean().backward()
        if self.options.normalise:
            for parameter in self.automaton.parameters():
                if parameter.grad is not None:
                    parameter.grad /= parameter.grad.norm() + TINY
        self.optimiser.step()
        self.ema.update()
        cells = grown.cells.detach()
        if grown.places is not None:
            self.pool.put(grown.places, cells, grown.codes, losses.detach())
        return {"loss": losses.detach().mean(), **figures}

    def _losses(self, grown: Grown) -> tuple[Tensor, dict[str, Tensor]]:
        """Losses [N] beside the rewards, and figures of them.

        With a target, the squared error of colours and alpha in all cells; `error` is that of the cells of the picture.
        Without one, how far cells leave [-1, 1].
        """
        cells = grown.cells
        if self.options.target == "none":
            beyond = (cells - cells.clamp(-1, 1)).abs().sum(3).mean((1, 2))
            return self.options.overflow * beyond, {"overflow": beyond.detach().mean()}
        wanted = self.targets[grown.codes[:, : self.carried].argmax(1)].permute(0, 2, 3, 1)
        visible = cells[..., : wanted.shape[-1]]
        error = (self._middle(visible) - wanted).square().mean()
        edge = self.options.padding
        losses = (visible - pad(wanted, (0, 0, edge, edge, edge, edge))).square().mean((1, 2, 3))
        return losses, {"error": error.detach(), "living": self.automaton.living(cells.detach())}

    # exhibiting

    def pictures(self, codes: Tensor) -> Tensor:
        automaton, steps = self.ema.average, range(self.options.max_steps)
        fires = torch.cat([self._firing(codes, step) for step in steps])
        return self._shown(automaton(self._seeds(codes, automaton), fires))

    @torch.no_grad()
    def growth(self, works: Works, steps: int, damage: Mapping[int, Tensor]) -> Iterator[Tensor]:
        codes, automaton, edge = works.latents.to(self.studio.device), self.ema.average, self.options.padding
        cells = self._seeds(codes, automaton)
        for step in range(steps + 1):
            if step:
                cells = automaton(cells, self._firing(codes, step - 1))
            if step in damage:
                erased = pad(damage[step].to(cells.device), (edge, edge, edge, edge))
                cells = cells * ~erased[..., None]
            yield self._shown(cells)

    def _firing(self, codes: Tensor, step: int) -> Tensor:
        """Which cells of works with codes [N, D] fire in a step, bool [1, N, S, S]; it depends on the part of the code
        that seeds do not carry. If they carry all of it, cells of all works fire alike, bool [1, 1, S, S]."""
        side, keys = self.automaton.side, np.zeros((1, 1), np.uint32)
        if self.carried < codes.shape[1]:
            keys = codes[:, self.carried :].detach().cpu().numpy().view(np.uint32)
        cells = np.arange(step * side**2, (step + 1) * side**2, dtype=np.uint64)
        fires = hashed(cells + keys * np.uint64(2**32)) < self.options.fire_rate
        return torch.from_numpy(fires).view(1, -1, side, side).to(codes.device)
