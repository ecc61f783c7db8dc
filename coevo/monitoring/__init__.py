"""Measurements and diagnostics of a run while it is played."""
