"""Players without a package: classes of a file or a module that the user names, or hands over from Python.

`./siren.py:Siren` is a class of a file, `models.siren:Siren` one of a module. Code of a file runs only if the user
names the file himself; what a config.toml or a recipe names is not imported.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from coevo.errors import ConfigError, reason, unknown
from coevo.plugin.faults import FAULTS, said_by
from coevo.plugin.registry import Registry
from coevo.plugin.source import Source
from coevo.plugin.trust import trust

Role = Literal["artist", "critic"]
ROLES: tuple[Role, ...] = ("artist", "critic")
_loading: list[str] = []  # files that are being imported, so that one that starts a run is refused


def is_own(name: str, known: Registry, kind: Role = "artist") -> bool:
    """Whether a name means a class of a file or module, and not an offer: "./siren.py:Siren"."""
    plugins = {plugin.name for plugin in known.plugins}
    return ":" in name and not known.has(kind, name) and name.partition(":")[0] not in plugins


def is_path(name: str) -> bool:
    """Whether a name with a colon has the path of a file before it."""
    left = name.rpartition(":")[0]
    return left.endswith(".py") or os.sep in left or "/" in left


def role_of(player: Any) -> Role | None:
    """Whether a class is an artist or a critic."""
    from coevo.contract.players import Artist, Critic  # late: it imports torch

    roles: dict[Role, type] = {"artist": Artist, "critic": Critic}
    return next((role for role, base in roles.items() if isinstance(player, type) and issubclass(player, base)), None)


def take_named(kind: Role, name: str, known: Registry) -> str:
    """Import a class that the user named himself; the name by which the registry has it from now on.

    Args:
        kind: of the player.
        name: "path/to/file.py:Class" or "package.module:Class".
        known: the registry.

    Raises:
        ConfigError: there is no such file, module or class, it fails, or it is no such player.
    """
    return _taken(kind, *load_named(name), known)


def take_either(name: str, known: Registry) -> tuple[Role, str]:
    """The same of a class that may be an artist or a critic: its kind too."""
    player, source = load_named(name)
    kind = role_of(player) or "artist"
    return kind, _taken(kind, player, source, known)


def take_class(kind: Role, player: Any, known: Registry) -> str:
    """Take a class that Python code handed over; the name by which the registry has it from now on.

    A class that a plugin offers has the name of that offer. Raises ConfigError if it is no such player.
    """
    path = f"{getattr(player, '__module__', '')}:{getattr(player, '__qualname__', '')}"
    if offered := known.named(kind, path):
        return offered
    source = source_of(player) if isinstance(player, type) else Source(class_name=str(player))
    return _taken(kind, player, source, known)


def take_kept(kind: Role, source: Source, known: Registry) -> str:
    """Import the class that a run was made with, from where it was then; the user named that file before.

    Raises ConfigError as `take_named` does.
    """
    assert source.file and source.class_name
    return _taken(kind, *_of_file(Path(source.file), source.class_name, source.module), known)


def _taken(kind: Role, player: Any, source: Source, known: Registry) -> str:
    name = f"{source.file or 'python'}:{source.class_name}"
    known.take(kind, name, player, source)
    if source.file:
        trust(Path(source.file))
    return name


def load_named(name: str) -> tuple[Any, Source]:
    """The class that a user named, and where it is. Raises as `take_named`."""
    left, _, attribute = name.rpartition(":")
    if not all(part.isidentifier() for part in attribute.split(".")):
        raise ConfigError(f"{name!r} should end with the name of a class, such as {left}:Siren.")
    if is_path(name):
        return _of_file(Path(left).expanduser().absolute(), attribute)
    module = _imported(left, Path.cwd())
    found = _attribute(module, attribute, left)
    source = source_of(found) if isinstance(found, type) else Source(class_name=attribute)
    return found, source


def _of_file(file: Path, attribute: str, module: str | None = None) -> tuple[Any, Source]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"Cannot read {file}: {reason(error)}.") from error
    digest = hashlib.sha256(data).hexdigest()
    if module is None:
        loaded = _executed(file, data, f"{file.stem}_{digest[:8]}")
    else:
        parts = module.split(".")
        ending = Path(*parts, "__init__.py") if file.name == "__init__.py" else Path(*parts).with_suffix(".py")
        if file.parts[-len(ending.parts) :] != ending.parts:  # a record that somebody wrote
            raise ConfigError(f"{file} is not the file of a module {module}.")
        loaded = _imported(module, file.parents[len(ending.parts) - 1])
        if getattr(loaded, "__file__", None) != str(file):
            raise ConfigError(f"Module {module} is not {file} here, but {getattr(loaded, '__file__', 'another')}.")
    source = Source(class_name=attribute, file=str(file), module=module, sha256=digest)
    return _attribute(loaded, attribute, str(file)), source


def _executed(file: Path, data: bytes, name: str) -> ModuleType:
    """A module of a file's bytes. The same bytes are executed once in a process."""
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(file):
        return sys.modules[name]
    spec = spec_from_loader(name, _Loader(file, data), origin=str(file))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    module.__file__ = str(file)
    sys.modules[name] = module
    try:
        with _importing(str(file), file.parent, name):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _Loader(SourceLoader):
    """Loads a module from bytes that were read already, so that what runs is what was summed; keeps no bytecode."""

    def __init__(self, file: Path, data: bytes):
        self.file, self.data = file, data

    def get_filename(self, fullname: str) -> str:
        return str(self.file)

    def get_data(self, path: str | bytes) -> bytes:
        return self.data


