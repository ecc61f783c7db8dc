"""The small pictures that `coevo start` shows, put beside the recipes of our plugins, from those of the pages.

python docs/builder/small_pictures.py           after make docs, or docs/builder/pictures.py
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pictures import scripts
from PIL import Image

from coevo.plugin.registry import registry

SIZE = 192  # px of the longer side


def main() -> None:
    for script in scripts().values():
        package, _, file = registry().find("recipe", script.recipe).path.partition(":")
        target = Path(str(files(package).joinpath(file))).with_suffix(".webp")
        with Image.open(script.file) as picture:
            small = picture.convert("RGB")
        small.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
        small.save(target, "WEBP", quality=70, method=6)
        print(f"{target.name:<28} {target.stat().st_size:>6} bytes")


if __name__ == "__main__":
    main()
