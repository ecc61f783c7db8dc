"""coevo: art by an arms race. Any Artist against any Critic, in one loop.

Names are imported when they are first used, so that `import coevo` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coevo.version import CONTRACT_VERSION as CONTRACT_VERSION
from coevo.version import __version__ as __version__

if TYPE_CHECKING:
    from coevo.api import load as load
    from coevo.api import pair as pair
    from coevo.api import resume as resume
    from coevo.api import run as run
    from coevo.contract.players import Artist as Artist
    from coevo.contract.players import ArtistSpec as ArtistSpec
    from coevo.contract.players import Critic as Critic
    from coevo.contract.players import CriticSpec as CriticSpec
    from coevo.contract.players import Metrics as Metrics
    from coevo.contract.players import Options as Options
    from coevo.contract.works import CodeBlock as CodeBlock
    from coevo.contract.works import CodeLayout as CodeLayout
    from coevo.contract.works import Genome as Genome
    from coevo.contract.works import Works as Works
    from coevo.data.data import Data as Data
    from coevo.errors import CoevoError as CoevoError
    from coevo.errors import ConfigError as ConfigError
    from coevo.errors import DataError as DataError
    from coevo.errors import PairError as PairError
    from coevo.loop import EndSession as EndSession
    from coevo.loop import Phase as Phase
    from coevo.loop import Rewind as Rewind
    from coevo.loop import Turn as Turn
    from coevo.loop import coevolve as coevolve
    from coevo.plugin.hookspecs import Offer as Offer
    from coevo.plugin.hookspecs import hookimpl as hookimpl
    from coevo.studio import Studio as Studio

_HOMES = {
    "coevo.api": ("run", "resume", "load", "pair"),
    "coevo.contract.players": ("Artist", "ArtistSpec", "Critic", "CriticSpec", "Metrics", "Options"),
    "coevo.contract.works": ("CodeBlock", "CodeLayout", "Genome", "Works"),
    "coevo.data.data": ("Data",),
    "coevo.errors": ("CoevoError", "ConfigError", "DataError", "PairError"),
    "coevo.loop": ("EndSession", "Phase", "Rewind", "Turn", "coevolve"),
    "coevo.plugin.hookspecs": ("Offer", "hookimpl"),
    "coevo.studio": ("Studio",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(["CONTRACT_VERSION", *_HOME_OF])


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'coevo' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
