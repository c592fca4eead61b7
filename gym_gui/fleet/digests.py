"""Digests of open files."""

from __future__ import annotations

import hashlib
import os

_READ = 1 << 20


def sha256_of(descriptor: int) -> str:
    """Return the digest of an open file, from its beginning; where it stands is not changed."""
    found = hashlib.sha256()
    offset = 0
    while part := os.pread(descriptor, _READ, offset):
        found.update(part)
        offset += len(part)
    return found.hexdigest()
