"""Comparison of different spellings of a worker's kind."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s._-]+")


def kind_key(name: str) -> str:
    """Return a worker's kind in a form that is equal for all spellings.

    Case, hyphens, underscores and a trailing ``worker`` are ignored: ``My-Worker``, ``my_worker`` and ``myworker`` are
    one kind.
    """
    key = _SEPARATORS.sub("", name).casefold()
    return key.removesuffix("worker") or key


def same_kind(one: str, other: str) -> bool:
    """Return whether two spellings name the same kind of worker."""
    return kind_key(one) == kind_key(other)
