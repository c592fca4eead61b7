"""Reads ``--seeds``."""

from __future__ import annotations

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import read_seeds


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of a list such as ``1-5`` or ``1,4,10-12``, in the order written.

    Raises:
        UsageError: It is no such list, names a seed twice, or asks for too many runs.
    """
    try:
        return read_seeds(text)
    except ValueError as error:
        raise UsageError(
            f"--seeds {text!r} cannot be read",
            why=str(error),
            where="command line",
            next_step="write for example --seeds 1-5 or 1,4,9",
        ) from None
