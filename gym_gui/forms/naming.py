"""Names of runs that have none of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PARTS = ("algo", "algorithm", "env_id")
_LONGEST = 110


def default_run_name(worker: str, config: Mapping[str, Any], seed: int | None = None) -> str:
    """Return a name that says what is trained: worker, algorithm, environment, seed.

    Args:
        worker: The worker.
        config: Its settings, as far as they are given.
        seed: The run's seed, if it is given.
    """
    name = " ".join([worker, *(str(config[key]) for key in _PARTS if config.get(key))])[:_LONGEST]
    return name if seed is None else f"{name} s{seed}"
