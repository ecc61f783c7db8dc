"""Works, what an Artist makes and a Critic judges, and the layout of the latent codes that some of them carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from coevo.errors import PairError


@dataclass(frozen=True, slots=True)
class Genome:
    """One individual: its genotype as text, its id, and the ids of its parents."""

    id: str
    parents: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Works:
    """N works: an Artist's, or real ones from a dataset.

    Every field may be None. `pixels`, `latents`, `classes`, `individuals` and `conditions` are fields for players that
    cannot do without: they raise PairError instead of giving None.

    Example:
        >>> import torch
        >>> works = Works(images=torch.zeros(8, 1, 32, 32))
        >>> len(works), tuple(works[:3].pixels.shape)
        (8, (3, 1, 32, 32))
    """

    images: Tensor | None = None  # [N, C, H, W] float32 in [-1, 1]
    codes: Tensor | None = None  # [N, D] float32: latent codes
    labels: Tensor | None = None  # [N] int64, -1 = unlabelled
    genomes: tuple[Genome, ...] | None = None
    ctx: Any = None  # whatever the Artist saves in make() for learn(), in the same turn
    labelled: Works | None = None  # real works with labels, beside real works whose labels are hidden
    given: Tensor | None = None  # [N, planes, H, W] float32 in [-1, 1]: what they were made from, see Studio.planes

    @property
    def pixels(self) -> Tensor:
        """The images [N, C, H, W]. Raises PairError if there are none."""
        return self._required("images")

    @property
    def latents(self) -> Tensor:
        """The latent codes [N, D]. Raises PairError if there are none."""
        return self._required("codes")

    @property
    def classes(self) -> Tensor:
        """The labels [N]. Raises PairError if there are none."""
        return self._required("labels")

    @property
    def individuals(self) -> tuple[Genome, ...]:
        """The genomes, N of them. Raises PairError if there are none."""
        return tuple(self._required("genomes"))

    @property
    def conditions(self) -> Tensor:
        """What the works were made from [N, planes, H, W]. Raises PairError if nothing was given."""
        return self._required("given")

    def _required(self, field: str) -> Any:
        if (value := getattr(self, field)) is None:
            names = ("images", "codes", "labels", "genomes", "given")
            there = [name for name in names if getattr(self, name) is not None]
            raise PairError(f"These works have no {field}; they have {', '.join(there) or 'nothing'}.")
        return value

    def __len__(self) -> int:
        parts = (self.images, self.codes, self.labels, self.genomes, self.given)
        return next((len(part) for part in parts if part is not None), 0)

    def detach(self) -> Works:
        """The same works without gradients and without ctx; genomes stay."""
        tensors = (self.images, self.codes, self.given)
        images, codes, given = (None if part is None else part.detach() for part in tensors)
        return replace(self, images=images, codes=codes, given=given, ctx=None)

    def __getitem__(self, which: slice | Tensor) -> Works:
        """Some of the works, by a slice or by an int64 tensor of indices; without ctx."""
        chosen = range(len(self))[which] if isinstance(which, slice) else which.tolist()
        tensors = (self.images, self.codes, self.labels, self.given)
        images, codes, labels, given = (None if part is None else part[which] for part in tensors)
        genomes = None if self.genomes is None else tuple(self.genomes[i] for i in chosen)
        return Works(images, codes, labels, genomes, given=given)

    def __repr__(self) -> str:
        tensors = {"images": self.images, "codes": self.codes, "labels": self.labels, "given": self.given}
        parts = [f"{name} {list(part.shape)}" for name, part in tensors.items() if part is not None]
        genomes = [f"{len(self.genomes)} genomes"] if self.genomes else []
        return f"<Works: {', '.join([*parts, *genomes]) or 'nothing'}>"

    def _repr_png_(self) -> bytes | None:
        """A contact sheet, for notebooks."""
        return None if self.images is None or draw_sheet is None else draw_sheet(self.images)


draw_sheet: Callable[[Tensor], bytes] | None = None  # coevo.images.sheets sets it: the contract draws nothing itself


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One block of a latent code, and the prior that it should follow.

    Args:
        name: its name, as in `coevo traverse --code NAME`.
        size: its number of dimensions.
        prior: a prior's name; `coevo plugins` lists them.
        role: "latent", "label" (one-hot classes of the dataset) or "cluster" (one-hot, found without labels).
        conditioning: the block is given from outside, not inferred, so that no critic judges it.
    """

    name: str
    size: int
    prior: str = "gaussian"
    role: Literal["latent", "label", "cluster"] = "latent"
    conditioning: bool = False


@dataclass(frozen=True, slots=True)
class CodeLayout:
    """The blocks of a latent code, in the order of their columns; empty for an artist without a code.

    Example:
        >>> layout = CodeLayout((CodeBlock("z", 8), CodeBlock("class", 10, "categorical", "label")))
        >>> layout.size, layout.slices["class"]
        (18, slice(8, 18, None))
    """

    blocks: tuple[CodeBlock, ...] = ()

    def __iter__(self) -> Iterator[CodeBlock]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def size(self) -> int:
        """Dimensions of the whole code, D."""
        return sum(block.size for block in self.blocks)

    @property
    def slices(self) -> dict[str, slice]:
        """The columns of each block, by its name."""
        ends = accumulate(block.size for block in self.blocks)
        return {block.name: slice(end - block.size, end) for block, end in zip(self.blocks, ends, strict=True)}

    @property
    def label(self) -> slice | None:
        """The columns of the block whose role is "label", if there is one."""
        return next((self.slices[block.name] for block in self.blocks if block.role == "label"), None)

    def split(self, codes: Tensor) -> dict[str, Tensor]:
        """Codes [N, D] by block: {name: [N, size]}."""
        return {name: codes[:, columns] for name, columns in self.slices.items()}

    def with_labels(self, codes: Tensor, labels: Tensor) -> Tensor:
        """The codes [N, D] with these labels [N], one-hot, in their label block."""
        columns = self.label
        if columns is None:
            blocks = ", ".join(block.name for block in self.blocks)
            raise PairError(f"The code has no block of labels; its blocks are {blocks}.")
        block = one_hot(labels.to(codes.device), columns.stop - columns.start).to(codes)
        return torch.cat([codes[:, : columns.start], block, codes[:, columns.stop :]], 1)


NO_CODE = CodeLayout()
