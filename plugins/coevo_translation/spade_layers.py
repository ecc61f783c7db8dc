"""The networks of GauGAN (Park, Liu, Wang & Zhu 2019, arXiv:1903.07291, appendix A)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu
from torch.nn.utils.parametrizations import spectral_norm

from coevo.nn.convolution import Halving
from coevo_translation.normalisation import InstanceNorm, normalised

START, WIDEST = 4, 8  # px of the first map; its channels, relative to those of the last


class SPADE(nn.Module):
    """Normalises maps, then scales and shifts every place by what the label map has there (eq. 1).

    Each work is normalised by itself, where the paper's batches are: a work then depends on no other.
    """

    def __init__(self, channels: int, planes: int, hidden: int):
        super().__init__()
        self.norm = InstanceNorm()
        self.shared = nn.Sequential(nn.Conv2d(planes, hidden, 3, 1, 1), nn.ReLU())
        self.scale, self.shift = (nn.Conv2d(hidden, channels, 3, 1, 1) for _ in range(2))

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        seen = self.shared(interpolate(regions, x.shape[2:], mode="nearest"))
        return self.norm(x) * (1 + self.scale(seen)) + self.shift(seen)


class SPADEBlock(nn.Module):
    """Two convolutions after SPADE, beside a shortcut (figure 12)."""

    def __init__(self, inputs: int, outputs: int, planes: int, hidden: int):
        super().__init__()
        middle = min(inputs, outputs)
        self.norms = nn.ModuleList([SPADE(width, planes, hidden) for width in (inputs, middle)])
        widths = ((inputs, middle), (middle, outputs))
        self.layers = nn.ModuleList([spectral_norm(nn.Conv2d(a, b, 3, 1, 1)) for a, b in widths])
        self.learned = inputs != outputs
        if self.learned:
            self.shortcut_norm = SPADE(inputs, planes, hidden)
            self.shortcut = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        added = self.shortcut(self.shortcut_norm(x, regions)) if self.learned else x
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = layer(leaky_relu(norm(x, regions), 0.2))
        return x + added


class SPADEGenerator(nn.Module):
    """A style z [N, latent] becomes a map of 4 × 4, which every block doubles, by the label map [N, planes, H, W]."""

    def __init__(self, latent: int, planes: int, channels: int, size: int, width: int, hidden: int):
        super().__init__()
        doublings = (size // START).bit_length() - 1
        widths = [width * min(2 ** (doublings - n), WIDEST) for n in range(doublings + 1)]
        self.start = nn.Linear(latent, widths[0] * START * START)
        pairs = zip([widths[0], *widths], widths, strict=False)
        self.blocks = nn.ModuleList([SPADEBlock(a, b, planes, hidden) for a, b in pairs])
        self.last = nn.Conv2d(widths[-1], channels, 3, 1, 1)

    def forward(self, z: Tensor, regions: Tensor) -> Tensor:
        x = self.start(z).view(len(z), -1, START, START)
        for number, block in enumerate(self.blocks):
            if number:
                x = interpolate(x, scale_factor=2, mode="nearest")
            x = block(x, regions)
        return torch.tanh(self.last(leaky_relu(x, 0.2)))


class StyleEncoder(nn.Module):
    """Pictures [N, channels, size, size] → mean and log variance of their style, [N, 2 latent] (figure 14)."""

    def __init__(self, channels: int, size: int, width: int, latent: int):
        super().__init__()
        layers, inputs = [], channels
        for number in range((size // START).bit_length() - 1):
            outputs = width * min(2**number, WIDEST)
            layers += [*normalised(Halving, inputs, outputs, "instance"), nn.LeakyReLU(0.2)]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * START * START, 2 * latent))

    def forward(self, x: Tensor) -> Tensor:
        style: Tensor = self.layers(x)
        return style
