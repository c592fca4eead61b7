"""Seeds of a run and its workers."""

from __future__ import annotations

import hashlib
import secrets

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import UsageError

SEED_MAX = 2**32 - 1
"""Largest seed that NumPy, Gymnasium and PyTorch all accept."""


def draw_seed() -> int:
    """Return a random seed of 31 bits."""
    return secrets.randbits(31)


def unnamed_seed() -> int:
    """Return a run's default seed: the setting ``default_seed``, or a random one.

    Raises:
        UsageError: The setting is not a seed.
    """
    given = get_setting("default_seed")
    if given is None:
        return draw_seed()
    if type(given) is int and 0 <= given <= SEED_MAX:
        return given
    raise UsageError(
        f"the setting default_seed is not a seed: {given!r}",
        where="MOSAIC_DEFAULT_SEED, or settings.json in the home",
        next_step=f"set an integer from 0 to {SEED_MAX}, or nothing",
    )


def derive_seed(seed: int, worker_id: str) -> int:
    """Return the seed of a further worker: 31 bits of SHA-256 of ``seed:worker_id``."""
    digest = hashlib.sha256(f"{seed}:{worker_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
