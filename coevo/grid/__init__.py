"""Grids: pairs in space, each a run of its own, that meet their neighbours now and then."""
