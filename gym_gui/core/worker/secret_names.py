"""Which settings hold secrets, judged by their names."""

from __future__ import annotations

import os
import re
from typing import Any

MARK = "${secret}"
"""Stands on record in place of a secret."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_ENDS = (
    ("key",),
    ("keys",),
    ("apikey",),
    ("token",),
    ("secret",),
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("credential",),
    ("credentials",),
)
_KEY_KINDS = frozenset({"api", "access", "private", "secret", "auth", "account", "encryption", "ssh", "service"})


def is_secret_name(name: str) -> bool:
    """Return whether a variable or field of this name holds a secret: ``OPENAI_API_KEY``, ``authToken``, ``password``.

    The last word decides, so that ``max_tokens`` and ``tokenizer`` are none; ``key`` alone must be one of something.
    """
    words = tuple(word.lower() for word in _WORDS.findall(name))
    if not words or (words[-1],) not in _SECRET_ENDS:
        return False
    return words[-1] not in ("key", "keys") or (len(words) > 1 and words[-2] in _KEY_KINDS)


def listed_secrets() -> set[str]:
    """Return the names that the run's config lists as secrets, as this worker was told them."""
    return set(filter(None, os.environ.get("MOSAIC_SECRETS", "").split(",")))


def hide_secrets(value: Any, names: set[str]) -> Any:
    """Return a copy of a payload with :data:`MARK` in place of every secret that its keys tell of.

    Args:
        value: What a worker is about to say of itself, its config often among it.
        names: Keys that hold secrets whatever their values are, beside those that :func:`is_secret_name` knows.
    """
    return _hide(value, names, 0)


def _hide(value: Any, names: set[str], rank: int) -> Any:
    if isinstance(value, dict):
        return {
            key: _hide(item, names, max(rank, 2 if key in names else int(isinstance(key, str) and is_secret_name(key))))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_hide(item, names, rank) for item in value]
    hides = bool(value) if isinstance(value, str) else rank > 1 and value is not None
    return MARK if rank and hides else value


__all__ = ["MARK", "hide_secrets", "is_secret_name", "listed_secrets"]
