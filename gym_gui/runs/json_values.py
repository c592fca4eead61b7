"""Converts any value to plain JSON, and reports what is not JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gym_gui.core.worker.errors import Problem

MAX_DEPTH = 64
WHOLE_CONFIG = "run config"
"""In place of a path, for a problem of the value itself."""
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def plain_copy(value: Any, path: str = "") -> tuple[Any, list[Problem]]:
    """Copy a value as plain JSON that any parser accepts.

    The argument is only read. Parts that are not JSON become ``None`` in the copy, and a problem with their path, which
    is :data:`WHOLE` for the value itself.

    Args:
        value: Anything.
        path: Dotted path of the value, for the problems.

    Returns:
        The copy, and all problems.
    """
    problems: list[Problem] = []
    copy = _copy(value, path, 0, problems)
    for problem in problems:
        problem.path = problem.path or WHOLE_CONFIG
    return copy, problems


def deep_path(value: Any) -> str | None:
    """Return the path of a part nested deeper than `MAX_DEPTH`, ``None`` without one."""
    waiting: list[tuple[Any, str, int]] = [(value, "", 0)]
    while waiting:
        item, path, depth = waiting.pop()
        if not isinstance(item, (dict, list)):
            continue
        if depth > MAX_DEPTH:
            return path
        members = item.items() if isinstance(item, dict) else enumerate(item)
        waiting += [(each, join_path(path, key), depth + 1) for key, each in members if isinstance(each, (dict, list))]
    return None


def join_path(path: str, key: object) -> str:
    """Return the path of a member: ``a.b`` for names, ``a[0]`` for positions."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = str(key) or '""'
    return f"{path}.{name}" if path else name


def _copy(value: Any, path: str, depth: int, problems: list[Problem]) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _text(value, path, problems)
    if isinstance(value, (int, float)):
        return _number(value, path, problems)
    if isinstance(value, (Mapping, list, tuple)):
        if depth >= MAX_DEPTH:
            problems.append(Problem(path, "is nested too deeply", allowed=f"at most {MAX_DEPTH} levels"))
            return None
        if isinstance(value, Mapping):
            return _mapping(value, path, depth, problems)
        return [_copy(item, join_path(path, index), depth + 1, problems) for index, item in enumerate(value)]
    problems.append(Problem(path, f"is of type {type(value).__name__}", value=repr(value)[:80], allowed="a JSON value"))
    return None


def _text(value: str, path: str, problems: list[Problem]) -> str | None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        undecoded = any("\udc80" <= character <= "\udcff" for character in value)  # as Python reads what is not UTF-8
        message = "is not UTF-8 text" if undecoded else "has half of a surrogate pair"
        problems.append(Problem(path, message, value=ascii(value)[:80], allowed="UTF-8 text"))
        return None
    return str(value)


def _number(value: int | float, path: str, problems: list[Problem]) -> int | float | None:
    if isinstance(value, int):
        if INT_MIN <= value <= INT_MAX:
            return int(value)
        digits = value.bit_length() * 0.30103
        shown = str(value) if digits < 60 else f"about 10^{int(digits)}"
        problems.append(Problem(path, "is too large a number", value=shown, allowed="integers of 64 bits"))
        return None
    if math.isfinite(value):
        return float(value)
    problems.append(Problem(path, f"is {value}", value=str(value), allowed="finite numbers"))
    return None


def _mapping(value: Mapping[Any, Any], path: str, depth: int, problems: list[Problem]) -> dict[str, Any]:
    copy: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            problems.append(Problem(path, f"has the key {key!r}", value=repr(key)[:80], allowed="text keys"))
            continue
        if _text(key, path, problems) is not None:
            copy[key] = _copy(item, join_path(path, key), depth + 1, problems)
    return copy
