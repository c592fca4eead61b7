"""Joins the pages' modules into one script, so that a browser needs one request for all of them.

The modules stay what they are: plain ES modules, which a browser can load one by one as well. Their ``import`` and
``export`` statements stand at the beginning of a line, or behind a semicolon in the vendored libraries. Names that a
module imports are read when it is loaded: modules that import each other in a circle cannot be joined.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable

_START = r"(?:^|(?<=[;}\n]))"
_FROM = re.compile(
    _START + r"(?P<verb>import|export)\s*(?P<what>\{[^}]*\}|[\w$]+|[\w$]+\s*,\s*\{[^}]*\})"
    r"""\s*from\s*["'](?P<path>[^"']+)["'];?""",
    re.MULTILINE,
)
_DYNAMIC = re.compile(r"""\bimport\(\s*["'](?P<path>\.[^"']+)["']\s*\)""")
_LIST = re.compile(_START + r"export\s*\{(?P<names>[^}]*)\};?", re.MULTILINE)
_DECLARED = re.compile(
    _START + r"export\s+(?P<default>default\s+)?(?P<kind>(?:async\s+)?function\*?|class|const|let)\s*(?P<name>[\w$]*)",
    re.MULTILINE,
)
_PRELUDE = """(() => {
"use strict";
const made = {};
const load = (path) => {
  if (!(path in made)) {
    const exported = {};
    made[path] = exported;
    modules[path](exported, load);
  }
  return made[path];
};
const modules = {
"""


def bundle(read: Callable[[str], str], entry: str) -> str:
    """Return a script that does what an entry module does.

    Args:
        read: Returns the text of the module at a path.
        entry: The path of the entry module.

    Raises:
        ValueError: A module has a statement that cannot be joined.
    """
    parts: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in parts:
            continue
        text, needed = _joined(read(path), path)
        parts[path] = text
        waiting += needed
    bodies = ",\n".join(
        f"{json.dumps(path)}: ($exports, $load) => {{\n{text}\n}}" for path, text in sorted(parts.items())
    )
    return f"{_PRELUDE}{bodies}\n}};\nload({json.dumps(entry)});\n}})();\n"


def _joined(text: str, path: str) -> tuple[str, list[str]]:
    """Return a module's body as that of a function, and the paths of the modules that it needs."""
    needed: list[str] = []
    exports: dict[str, str] = {}
    folder = posixpath.dirname(path)

    def resolve(target: str) -> str:
        found = posixpath.normpath(posixpath.join(folder, target))
        needed.append(found)
        return json.dumps(found)

    def from_other(match: re.Match[str]) -> str:
        what, other = match["what"], resolve(match["path"])
        if match["verb"] == "export":
            pairs = _pairs(what.strip("{} \n"))
            return "".join(f"$exports.{outer} = $load({other}).{inner};" for inner, outer in pairs)
        default, _, braces = what.partition("{")
        names = [f"default: {default.strip(' ,')}"] if default.strip(" ,") else []
        names += [f"{inner}: {outer}" for inner, outer in _pairs(braces.rstrip("}"))]
        return f"const {{ {', '.join(names)} }} = $load({other});"

    def declared(match: re.Match[str]) -> str:
        name = match["name"] or "anonymous"
        exports["default" if match["default"] else name] = name
        return f"{match['kind']} {name}"

    def listed(match: re.Match[str]) -> str:
        exports.update({outer: inner for inner, outer in _pairs(match["names"])})
        return ""

    text = _FROM.sub(from_other, text)
    text = _DYNAMIC.sub(lambda match: f"Promise.resolve().then(() => $load({resolve(match['path'])}))", text)
    text = _LIST.sub(listed, text)
    text = _DECLARED.sub(declared, text)
    left = re.search(r"^(?:import|export)\b.*$", text, re.MULTILINE)
    if left:
        raise ValueError(f"{path}: {left[0][:80]!r} cannot be joined")
    return text + "\n" + "".join(f"$exports.{outer} = {inner};" for outer, inner in exports.items()), needed


def _pairs(names: str) -> list[tuple[str, str]]:
    """Return the inner and the outer name of each part of a list like ``a, b as c``."""
    found = []
    for part in names.split(","):
        inner, _, outer = part.strip().partition(" as ")
        if inner:
            found.append((inner.strip(), outer.strip() or inner.strip()))
    return found
