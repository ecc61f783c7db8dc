"""Convolutions that halve or double an image, kernel 4, stride 2: fast for images of few channels too.

A convolution over pixels with stride 2 is one over 2 × 2 blocks with stride 1: the same products, the same sums. As
blocks, images of one to three channels have four to twelve, which fill the processor's vectors: a layer of one channel
costs a third. Parameters and, but for rounding, results are those of the torch layers.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, pixel_shuffle, pixel_unshuffle

FEW = 4  # channels of an image up to which blocks are faster


class Halving(nn.Conv2d):
    """[N, inputs, H, W] → [N, outputs, H / 2, W / 2]; a last odd row or column is left out, as torch does."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True):
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.in_channels > FEW or x.shape[2] % 2 or x.shape[3] % 2:
            return super().forward(x)
        return conv2d(pixel_unshuffle(pad(x, (1, 1, 1, 1)), 2), pixel_unshuffle(self.weight, 2), self.bias)


class Doubling(nn.ConvTranspose2d):
    """[N, inputs, H, W] → [N, outputs, 2 H, 2 W].

    The kernel is a multiple of the stride, so it overlaps evenly, and there are no checkerboards (Odena 2016).
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True):
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if self.out_channels > FEW or output_size is not None:
            return super().forward(x, output_size)
        blocks = pixel_unshuffle(self.weight, 2).flip(2, 3).transpose(0, 1)  # [4 outputs, inputs, 2, 2]
        pixels = pixel_shuffle(conv2d(x, blocks, padding=1), 2)[:, :, 1:-1, 1:-1]
        return pixels if self.bias is None else pixels + self.bias[:, None, None]
