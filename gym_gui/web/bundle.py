"""Joins the pages' modules into two scripts: what the first page needs, and what is loaded later.

The modules stay what they are: plain ES modules, which a browser can load one by one as well. Their ``import`` and
``export`` statements stand at the beginning of a line, or behind a semicolon in the vendored libraries. Names that a
module imports are read when it is loaded: modules that import each other in a circle cannot be joined.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

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
    modules[path](exported, load, later);
  }
  return made[path];
};
const rest = globalThis.document?.currentScript?.dataset.rest;
const loading = () => document.querySelector("script[data-loaded-later]");
let arrived = () => {};
let waiting = null;
const wait = () => waiting ??= new Promise((resolve, reject) => {
  arrived = resolve;
  if (!rest) return;
  const script = loading() ?? document.createElement("script");
  script.onerror = () => {
    script.remove();
    waiting = null;
    reject(new Error("a part of the dashboard could not be loaded"));
  };
  if (script.src) return;
  script.dataset.loadedLater = "";
  script.src = rest;
  document.head.append(script);
});
const later = async (path) => {
  if (!(path in modules)) await wait();
  return load(path);
};
globalThis.$mosaic = (of, others) => {
  if (of !== version) return location.reload();
  Object.assign(modules, others);
  arrived();
};
// Once the first page is there: the next one is then at hand.
const fetchAhead = () => {
  if (loading()) return;
  document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", as: "script", href: rest }));
};
if (rest) addEventListener("load", () => setTimeout(fetchAhead, 3000));
"""


def bundle(read: Callable[[str], str], entry: str, first: Sequence[str] = ()) -> tuple[str, str]:
    """Return a script that does what an entry module does, and one with the modules that it may load later.

    Args:
        read: Returns the text of the module at a path.
        entry: The path of the entry module.
        first: Further modules that the first script has, with what they need.

    Raises:
        ValueError: A module has a statement that cannot be joined.
    """
    parts: dict[str, _Part] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path not in parts:
            parts[path] = _joined(read(path), path)
            waiting += [*parts[path].needed, *parts[path].later]
    early = _closure(parts, [entry, *first])
    version = hashlib.sha256("\n".join(parts[path].text for path in sorted(parts)).encode()).hexdigest()[:16]
    # Parentheses: a browser compiles such a function at once, since all of them are called at once.
    own = _object((path, f"({parts[path].function})") for path in sorted(early))
    others = _object((path, parts[path].function) for path in sorted(parts.keys() - early))
    start = f"const version = {json.dumps(version)};\nload({json.dumps(entry)});\n"
    return f"{_PRELUDE}const modules = {own};\n{start}}})();\n", f"$mosaic({json.dumps(version)}, {others});\n"


class _Part(NamedTuple):
    """A module as the body of a function."""

    text: str
    needed: list[str]
    """Modules that it imports."""
    later: list[str]
    """Modules that it imports once it wants them."""

    @property
    def function(self) -> str:
        return f"($exports, $load, $import) => {{\n{self.text}\n}}"


def _closure(parts: Mapping[str, _Part], paths: Iterable[str]) -> set[str]:
    """Return modules and what they need."""
    found: set[str] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += parts[path].needed
    return found


def _object(items: Iterable[tuple[str, str]]) -> str:
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {text}" for name, text in items) + "\n}"


def _joined(text: str, path: str) -> _Part:
    """Return a module as the body of a function."""
    needed: list[str] = []
    later: list[str] = []
    exports: dict[str, str] = {}
    folder = posixpath.dirname(path)

    def resolve(target: str, among: list[str]) -> str:
        found = posixpath.normpath(posixpath.join(folder, target))
        among.append(found)
        return json.dumps(found)

    def from_other(match: re.Match[str]) -> str:
        what, other = match["what"], resolve(match["path"], needed)
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
    text = _DYNAMIC.sub(lambda match: f"$import({resolve(match['path'], later)})", text)
    text = _LIST.sub(listed, text)
    text = _DECLARED.sub(declared, text)
    left = re.search(r"^(?:import|export)\b.*$", text, re.MULTILINE)
    if left:
        raise ValueError(f"{path}: {left[0][:80]!r} cannot be joined")
    exported = "".join(f"$exports.{outer} = {inner};" for outer, inner in exports.items())
    return _Part(f"{text}\n{exported}", needed, later)


def _pairs(names: str) -> list[tuple[str, str]]:
    """Return the inner and the outer name of each part of a list like ``a, b as c``."""
    found = []
    for part in names.split(","):
        inner, _, outer = part.strip().partition(" as ")
        if inner:
            found.append((inner.strip(), outer.strip() or inner.strip()))
    return found
