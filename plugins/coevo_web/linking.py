"""Modules of the page as one module, for what can load only one: a widget of a notebook."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

IMPORT = re.compile(r'^import (?:(\w+)|\{([^}]*)\}) from "([^"]+)";$', re.M)
LATER = re.compile(r'\bimport\("([^"]+)"\)')
EXPORT = re.compile(r"^export (async function|function|class|const) (\w+)", re.M)
DEFAULT = re.compile(r"^export default ", re.M)
RENAMED = re.compile(r"^export \{ (\w+) as default \};$", re.M)


def linked(entry: str, sources: Mapping[str, str]) -> str:
    """One module that does what `entry` does with all that it imports.

    Every module becomes a function that is called once and gives what it exports. Of the language it knows what the
    page uses: imports of names and of defaults, one a line, `import("…")`, and exports in front of what is exported.

    Args:
        entry: the path of the module.
        sources: modules by their paths.

    Example:
        >>> print(
        ...     linked(
        ...         "a.js", {"a.js": 'import { b } from "./b.js";\\nexport default b;', "b.js": "export const b = 1;"}
        ...     )
        ... )
        const m0 = (() => {
        const b = 1;
        return { b };
        })();
        const m1 = (() => {
        const { b } = m0;
        const defaulted = b;
        return { default: defaulted };
        })();
        export default m1.default;
    """
    names: dict[str, str] = {}
    parts: list[str] = []

    def named(path: str) -> str:
        if path not in names:
            text = module(path)
            names[path] = f"m{len(names)}"
            parts.append(f"const {names[path]} = (() => {{\n{text}\n}})();")
        return names[path]

    def module(path: str) -> str:
        def of(address: str) -> str:
            return named(posixpath.normpath(posixpath.join(posixpath.dirname(path), address)))

        def imported(found: re.Match[str]) -> str:
            default, some, address = found.groups()
            return f"const {default} = {of(address)}.default;" if default else f"const {{{some}}} = {of(address)};"

        text = IMPORT.sub(imported, sources[path].rstrip())
        text = LATER.sub(lambda found: f"Promise.resolve({of(found[1])})", text)
        exported = [name for _, name in EXPORT.findall(text)]
        text = EXPORT.sub(r"\1 \2", text)
        if DEFAULT.search(text):
            text, exported = DEFAULT.sub("const defaulted = ", text), [*exported, "default: defaulted"]
        if found := RENAMED.search(text):  # uPlot has nothing else, and exports in comments
            text, exported = RENAMED.sub("", text).rstrip(), [f"default: {found[1]}"]
        return f"{text}\nreturn {{ {', '.join(exported)} }};"

    last = named(entry)
    return "\n".join([*parts, f"export default {last}.default;"])


def scoped(css: str) -> str:
    """A style sheet of the page for a part of another page: it touches nothing outside of elements .coevo-view.

    Example:
        >>> print(scoped(":root { --ink: black; }\\nbody { margin: 0; }\\n.tile { color: var(--ink); }"))
        @scope (.coevo-view) {
        :scope { --ink: black; }
        .tile { color: var(--ink); }
        }
    """
    css = re.sub(r"^(html|body)[^{]*\{[^}]*\}\n", "", css, flags=re.M)
    return f"@scope (.coevo-view) {{\n{css.replace(':root', ':scope').strip()}\n}}"
