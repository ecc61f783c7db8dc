"""Contact sheets, and files of works that carry their genome."""

PICTURES = (".png", ".svg")
"""Endings of files that can carry a genome."""
FILMS = (".gif", ".webp", ".apng", ".mp4")
"""Endings of films."""
NETWORKS = (".onnx", ".pt2")
"""Endings of files of networks."""
SOURCES = {".py": "python", ".txt": "formula", ".glsl": "glsl"}
"""Endings of files of source, and the languages of `Programmed.source`."""