def _imported(name: str, folder: Path) -> ModuleType:
    """A module by its name; of one beside the user's files, too."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(f"There is neither a file nor a module {name!r}; a file is named as ./{name}.py:CLASS.")
    with _importing(name, folder, name):
        return importlib.import_module(name)


@contextmanager
def _importing(what: str, folder: Path, module: str) -> Iterator[None]:
    """Modules of a folder can be imported within the block and afterwards; what fails is said in a sentence."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last, so that a file of his is not taken for another's module
    _loading.append(what)
    try:
        yield
    except ConfigError:
        raise
    except FAULTS as error:
        raise ConfigError(f"{what} failed while it was imported: {said_by(error, module)}") from error
    finally:
        _loading.pop()


def refuse_while_importing() -> None:
    """Raise ConfigError if a file that is being imported starts a run, instead of only defining players."""
    if _loading:
        raise ConfigError(
            f'{_loading[-1]} starts a run while it is imported; put what starts it below if __name__ == "__main__":'
        )


def _attribute(module: ModuleType, attribute: str, where: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            players = [name for name, value in vars(module).items() if role_of(value) and _defined_in(value, module)]
            raise ConfigError(f"{unknown('class', attribute, players)[:-1]} in {where}.")
        found = getattr(found, part)
    return found


def _defined_in(player: Any, module: ModuleType) -> bool:
    return bool(player.__module__ == module.__name__)


def _is_in(player: type, module: Any) -> bool:
    """Whether a class is found in its module by its name, as one that a function made is not."""
    for part in player.__qualname__.split("."):
        module = getattr(module, part, None)
    return module is player


def source_of(player: type) -> Source:
    """Where a class stands: its file and the checksum of it, or only its name if it belongs to a notebook."""
    module = sys.modules.get(player.__module__)
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).is_file() or not _is_in(player, module):
        try:
            lines: str | None = hashlib.sha256(inspect.getsource(player).encode()).hexdigest()
        except (OSError, TypeError):
            lines = None
        return Source(class_name=player.__qualname__, sha256=lines)
    spec = getattr(module, "__spec__", None)
    name = spec.name if spec is not None and spec.parent else None
    path = Path(file).absolute()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Source(class_name=player.__qualname__, file=str(path), module=name, sha256=digest)
