"""How well a network that learnt from real pairs finds the regions of a label map in made pictures (the FCN score)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo import Works
from coevo.evaluation.evaluator import weights_of
from coevo.evaluation.kept import Kept
from coevo.nn.adam import Adam, AdamOptions, minimise
from coevo_translation.unet import UNet

VERSION = 1  # of the network and of how it is trained; a new one is another segmenter
WIDTH, STEPS, BATCH = 8, 400, 16
FIGURES = ("pixel_accuracy", "class_accuracy", "iou")


def region_figures(made: Tensor, pairs: Works) -> Mapping[str, float | str]:
    """Accuracy of pixels, mean accuracy of regions and mean intersection over union, and the same of real pictures.

    A U-Net learns the regions of real pictures from the first half of the pairs, and finds them in the second half,
    made and real. It is trained once and kept in the cache, and `segmenter` is its name.

    Args:
        made: pictures [N, C, H, W] made from the label maps of the pairs.
        pairs: real works with their label maps, N of them.

    Reference:
        Isola et al. (2017), §4.1.1, after Long et al. (2015), Fully convolutional networks.
    """
    half = len(pairs) // 2
    known, others = pairs[:half], pairs[half:]
    count = pairs.conditions.shape[1]
    network = segmenter(known.pixels.cpu(), known.conditions.argmax(1).cpu(), count)
    target = others.conditions.argmax(1).cpu()
    figures: dict[str, float | str] = {"segmenter": f"U-Net {VERSION} on {half:,} pairs, {weights_of(network)}"}
    for images, ending in ((made[half:], ""), (others.pixels, "_of_reals")):
        found = torch.cat([network(some).argmax(1) for some in images.cpu().split(BATCH)])
        table = confusion(found, target, count)
        figures |= {name + ending: value for name, value in zip(FIGURES, scores(table), strict=True)}
    return figures


def segmenter(images: Tensor, regions: Tensor, count: int) -> nn.Module:
    """A small U-Net that has learnt the regions [N, H, W] of pictures [N, C, H, W]; the same for the same pairs."""
    with torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(VERSION)
        network = UNet(images.shape[1], count, images.shape[2], WIDTH, dropout=0, bounded=False)

        def trained() -> Mapping[str, Tensor]:
            optimiser = Adam(network.parameters(), AdamOptions(learning_rate=2e-3))
            for _ in range(min(STEPS, len(images))):
                some = torch.randint(len(images), (BATCH,))
                minimise(optimiser, cross_entropy(network(images[some]), regions[some]))
            return network.state_dict()

        pairs = hashlib.sha256(images.numpy().tobytes() + regions.byte().numpy().tobytes()).hexdigest()
        about = f"{UNet.__name__} {VERSION} {WIDTH} {STEPS} {BATCH} {count} {tuple(images.shape)} {pairs}"
        network.load_state_dict(Kept().get("regions", about, trained))
    return network.eval().requires_grad_(False)


def confusion(found: Tensor, target: Tensor, regions: int) -> Tensor:
    """Number of pixels [regions, regions] by the region that they have and the one that was found."""
    return torch.bincount((target * regions + found).flatten(), minlength=regions**2).view(regions, regions).double()


def scores(table: Tensor) -> tuple[float, float, float]:
    """Accuracy of pixels, mean accuracy and mean intersection over union of the regions that there are."""
    right, there, found = table.diag(), table.sum(1), table.sum(0)
    some = there > 0
    accuracy, union = right[some] / there[some], (there + found - right)[some]
    return (right.sum() / table.sum()).item(), accuracy.mean().item(), (right[some] / union).mean().item()
