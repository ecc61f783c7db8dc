"""The version of coevo."""

__version__ = "0.1.0"
