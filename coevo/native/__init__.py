"""Machine code for what Python is too slow for, and its loader. Without it, Python and NumPy do the same."""

from coevo.native.draws import Draws, random_seeds
from coevo.native.library import SOURCES, address, declared, native

__all__ = ["SOURCES", "Draws", "address", "declared", "native", "random_seeds"]
