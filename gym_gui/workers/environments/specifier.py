"""Whether a version of Python is one that a project asks for (``>=3.10,<3.13``)."""

from __future__ import annotations

import re

Version = tuple[int, int, int]

_CLAUSE = re.compile(r"(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+){0,2})(\.\*)?")


def allows(specifier: str, version: Version) -> bool:
    """Return whether a version fulfils every clause of a specifier; an empty one allows any.

    Args:
        specifier: Clauses separated by commas, as ``requires-python`` has them.
        version: Major, minor, micro.

    Raises:
        ValueError: A clause cannot be read.
    """
    return all(_fulfils(clause.strip(), version) for clause in specifier.split(",") if clause.strip())


def _fulfils(clause: str, version: Version) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if found is None or (found[3] and found[1] not in ("==", "!=")):
        raise ValueError(f"{clause!r} is no clause such as >=3.10 or ==3.11.*")
    operator, parts = found[1], tuple(int(part) for part in found[2].split("."))
    bound = (*parts, 0, 0)[:3]
    if found[3]:
        return (version[: len(parts)] == parts) == (operator == "==")
    if operator == "~=":
        return version >= bound and version[: max(len(parts) - 1, 1)] == parts[: max(len(parts) - 1, 1)]
    return {
        "==": version == bound,
        "!=": version != bound,
        "<=": version <= bound,
        ">=": version >= bound,
        "<": version < bound,
        ">": version > bound,
    }[operator]
