"""Options of older versions, in which one artist `aae` had every variant as options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BY_LABELS = {"prior": "aae-labelled-prior", "told": "aae-supervised", "learnt": "aae-semi-supervised"}

VARIANTS: dict[str, dict[str, str]] = {
    "aae-semi-supervised": {
        "balance": "logit_scale",
        "supervision": "supervision_weight",
        "labelled": "labelled_batch",
    },
    "aae-clustering": {"balance": "logit_scale", "categories": "categories"},
    "aae-mixture": {"categories": "categories", "split": "mixture_after"},
}
"""The options that only some variants have: {artist: {old name: new name}}."""

MOVED = {
    "labels": "labels is now a choice of --artist: aae-labelled-prior (prior), aae-supervised (told) or "
    "aae-semi-supervised (learnt).",
    "categories": "categories is an option of --artist aae-clustering and aae-mixture.",
    "split": "split is now called artist.mixture_after, of --artist aae-mixture.",
    "balance": "balance is now called artist.logit_scale, of --artist aae-clustering and aae-semi-supervised.",
    "supervision": "supervision is now called artist.supervision_weight, of --artist aae-semi-supervised.",
    "labelled": "labelled is now called artist.labelled_batch, of --artist aae-semi-supervised.",
}


def to_variant(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an old `aae`, with the name of the variant that they chose, and without other variants' options.

    Example:
        >>> to_variant({"latent": 8, "labels": "learnt", "supervision": 2.0, "categories": 0, "split": 0})
        {'latent': 8, 'supervision_weight': 2.0, 'name': 'aae-semi-supervised'}
    """
    name = BY_LABELS.get(options.get("labels", "none"), "aae")
    if options.get("categories"):
        name = "aae-mixture" if options.get("split") else "aae-clustering"
    names = VARIANTS.get(name, {})
    kept = {names.get(old, old): value for old, value in options.items() if old in names or old not in MOVED}
    return {**kept, "name": name}
