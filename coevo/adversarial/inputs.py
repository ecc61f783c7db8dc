"""The inputs of a critic's network: works that are augmented, blurred by noise and packed on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, field_validator
from torch import Tensor

from coevo.contract.players import Options
from coevo.errors import ConfigError
from coevo.nn.augmentation import augment, known_kinds
from coevo.studio import Studio

Inputs = tuple[Tensor, Tensor | None]  # works [N, …], and their labels [N] if the network sees labels


class InputOptions(Options):
    """Options of a critic that changes what its network sees."""

    instance_noise: float = Field(0.0, ge=0, le=10)
    """Standard deviation of Gaussian noise on the network's inputs (Sønderby 2017)."""
    instance_noise_steps: int = Field(0, ge=0)
    """Steps in which the instance noise fades to nothing; 0 keeps it."""
    augmentation: str = ""
    """Differentiable augmentation (Zhao 2020): any of colour,translation,cutout,affine,weight."""
    pack: int = Field(1, ge=1, le=64)
    """PacGAN (Lin 2018): the number of works that are judged together, as one."""

    renamed: ClassVar[Mapping[str, str]] = {
        "noise": "instance_noise",
        "noise_steps": "instance_noise_steps",
        "augment": "augmentation",
    }
    needs: ClassVar[Mapping[str, str]] = {"instance_noise_steps": "instance_noise"}

    _kinds = field_validator("augmentation")(known_kinds)


class InputPipeline:
    """Augmentation, instance noise and packing, one after another.

    Args:
        options: how much of each.
        studio: draws from its random streams "augment" and "instance noise".
    """

    def __init__(self, options: InputOptions, studio: Studio):
        self.options, self.studio = options, studio

    def __call__(self, inputs: Inputs, step: int) -> Inputs:
        """Works [N, …] as the network sees them at a step of its training."""
        x, labels = inputs
        x = augment(x, self.options.augmentation, self.studio.generator("augment"))
        x = self.studio.add_noise(x, self.noise_at(step), "instance noise")
        return self.pack((x, labels))

    def noise_at(self, step: int) -> float:
        """Standard deviation of the instance noise, which fades linearly."""
        o = self.options
        return o.instance_noise * (max(1 - step / o.instance_noise_steps, 0.0) if o.instance_noise_steps else 1.0)

    def pack(self, inputs: Inputs) -> Inputs:
        """[N, C, …] → [N / pack, pack · C, …], the works of a pack as channels of one."""
        (x, labels), pack = inputs, self.options.pack
        if pack == 1:
            return inputs
        if len(x) % pack:
            raise ConfigError(f"critic.pack={pack} does not divide {len(x)} works.")
        return x.reshape(len(x) // pack, pack * x.shape[1], *x.shape[2:]), labels

    def unpack(self, values: Tensor) -> Tensor:
        """A value for each pack → the same value for each of its works, [N]."""
        return values if self.options.pack == 1 else values.repeat_interleave(self.options.pack, 0)


def input_problems(options: InputOptions, studio: Studio, sees_labels: bool) -> list[str]:
    """Sentences about packs that do not fit the size of a batch, or a network that sees labels, and about augmentations
    that do not fit the device."""
    pack, batch, kinds = options.pack, studio.batch, options.augmentation.split(",")
    problems = {
        "critic.augmentation=affine has no deterministic gradient on CUDA; leave out affine, or run.deterministic.": (
            "affine" in kinds and studio.deterministic and studio.device.type == "cuda"
        ),
        f"critic.pack={pack} does not divide the batch of {batch}; say a --batch that it divides.": batch % pack > 0,
        "critic.pack judges several works as one, which have no one label; leave it at 1.": pack > 1 and sees_labels,
    }
    return [problem for problem, is_one in problems.items() if is_one]
