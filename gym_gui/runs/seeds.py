"""The seed of a run, and of each of its workers."""

from __future__ import annotations

import hashlib
import secrets

SEED_MAX = 2**32 - 1
"""Largest seed that NumPy, Gymnasium and PyTorch all take."""


def draw_seed() -> int:
    """Return a fresh seed of 31 bits from the system's entropy."""
    return secrets.randbits(31)


def derive_seed(seed: int, worker_id: str) -> int:
    """Return the seed of a worker beside the first: the first 31 bits of SHA-256 of ``seed:worker_id``."""
    digest = hashlib.sha256(f"{seed}:{worker_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
