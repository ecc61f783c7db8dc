"""A run stops where a loss or a parameter is not finite; its last good checkpoint stays."""

from __future__ import annotations

import torch
from torch.linalg import vector_norm

from coevo.errors import NotFiniteError
from coevo.monitoring.observer import ObservedRun


def check_parameters(run: ObservedRun) -> None:
    """Raise NotFiniteError if a parameter of either player is not finite."""
    parameters = [p.detach() for player in (run.artist, run.critic) for p in player.parameters()]
    if parameters and not torch.stack([vector_norm(parameter) for parameter in parameters]).isfinite().all():
        raise not_finite(run, "a parameter")


def not_finite(run: ObservedRun, what: str) -> NotFiniteError:
    """The error that says what is not finite, and how to start again."""
    good = run.store.pointed("latest")
    kept = (
        f"the run stopped, and its last good checkpoint is round {int(good.split('-')[0])}"
        if good
        else "the run stopped before its first checkpoint"
    )
    start = f" {run.store.command('--from')}" if good else ""
    learners = [role for role in ("artist", "critic") if hasattr(getattr(run, role).options, "learning_rate")]
    lower = " ".join(f"-o {role}.learning_rate=1e-4" for role in learners)
    advice = f"lower learning rates ({lower}) or " if lower else ""
    return NotFiniteError(
        f"{what} is not finite in round {run.round}: {kept}. Try {advice}--precision fp32, in a new run{start}."
    )
