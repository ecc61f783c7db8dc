"""A simulated person, so that sessions with a person can be measured, and every pair tested without one.

A taste is a score of pictures [N, C, H, W] in [-1, 1]: [N], float32, higher is better.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn.functional import avg_pool2d

import coevo
from coevo import Artist, ConfigError, CriticSpec, DataError, PairError, Works
from coevo.extras import needed
from coevo.images.rendering import thumbnails
from coevo.images.strokes import rgb

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Likes = Literal["symmetry", "aspect-ratio", "colour", "likeness", "class", "nothing"]
Score = Callable[[Tensor], Tensor]

REALS = 5_000  # works that the classifier learns from, at most
THUMBNAIL = 16  # px: the classifier sees no larger pictures
GREY_STEP = 1 / 127.5  # one of the 255 steps from black to white: a smaller difference is not visible
INK = 0.5  # a pixel that differs this much from the background is drawn; black differs from white by 2
BLUR = 1 / 16  # of a side: for likeness, thin lines beside each other still count


class Taste(coevo.Critic):
    """Picks by a stated taste, with some noise, in place of a person."""

    name = "taste"

    class Options(coevo.Options):
        likes: Likes = "symmetry"
        """The measure that it picks by; without one it picks at random."""
        picks: int | None = Field(None, ge=1)
        """Works that it picks of a sheet; by default as few as the artist can use."""
        noise: float = Field(0.5, ge=0, le=100)
        """Standard deviation of the noise on the scores, relative to theirs on the sheet; at 0 the best are picked."""
        ratio: float = Field(2.0, ge=0.01, le=100)
        """aspect-ratio: the wanted width of what is drawn, relative to its height."""
        colour: str = "#ff0000"
        """colour: the wanted one, as #rrggbb."""
        image: str | None = None
        """likeness: the file of the picture that the works should resemble."""
        wants: str | None = Field(None, coerce_numbers_to_str=True)  # -o critic.wants=7 comes as a number
        """class: the name of the wanted one."""
        data: str = "digits"
        """class: the labelled dataset, folder or zip from which it learns the classes."""
        dir: str | None = None
        """class: the folder of that dataset's files."""

        needs: ClassVar = {
            "ratio": "likes=aspect-ratio",
            "colour": "likes=colour",
            "image": "likes=likeness",
            "wants": "likes=class",
            "data": "likes=class",
            "dir": "likes=class",
        }

        @field_validator("colour")
        @classmethod
        def _hexadecimal(cls, text: str) -> str:
            if not re.fullmatch("#[0-9a-fA-F]{6}", text):
                raise ValueError("should be #rrggbb, as #ff8800")
            return text

    options: Options
    picked: Tensor | None = None
    _score: Score

    def spec(self) -> CriticSpec:
        return CriticSpec(rewards="picks", learns=False, batch=15)

    def check(self) -> None:
        o = self.options
        for option, likes, example in (("image", "likeness", "FILE"), ("wants", "class", "NAME")):
            if o.likes == likes and getattr(o, option) is None:
                raise ConfigError(f"Critic 'taste' likes {likes!r}; say which with -o critic.{option}={example}.")
        if o.likes == "colour" and self.studio.image[0] == 1 and len(set(rgb(o.colour).tolist())) > 1:
            raise ConfigError(
                f"Critic 'taste' likes the colour {o.colour}, and these pictures are grey; say -o data.channels=3, or "
                "a grey such as #808080."
            )

    def build(self, artist: Artist) -> None:
        least, most = artist.spec().picks or (1, 1)
        self.count = self.options.picks or max(1, least)
        if not least <= self.count <= most:
            usable = f"{least} to {most}" if most > least else f"{most}"
            raise PairError(f"Critic 'taste' should pick {self.count}, but artist {artist.name!r} can use {usable}.")
        self._score = self._make_score()

    def score(self, images: Tensor) -> Tensor:
        """Its preference for each picture, without noise: [N, C, H, W] in [-1, 1] → [N] float32."""
        return self._score(images.detach()).float()

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        scores = self.score(works.pixels)
        noise = self.studio.noise(len(scores), 1, "taste")[:, 0]
        scores = scores + self.options.noise * scores.std(correction=0) * noise
        generator = self.studio.generator("taste")
        order = torch.randperm(len(scores), generator=generator, device=scores.device)  # equals have equal chances
        best = order[scores[order].argsort(descending=True, stable=True)][: self.count]
        self.picked = torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
        self.picked[best] = True
        return self.picked.float()

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """The works that were picked last, if these are the same."""
        if self.picked is None or len(self.picked) != len(works):
            return torch.zeros(len(works), dtype=torch.bool, device=self.studio.device)
        return self.picked

    def _make_score(self) -> Score:
        o, image, device = self.options, self.studio.image, self.studio.device
        match o.likes:
            case "symmetry":
                return symmetry
            case "aspect-ratio":
                return partial(aspect_ratio, ratio=o.ratio)
            case "colour":
                return partial(colour, wanted=torch.from_numpy(rgb(o.colour)[: image[0]]).to(device))
            case "likeness":
                return partial(likeness, wanted=read_picture(Path(o.image or ""), image).to(device))
            case "class":
                return class_probability(o.wants or "", o.data, o.dir, image)
            case "nothing":
                return lambda images: images.new_zeros(len(images))


# the tastes


def symmetry(images: Tensor) -> Tensor:
    """Correlation of each picture with its mirror image, left to right: 1 is symmetric, -1 its own negative.

    A blank picture gets 0, as one that has nothing in common with its mirror image; or else blank would be best.
    """
    return correlation(images, images.flip(-1))


