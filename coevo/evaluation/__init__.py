"""Figures of quality of works and codes."""
