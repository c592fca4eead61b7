"""Seeds of the parts of a run, which share no episode."""

from __future__ import annotations

import hashlib


def part_seed(seed: int, part: str) -> int:
    """Return the seed of a part of a run: 31 bits of SHA-256.

    Args:
        seed: The run's seed.
        part: ``train:0``, ``train:6000`` (resumed there), ``eval``.
    """
    digest = hashlib.sha256(f"{seed}:{part}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
