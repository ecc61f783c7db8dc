"""A critic's memory of accepted works: it goes on learning from them, and may want new works to differ from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.adversarial.inputs import Inputs
from coevo.coevolution.archive import Archive, nearest_distances
from coevo.contract.players import Options


class MemoryOptions(Options):
    """Options of a critic that remembers accepted works."""

    memory: int = Field(0, ge=0, le=1_000_000)
    """The number of works accepted in past rounds that it remembers and goes on learning from."""
    novelty_threshold: float = Field(0.0, ge=0)
    """Minimum feature distance from every remembered work, relative to the mean distance between real works; 0 is
    off."""

    renamed: ClassVar[Mapping[str, str]] = {"gallery": "memory", "apart": "novelty_threshold"}
    needs: ClassVar[Mapping[str, str]] = {"novelty_threshold": "memory"}


class AcceptedMemory(Archive):
    """A bounded sample of all works that fooled a critic, as its network sees them.

    Args:
        size: the number of works that it holds.
        threshold: how far a new work must be from all of them, relative to the mean distance between real works.
    """

    def __init__(self, size: int, threshold: float = 0.0):
        super().__init__(size)
        self.threshold = threshold
        self._features: tuple[tuple[int, ...], Tensor] | None = None

    def remember(self, inputs: Inputs) -> None:
        """Add accepted works [N, …], with their labels [N] if the network sees labels."""
        x, labels = inputs
        if len(x):
            self.add(works=x, **({} if labels is None else {"labels": labels}))

    def extend(self, inputs: Inputs) -> Inputs:
        """The works [N, …], and as many remembered ones after them."""
        x, labels = inputs
        if not len(self):
            return inputs
        old = self.sample(len(x))
        if labels is not None:
            labels = torch.cat([labels, old["labels"].to(labels)]) if "labels" in old else None
        return torch.cat([x, old["works"].to(x)]), labels

    @property
    def demands_novelty(self) -> bool:
        """Whether new works must differ from those that it remembers."""
        return bool(self.threshold and len(self))

    def novel(self, features: Callable[..., Tensor], made: Inputs, real: Inputs | None, step: int) -> Tensor:
        """Whether each work is far enough from every remembered one.

        Args:
            features: gives features [N, D] of inputs, as the critic sees them at this step.
            made: the works.
            real: real works, whose mean distance is the unit; the remembered ones by default.
            step: the critic's step; features of remembered works are computed once for each.

        Returns:
            [N] bool.
        """
        new, old = features(*made), self._features_of_all(features, step, made[0].device)
        known = old if real is None else features(*real)
        unit = torch.cdist(known, known).sum() / max(1, len(known) * (len(known) - 1))
        return nearest_distances(new, old) > self.threshold * unit

    def _features_of_all(self, features: Callable[..., Tensor], step: int, device: torch.device) -> Tensor:
        key = step, self.seen
        if self._features is None or self._features[0] != key:
            labels = self["labels"].to(device) if "labels" in self.columns else None
            self._features = key, features(self["works"].to(device), labels)
        return self._features[1].to(device)

    def state_dict(self) -> dict[str, Any]:
        if self._features is None:
            return super().state_dict()
        key, features = self._features  # computing them anew would change a network with dropout or spectral norm
        return {**super().state_dict(), "features": features, "features_at": list(key)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self._features = (tuple(state["features_at"]), state["features"]) if "features" in state else None


@torch.no_grad()
def last_features(network: nn.Module, x: Tensor, labels: Tensor | None = None) -> Tensor:
    """Features [N, D] of works [N, …]: the input of a network's last linear layer."""
    last = [part for part in network.modules() if isinstance(part, nn.Linear)][-1]
    found: list[Tensor] = []
    handle = last.register_forward_pre_hook(lambda _, given: found.append(given[0].detach()))
    try:
        network(x, labels)
    finally:
        handle.remove()
    return found[0].flatten(1).float()


def memory_problems(options: MemoryOptions, batch: int, pack: int) -> list[str]:
    """Sentences about options that do not fit each other, the size of a batch, or that of a pack."""
    memory, threshold = options.memory, options.novelty_threshold
    problems = {
        "critic.novelty_threshold compares works with remembered ones; say critic.memory=512 with it.": (
            threshold > 0 and not memory
        ),
        "critic.novelty_threshold looks at works one by one, and critic.pack at several as one; leave one out.": (
            threshold > 0 and pack > 1
        ),
        f"critic.memory={memory} is smaller than a batch of {batch}; say at least as many.": 0 < memory < batch,
    }
    return [problem for problem, is_one in problems.items() if is_one]
