"""The version of coevo, and of the contract that its plugins are written against."""

__version__ = "0.1.0"

CONTRACT_VERSION = 1
"""Rises when a player written against the contract would have to change. A plugin's package says which one it was
written for with `COEVO_CONTRACT = 1`; one that asks for a newer contract is refused in one sentence."""
