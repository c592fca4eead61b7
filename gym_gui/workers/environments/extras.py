"""Optional dependencies, as written behind a name, path or requirement: ``[box2d,atari]``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_EXTRAS = re.compile(r"(.*?)(\[[\w.,\s-]+\])?", re.DOTALL)


def split_extras(text: str) -> tuple[str, str]:
    """Return a name or path without the extras at its end, and these; a requirement keeps its own."""
    found = _EXTRAS.fullmatch(text)
    assert found is not None
    return found[1], (found[2] or "").replace(" ", "")


def names_in(extras: str) -> list[str]:
    """Return the names in ``[a,b]``."""
    return [name for name in extras.strip("[]").split(",") if name]


def extra_key(name: str) -> str:
    """Return the form of an extra's name in which all its spellings are equal."""
    return re.sub(r"[-_.]+", "-", name).lower()


def merged(*extras: str) -> str:
    """Return extras that hold what several hold, each once, in order: ``[a,b]``; empty if there are none."""
    by_key: dict[str, str] = {}
    for part in extras:
        for name in names_in(part):
            by_key.setdefault(extra_key(name), name)
    return f"[{','.join(by_key.values())}]" if by_key else ""


def restricted(extras: str, known: Iterable[str]) -> str:
    """Return those extras that are among the names that are known: ``[a,b]``; empty if none is."""
    keys = {extra_key(name) for name in known}
    return merged(*(f"[{name}]" for name in names_in(extras) if extra_key(name) in keys))


def has_all(wanted: str, known: Iterable[str]) -> bool:
    """Return whether all extras are among the names that are known."""
    keys = {extra_key(name) for name in known}
    return all(extra_key(name) in keys for name in names_in(wanted))


def with_extras(wanted: str, extras: str) -> str:
    """Return a file, address or requirement with optional dependencies: those of a requirement follow its name."""
    if not extras:
        return wanted
    if not Path(wanted).exists():
        from packaging.requirements import InvalidRequirement, Requirement  # longer than all that lists workers

        try:
            requirement = Requirement(wanted)
        except InvalidRequirement:
            pass
        else:
            requirement.extras |= set(names_in(extras))
            return str(requirement)
    return wanted if "[" in wanted else wanted + extras
