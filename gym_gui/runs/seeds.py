"""Seeds of a run and its workers."""

from __future__ import annotations

import hashlib
import re
import secrets

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import UsageError

SEED_MAX = 2**32 - 1
"""Largest seed that NumPy, Gymnasium and PyTorch all accept."""
MAX_SEEDS = 1000
"""Most seeds, and so runs, of one list."""
_ITEM = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)


def read_seeds(text: str) -> list[int]:
    """Return the seeds of a list such as ``1-5`` or ``1,4,10-12``, in the order written.

    Args:
        text: The list.

    Raises:
        ValueError: It is not such a list, names a seed twice, or has too many; the message is a clause.
    """
    seeds: dict[int, None] = {}
    for item in text.split(","):
        found = _ITEM.fullmatch(item.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first or last > SEED_MAX:
            raise ValueError(f"{item.strip()!r} is neither a seed nor a range of seeds from 0 to {SEED_MAX}")
        if last - first >= MAX_SEEDS or len(seeds) + last - first >= MAX_SEEDS:
            raise ValueError(f"it asks for more than {MAX_SEEDS} runs")
        again = next((seed for seed in range(first, last + 1) if seed in seeds), None)
        if again is not None:
            raise ValueError(f"it names seed {again} twice, and two runs of one seed are the same experiment")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return list(seeds)


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
