"""Plugins: found by entry points; each offers players, games, datasets, recipes and more."""
