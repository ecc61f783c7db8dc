"""Crops of the photographs that scikit-image contains: real pictures without a download."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import torch
from PIL import Image

from coevo.data.datasets import DataOptions, Dataset, reads
from coevo.extras import needed

SCENES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "camera.png")
TEXTURES = ("brick.png", "grass.png", "gravel.png")
HELD_OUT = ("rocket.jpg", "hubble_deep_field.jpg", "retina.jpg", "coins.png", "moon.png")
CROPS = 100  # of every photograph
SMALLEST = 0.25  # side of a crop, relative to the shorter side of its photograph


@reads("split")
def photographs(options: DataOptions) -> Dataset:
    """Square crops of random places and sizes, the same in every run; the classes are scene and texture.

    The test split has other photographs, all of them scenes.
    """
    train = [(name, 0) for name in SCENES] + [(name, 1) for name in TEXTURES]
    test = [(name, 0) for name in HELD_OUT]
    wanted = {"train": train, "test": test, "all": train + test}[options.split]
    crops = np.concatenate([cropped(name, options.size, options.channels) for name, _ in wanted])
    labels = torch.tensor([label for _, label in wanted]).repeat_interleave(CROPS)
    return Dataset("photographs", torch.from_numpy(crops), labels, ("scene", "texture"))


def cropped(name: str, size: int, channels: int) -> np.ndarray:
    """Crops of one photograph, uint8 [CROPS, C, size, size]."""
    rng = np.random.default_rng(sum(name.encode()))
    package = needed("skimage", "photographs", "The dataset 'photographs'")
    with files(package).joinpath("data", name).open("rb") as file, Image.open(file) as picture:
        whole = picture.convert("RGB" if channels == 3 else "L")
    shorter = min(whole.size)
    crops = []
    for _ in range(CROPS):
        side = int(shorter * rng.uniform(SMALLEST, 1))
        left, top = (int(rng.integers(0, length - side + 1)) for length in whole.size)
        crop = whole.resize((size, size), Image.Resampling.LANCZOS, (left, top, left + side, top + side), 2.0)
        crops.append(np.asarray(crop).reshape(size, size, channels).transpose(2, 0, 1))
    return np.stack(crops)
