"""Where the class of a player comes from: kept with its run, so that it is found again, and a change of it is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The plugin that offers a class, or the file that it stands in; None is not known.

    Args:
        plugin, version: the plugin's name and the version of its distribution.
        class_name: the class within its file or module: "Siren".
        file: the whole path of the file; None for a class of a notebook.
        module: its name, if it belongs to a package: "models.siren".
        sha256: of the file, or of the class's own lines if there is no file.
    """

    plugin: str | None = None
    version: str | None = None
    class_name: str | None = None
    file: str | None = None
    module: str | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        if self.plugin is not None:
            return f"plugin {self.plugin!r} {self.version or ''}".rstrip()
        return f"{self.file}:{self.class_name}" if self.file else f"class {self.class_name} of Python code"

    def change(self, now: Source) -> str:
        """How it differs now, as a sentence without its subject's run: empty if it does not."""
        if self.file and self.file == now.file and self.sha256 != now.sha256:
            return f"{self.file} has changed since"
        if not self.file and not self.plugin and self.sha256 and self.sha256 != now.sha256:
            return f"class {self.class_name} has changed since"
        return "" if self == now or str(self) == str(now) else f"it was made with {self}, and plays with {now}"
