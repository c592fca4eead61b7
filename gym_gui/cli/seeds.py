"""Reads ``--seeds``."""

from __future__ import annotations

import re

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.seeds import SEED_MAX

MAX_RUNS = 1000
_ITEM = re.compile(r"(\d+)(?:-(\d+))?")


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of a list such as ``1-5`` or ``1,4,10-12``, in the order written.

    Raises:
        UsageError: It is no such list, names a seed twice, or asks for too many runs.
    """
    seeds: dict[int, None] = {}
    for item in text.split(","):
        found = _ITEM.fullmatch(item.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first or last > SEED_MAX:
            raise _refused(text, f"{item.strip()!r} is neither a seed nor a range of seeds from 0 to {SEED_MAX}")
        if last - first >= MAX_RUNS or len(seeds) + last - first >= MAX_RUNS:
            raise _refused(text, f"it asks for more than {MAX_RUNS} runs")
        again = next((seed for seed in range(first, last + 1) if seed in seeds), None)
        if again is not None:
            raise _refused(text, f"it names seed {again} twice, and two runs of one seed are the same experiment")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return list(seeds)


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f"--seeds {text!r} cannot be read",
        why=why,
        where="command line",
        next_step="write for example --seeds 1-5 or 1,4,9",
    )
