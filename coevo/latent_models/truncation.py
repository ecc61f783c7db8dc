"""Truncation: works of codes near the middle of the prior are more typical, and more alike (Brock 2019, §3.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.contract.works import CodeLayout


def truncated(codes: Tensor, layout: CodeLayout, threshold: float) -> Tensor:
    """Codes [N, D] with their Gaussian blocks moved to a normal distribution that ends at ±threshold.

    Each value keeps its quantile, so that the same works come nearer to the middle as the threshold falls: exact draws
    of the truncated distribution, as draws that are repeated until they fall within it would be.

    Example:
        >>> from coevo import CodeBlock
        >>> layout = CodeLayout((CodeBlock("z", 1),))
        >>> truncated(torch.tensor([[-3.0], [0.0], [3.0]]), layout, 0.5).flatten().tolist()
        [-0.498..., 0.0, 0.498...]
    """
    moved = codes.clone()
    beyond = torch.special.ndtr(torch.tensor(-threshold, dtype=torch.float64)).item()  # the share of one tail
    for block in layout:
        if block.prior == "gaussian":
            columns = layout.slices[block.name]
            quantiles = beyond + (1 - 2 * beyond) * torch.special.ndtr(codes[:, columns].double())
            moved[:, columns] = torch.special.ndtri(quantiles).clamp(-threshold, threshold).to(codes)
    return moved
