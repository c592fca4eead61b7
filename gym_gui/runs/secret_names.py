"""Which settings hold secrets, judged by their names."""

from __future__ import annotations

import re

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
