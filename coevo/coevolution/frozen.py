"""A critic that learns no more: it judges, as a whole or by a single unit of one of its networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from coevo.coevolution.past_critics import PastCritics
from coevo.contract import players
from coevo.contract.players import Artist, Critic, CriticSpec, State
from coevo.contract.works import Works
from coevo.errors import ConfigError, unknown


class FrozenCritic(Critic):
    """A trained critic that stays as it is, with its networks in inference mode.

    With the option `layer`, works are rewarded for what a single unit of that layer sees in them: log p(unit), where p
    is the softmax over the units of the layer.

    Args:
        critic: the critic; its name, its options and its state are those of this one.
        options: what of it judges.

    Reference: Nguyen et al. 2016, Plug & Play Generative Networks, section 4.6: hidden units as conditions.
    """

    class Options(players.Options):
        layer: str = ""
        """A layer of the critic, as in network.4, whose unit rewards works; by default the critic does as a whole."""
        unit: tuple[int, ...] = Field((0,), min_length=1, max_length=3)
        """The unit: its number; of a layer of maps by the mean of map, or at a place: [map, row, column]."""

        needs: ClassVar[Mapping[str, str]] = {"unit": "layer"}

        @field_validator("unit", mode="before")
        @classmethod
        def _one_number(cls, value: Any) -> Any:
            return (value,) if isinstance(value, int) else value

        @field_validator("unit")
        @classmethod
        def _unit_or_place(cls, value: tuple[int, ...]) -> tuple[int, ...]:
            if len(value) == 2 or min(value) < 0:
                raise ValueError("should be a number from 0 on, or three: map, row and column")
            return value

    def __init__(self, critic: Critic, options: Any = None):
        if getattr(critic.options, "unroll", 0):  # it will not have learnt after the next steps either
            critic.options = critic.options.model_copy(update={"unroll": 0})
        super().__init__(critic.options, critic.studio)
        self.critic, self.condition = critic, options or self.Options()
        self.name = critic.name
        self.upgrade_state = critic.upgrade_state  # type: ignore[method-assign]

    def spec(self) -> CriticSpec:
        spec = replace(self.critic.spec(), learns=False, pretraining=0)
        return replace(spec, gradients=True) if self.condition.layer else spec

    def check(self) -> None:
        self.critic.check()
        if self.critic.spec().rewards != "scores":
            raise ConfigError(f"Critic {self.name!r} gives no scores, so there is nothing of it that can judge alone.")
        if self.condition.layer and self.studio.compile:
            raise ConfigError(
                f"frozen.layer={self.condition.layer} looks into a network, and --compile makes one piece of it; leave "
                "out one of them."
            )

    def build(self, artist: Artist) -> None:
        self.critic.build(artist)
        for network in self._networks.values():
            network.eval()
        if self.condition.layer:
            self._check_unit(self._layer)

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        if not self.condition.layer:
            return self.critic.judge(works, reals)
        with recording(self._layer) as outputs:
            self.critic.judge(works, reals)
        if not outputs or len(outputs[0]) != len(works):
            raise ConfigError(f"frozen.layer={self.condition.layer} sees no works one by one; choose another layer.")
        return unit_rewards(outputs[0], self.condition.unit)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        if not self.condition.layer:
            return self.critic.fooled(works, reals)
        return self.judge(works, reals) > torch.tensor(0.5).log()

    def parameters(self) -> Iterator[nn.Parameter]:
        return self.critic.parameters()

    def state(self) -> State:
        return self.critic.state()

    def restore(self, state: State) -> None:
        self.critic.restore(state)
        for part in vars(self.critic).values():
            if isinstance(part, PastCritics):  # made anew from the state
                for network in part.networks:
                    network.eval()

    @property
    def _networks(self) -> Mapping[str, nn.Module]:
        return {name: part for name, part in vars(self.critic).items() if isinstance(part, nn.Module)}

    @property
    def _layer(self) -> nn.Module:
        """The layer that the options name. Raises ConfigError if there is none of that name."""
        layers = {
            f"{name}.{path}" if path else name: layer
            for name, network in self._networks.items()
            for path, layer in network.named_modules()
        }
        if self.condition.layer not in layers:
            raise ConfigError(
                f"frozen.layer: {unknown(f'layer of critic {self.name!r}', self.condition.layer, layers)}"
            )
        return layers[self.condition.layer]

    def _check_unit(self, layer: nn.Module) -> None:
        units = getattr(layer, "out_features", None) or getattr(layer, "out_channels", None)
        if isinstance(units, int) and self.condition.unit[0] >= units:
            raise ConfigError(
                f"frozen.unit={self.condition.unit[0]} is not a unit of layer {self.condition.layer!r}, which has "
                f"{units}: 0 to {units - 1}."
            )


def underlying(critic: Critic) -> Critic:
    """The critic itself, of one that learns no more: what it can do beside judging is its own."""
    return critic.critic if isinstance(critic, FrozenCritic) else critic


@contextmanager
def recording(layer: nn.Module) -> Iterator[list[Tensor]]:
    """The outputs of a layer, in the order in which they are computed within the block."""
    outputs: list[Tensor] = []
    # copies: an activation that follows may work in place
    handle = layer.register_forward_hook(lambda module, inputs, output: outputs.append(output.clone()))
    try:
        yield outputs
    finally:
        handle.remove()


def unit_rewards(outputs: Tensor, unit: tuple[int, ...]) -> Tensor:
    """log p(unit) of outputs [N, U], or [N, U, H, W] of which the mean over the map or one place counts.

    Raises:
        ConfigError: there is no such unit or place.

    Example:
        >>> unit_rewards(torch.tensor([[0.0, 0.0]]), (1,)).exp()
        tensor([0.5000])
    """
    maps = outputs.float().flatten(3) if outputs.ndim > 4 else outputs.float()
    if len(unit) == 3 and maps.ndim == 4 and unit[1] < maps.shape[2] and unit[2] < maps.shape[3]:
        values = maps[:, :, unit[1], unit[2]]
    elif len(unit) == 1 and maps.ndim >= 2:
        values = maps.flatten(2).mean(2) if maps.ndim > 2 else maps
    else:
        raise ConfigError(f"frozen.unit={list(unit)} is no place of outputs of {list(outputs.shape[1:])}.")
    if unit[0] >= values.shape[1]:
        raise ConfigError(f"frozen.unit={unit[0]} is none of {values.shape[1]} units: 0 to {values.shape[1] - 1}.")
    rewards: Tensor = values.log_softmax(1)[:, unit[0]]
    return rewards
