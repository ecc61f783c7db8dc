"""Contact sheets, and files of works that carry their genome."""

PICTURES = (".png", ".svg")
"""Endings of files that can carry a genome."""
SOURCES = {".py": "python", ".txt": "formula"}
"""Endings of files of source, and the languages of `Programmed.source`."""
