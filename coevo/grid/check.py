"""Whether cells fit a grid, before anything is made."""

from __future__ import annotations

from coevo.errors import ConfigError
from coevo.grid.grid import Grid
from coevo.runs.build import Setup


def check_cells(grid: Grid) -> None:
    """Refuse pairs that cannot meet neighbours.

    Raises:
        ConfigError, PairError: a pair does not fit, or its critic cannot judge the works of others.
    """
    for cell in range(max(1, len(grid.artists))):
        setup = Setup(grid.config(cell))
        critic, name = setup.critic.spec(), setup.critic.name
        if critic.rewards != "scores":
            raise ConfigError(f"Critic {name!r} gives no scores, by which neighbours could be compared.")
        if critic.judges != "images" or critic.labels == "required" or critic.given != "unused":
            raise ConfigError(f"Critic {name!r} judges more than pictures, and cells of a grid show pictures only.")
        if critic.reals == "unused":
            raise ConfigError(f"Critic {name!r} sees no real works, beside which neighbours could be compared.")
        if setup.config.run.agents > 1 or setup.config.run.rounds or setup.config.run.minutes:
            raise ConfigError("A grid takes --cells, --every and --legs in the place of agents, rounds and minutes.")
