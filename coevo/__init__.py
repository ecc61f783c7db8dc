"""coevo: art by an arms race. Any Artist against any Critic, in one loop.

Names are imported when they are first used, so that `import coevo` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coevo.api import load as load
    from coevo.api import resume as resume
    from coevo.api import run as run
    from coevo.errors import CoevoError as CoevoError
    from coevo.errors import ConfigError as ConfigError
    from coevo.errors import DataError as DataError
    from coevo.errors import PairError as PairError
    from coevo.hookspecs import Offer as Offer
    from coevo.hookspecs import hookimpl as hookimpl
    from coevo.loop import Leave as Leave
    from coevo.loop import Phase as Phase
    from coevo.loop import Rewind as Rewind
    from coevo.loop import Turn as Turn
    from coevo.loop import coevolve as coevolve
    from coevo.roles import Artist as Artist
    from coevo.roles import CodeBlock as CodeBlock
    from coevo.roles import Critic as Critic
    from coevo.roles import Genome as Genome
    from coevo.roles import Metrics as Metrics
    from coevo.roles import Options as Options
    from coevo.roles import Works as Works
    from coevo.studio import Studio as Studio

__version__ = "0.1.0"

_HOMES = {
    "coevo.api": ("run", "resume", "load"),
    "coevo.errors": ("CoevoError", "ConfigError", "DataError", "PairError"),
    "coevo.hookspecs": ("Offer", "hookimpl"),
    "coevo.loop": ("Leave", "Phase", "Rewind", "Turn", "coevolve"),
    "coevo.roles": ("Artist", "CodeBlock", "Critic", "Genome", "Metrics", "Options", "Works"),
    "coevo.studio": ("Studio",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'coevo' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