def aspect_ratio(images: Tensor, ratio: float) -> Tensor:
    """-|ln(found / ratio)|, where found is width / height of the box around all that is drawn; 0 is best.

    A pixel is drawn if it differs from the background, the median tone along the border. A blank picture is worse than
    any drawing.
    """
    border = torch.cat([images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]], dim=2)
    background = border.median(dim=2).values[..., None, None]
    drawn = ((images - background).abs() > INK).any(1)
    width, height = extent(drawn.any(1)), extent(drawn.any(2))
    score = -(width / height / ratio).log().abs()
    worst = -abs(math.log(ratio)) - math.log(max(images.shape[-2:])) - 1
    return torch.where(width > 0, score, worst)


def colour(images: Tensor, wanted: Tensor) -> Tensor:
    """-RMS difference of all pixels and channels from the wanted colour [C]; 0 is best, -1 is black for white."""
    return -(images - wanted[:, None, None]).square().flatten(1).mean(1).sqrt() / 2


def likeness(images: Tensor, wanted: Tensor) -> Tensor:
    """Correlation with the wanted picture [C, H, W], both blurred.

    1 is the same picture up to brightness and contrast, -1 its negative; a blank picture gets 0.
    """
    return correlation(blurred(images), blurred(wanted[None]))


def class_probability(wants: str, data: str, dir: str | None, image: tuple[int, int, int]) -> Score:
    """The probability of the wanted class, by a classifier that learns from up to 5,000 real works.

    Raises:
        DataError: the dataset has no labels, or too few works.
        ConfigError: no class has that name.
    """
    from coevo.data.datasets import DataOptions, load_dataset, to_float
    from coevo.data.loaders import loaders

    channels, size, _ = image
    options = DataOptions.model_validate({"name": data, "dir": dir, "size": size, "channels": channels})
    dataset = load_dataset(options, loaders())
    if dataset.labels is None:
        raise DataError(f"Critic 'taste' wants the class {wants!r}, but dataset {data!r} has no labels.")
    if wants not in dataset.classes:
        classes = ", ".join(dataset.classes)
        raise ConfigError(f"Critic 'taste' wants the class {wants!r}, but dataset {data!r} has only: {classes}.")
    generator = torch.Generator().manual_seed(0)  # a taste is the same in every run, whatever its seed
    chosen = torch.randperm(len(dataset), generator=generator)[:REALS]
    classifier = fit_classifier(to_float(dataset.images[chosen]), dataset.labels[chosen])
    known = classifier.classes_.tolist()
    if (number := dataset.classes.index(wants)) not in known:
        raise DataError(f"Critic 'taste' wants the class {wants!r}, of which dataset {data!r} has too few works.")
    column = known.index(number)

    def share(images: Tensor) -> Tensor:
        shares = torch.from_numpy(classifier.predict_proba(features(images.cpu()))[:, column])
        return shares.float().to(images.device)

    return share


# what they are made of


def correlation(ones: Tensor, others: Tensor) -> Tensor:
    """Pearson's r [N] of pictures [N, C, H, W] and [N or 1, C, H, W] over pixels, each channel about its own mean."""
    a, b = (x - x.mean((2, 3), keepdim=True) for x in (ones, others))
    power = (a.square().flatten(1).mean(1) + GREY_STEP**2) * (b.square().flatten(1).mean(1) + GREY_STEP**2)
    return (a * b).flatten(1).mean(1) / power.sqrt()


def blurred(images: Tensor) -> Tensor:
    """[N, C, H, W], each pixel the mean of those around it, twice."""
    radius = int(images.shape[-1] * BLUR / 2)
    for _ in range(2):
        images = avg_pool2d(images, 2 * radius + 1, stride=1, padding=radius, count_include_pad=False)
    return images


def extent(drawn: Tensor) -> Tensor:
    """Length from the first true value to the last, [N, L] bool → [N]; 0 if there is none."""
    places = torch.arange(drawn.shape[1], device=drawn.device)
    first = torch.where(drawn, places, drawn.shape[1]).amin(1)
    last = torch.where(drawn, places, -1).amax(1)
    return (last - first + 1).clamp(min=0)


def read_picture(path: Path, image: tuple[int, int, int]) -> Tensor:
    """A picture's file → [C, H, W] in [-1, 1]. Raises DataError if it cannot be read, or has one tone only."""
    from coevo.data.datasets import to_float
    from coevo.data.readers import BROKEN, read_image

    channels, size, _ = image
    try:
        pixels = read_image(path.read_bytes(), size, 3 if channels == 3 else 1)
    except BROKEN as error:
        raise DataError(f"The picture {path} that critic 'taste' likes cannot be read: {error}.") from error
    wanted = to_float(torch.tensor(pixels))
    if wanted.std((1, 2)).max() < GREY_STEP:
        raise DataError(f"The picture {path} that critic 'taste' likes has only one tone: nothing can resemble it.")
    return wanted


# the classifier


def fit_classifier(reals: Tensor, labels: Tensor) -> Pipeline:
    """A support vector machine on thumbnails; Platt's sigmoid on folds gives probabilities.

    Raises:
        DataError: a class has fewer than three works to learn from.
    """
    needed("sklearn", "classifiers", "Critic 'taste'")
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if labels.unique().numel() < 2 or int(labels.unique(return_counts=True)[1].min()) < 3:
        raise DataError("Critic 'taste' needs two classes or more, and three real works or more of each.")
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    svm = CalibratedClassifierCV(SVC(C=10, gamma="scale"), method="sigmoid", cv=folds, ensemble=False)
    return make_pipeline(StandardScaler(with_std=False), svm).fit(features(reals), labels.numpy())


def features(images: Tensor) -> Any:
    """Pictures as the classifier sees them: numpy [N, C·h·w], h ≤ 16."""
    return thumbnails(images, min(THUMBNAIL, images.shape[-1])).numpy()
