"""Where the class of a player comes from. A run keeps it, to find the class again and to say whether it has changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The plugin that offers a class, or the file that defines it. What is None does not apply, or is not known.

    Args:
        plugin, version: the plugin's name, and the version of its distribution.
        class_name: the name of the class within its file or module: "Siren".
        file: the absolute path of the file; None for a class of a notebook.
        module: the name of the module, if the file belongs to a package: "models.siren".
        sha256: the checksum of the file, or of the source of the class if there is no file.
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
        """What has changed since the run was made, as a clause; empty if nothing has."""
        if self.file and self.file == now.file and self.sha256 != now.sha256:
            return f"{self.file} has changed since"
        if not self.file and not self.plugin and self.sha256 and self.sha256 != now.sha256:
            return f"class {self.class_name} has changed since"
        return "" if self == now or str(self) == str(now) else f"it was made with {self}, and plays with {now}"
