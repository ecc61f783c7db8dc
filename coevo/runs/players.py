"""Which classes the players of a run are: offers of plugins, or the user's own, named by him or kept with the run.

A recipe, a file of options and a run's folder may come from others. So code that is not installed runs only if the
user named its file himself (`coevo.plugin.trust`): in the command, or when he made the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from coevo.errors import ConfigError, StoreError, command
from coevo.plugin.own import ROLES, Role, is_own, take_class, take_kept, take_named
from coevo.plugin.registry import Registry
from coevo.plugin.source import Source
from coevo.plugin.trust import trusted
from coevo.runs.config import Config, Tree, is_same, merge
from coevo.storage.run_folder import RunFolder


def asked_players(asked: Tree, known: Registry) -> Tree:
    """What the user asks for, with classes that he names, "./siren.py:Siren", under the names of the registry."""
    found = merge(asked)
    for role in ROLES:
        name = name_in(found, role)
        if name and is_own(name, known, role):
            found[role]["name"] = take_named(role, name, known)
    return found


def given_player(role: Role, player: Any, known: Registry) -> tuple[str, Tree]:
    """The name of a player that Python code gives, and its options: a name, a class, or an instance before `build()`.

    Raises:
        ConfigError: it is neither, or a player that was built, whose state a run would lose.
    """
    if isinstance(player, str):
        return player, {}
    if isinstance(player, type):
        return take_class(role, player, known), {}
    options: Any = getattr(player, "options", None)
    more = set(vars(player)) - {"options", "studio"}
    if more or not isinstance(options, BaseModel):
        raise ConfigError(
            f"{role}={type(player).__name__}(…) has a state already ({', '.join(sorted(more)) or 'it is no player'}), "
            f"and a run makes its own from the seed; give the class, {role}={type(player).__name__}, and its options "
            f"as options={{{role!r}: {{…}}}}."
        )
    return take_class(role, type(player), known), options.model_dump(exclude_unset=True)


def own_players(artist: str | type | None, critic: str | type | None, known: Registry) -> dict[Role, str]:
    """The names by which the registry has players that the user gives for a run that was made before.

    Args:
        artist, critic: a class, the name of an offer, or "./siren.py:Siren"; None for the run's own.
        known: the registry.

    Raises:
        ConfigError: one of them is no such player.
    """
    found: dict[Role, str] = {}
    for role, player in zip(ROLES, (artist, critic), strict=True):
        if isinstance(player, str):
            found[role] = take_named(role, player, known) if is_own(player, known, role) else player
        elif player is not None:
            found[role] = take_class(role, player, known)
    return found


def under_names(tree: Tree, asked: Tree, known: Registry) -> Tree:
    """The sections below, with the name that the user gave to the same class, so that its options are taken over."""
    found = merge(tree)
    for role in ROLES:
        name = name_in(asked, role)
        if name and ":" in name and known.has(role, name) and name_in(found, role) == known.load(role, name).name:
            found[role]["name"] = name
    return found


def refuse_code(tree: Tree, where: str, asked: Tree, known: Registry) -> None:
    """Raise ConfigError if a file or recipe names code of a file, which the user did not name himself."""
    for role in ROLES:
        name, source = name_in(tree, role), kept_source(tree, role)
        code = name if name and is_own(name, known, role) else str(source) if source and not source.plugin else ""
        if code and not name_in(asked, role):
            raise ConfigError(
                f"{where} plays the {role} {code}, and code that is not installed runs only if you name it yourself: "
                f"look at it, and add --{role} {code if source is None or source.file else 'FILE:CLASS'}"
            )


def opened_players(tree: Tree, folder: RunFolder, own: Mapping[Role, str], known: Registry) -> Tree:
    """The sections of a run's config.toml, with the names by which the registry has its players.

    Args:
        tree: the sections.
        folder: the run's folder.
        own: names of classes that the user gives in the place of those that the run was made with.
        known: the registry.

    Raises:
        StoreError: the code of a player was moved, or never named by this user; or only another plugin than the run's
            offers one of that name.
    """
    found = merge(tree)
    for role in ROLES:
        source, name = kept_source(tree, role), name_in(tree, role)
        if name is None:
            continue  # `resolve` says so
        if role in own:
            if known.source(role, own[role]).plugin and not is_same(own[role], name):
                new = folder.command(f"coevo run --{role} {own[role]} --from")
                raise StoreError(
                    f"Run {folder.name!r} plays the {role} {name!r} and no other; {own[role]} can play in a new run "
                    f"that starts from it: {new}"
                )
            found[role]["name"] = own[role]
        elif source is None or source.plugin:
            found[role]["name"] = _offered(role, name, source, folder, known)
            if is_own(str(found[role]["name"]), known, role):
                raise StoreError(f"The {role} of run {folder.name!r} is {name!r}, which is no name of a player.")
        else:
            found[role]["name"] = _kept(role, source, folder, known)
    return found


def _offered(role: Role, name: str, source: Source | None, folder: RunFolder, known: Registry) -> str:
    """The name by which the registry has a player of a plugin that a run was made with."""
    if source is None:  # an older version made the run
        return name
    if known.has(role, its := f"{source.plugin}:{name}"):
        return its if known.problem(role, name) else name  # several plugins offer it now
    if known.problem(role, name):
        return name  # `resolve` says what it is
    said = f"Run {folder.name!r} was made with the {role} {name!r} of {source}, and"
    if not known.has(role, name):
        raise StoreError(
            f"{said} no plugin offers it now; install that one again. `coevo plugins` lists all that are installed."
        )
    other = known.owner(role, name)
    raise StoreError(
        f"{said} now only plugin {other!r} offers one of that name; install that one again, or go on with the other: "
        f"{folder.command('coevo resume')} --{role} {other}:{name}"
    )


def _kept(role: Role, source: Source, folder: RunFolder, known: Registry) -> str:
    its = f"Run {folder.name!r} plays the {role} {source}"
    again = f"{folder.command('coevo resume')} --{role} "
    if not source.file or not source.class_name:
        kept = f"python:{source.class_name}"
        if known.has(role, kept):
            return kept
        raise StoreError(
            f"{its}: open it from there, as in coevo.resume({folder.name!r}, {role}={source.class_name}); or put the "
            f"class into a file, and go on with: {again}FILE.py:{source.class_name}"
        )
    file = Path(source.file)
    if not trusted(file):
        raise StoreError(
            f"{its}, which you did not name yourself on this machine, so its code is not run. Look at it, and go on "
            f"with: {again}{source}"
        )
    if not file.is_file():
        raise StoreError(f"{its}, and that file is gone; say where it is now: {again}FILE.py:{source.class_name}")
    return take_kept(role, source, known)


def changes_of(config: Config, folder: RunFolder) -> list[str]:
    """Sentences about players that come from elsewhere, or from another version, than when the run was made."""
    return [
        f"The {role} of run {folder.name!r} is not what it was: {change}."
        for role, source in config.made_with.items()
        if (change := source.change(config.sources[role]))
    ]


def refuse_changed(config: Config, folder: RunFolder, own: Mapping[Role, str]) -> None:
    """Raise StoreError if the code of a player has changed, and the user did not say that it may."""
    for role in ROLES:
        source = config.made_with.get(role)
        now = config.sources[role]
        if role not in own and source and source.file == now.file and source.sha256 != now.sha256:
            if now.file:
                what, by = now.file, f"its {now.class_name}"
                again = command("coevo resume", folder.name, f"--{role}", str(now), runs=folder.folder.parent)
            else:
                what, by = f"Class {now.class_name}", "it"
                again = f"coevo.resume({folder.name!r}, {role}={now.class_name})"
            raise StoreError(
                f"{what} has changed since run {folder.name!r} was made with {by}, so the run may not go on as it "
                f"would have. Put it back, or go on with the class as it is: {again}"
            )


def name_in(tree: Mapping[str, Any], role: Role) -> str | None:
    """The name of a player in some sections; None if there is none."""
    section = tree.get(role)
    name = section.get("name") if isinstance(section, Mapping) else None
    return name if isinstance(name, str) else None


def kept_source(tree: Mapping[str, Any], role: Role) -> Source | None:
    """Where a player came from when a run was made, by its [made]; None if that does not say."""
    made = tree.get("made")
    kept = made.get(role) if isinstance(made, Mapping) else None
    try:
        return None if kept is None else TypeAdapter(Source).validate_python(kept)
    except ValidationError:
        return None  # `resolve` says what is wrong with it
