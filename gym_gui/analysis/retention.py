"""Which ended runs are old, large or tagged."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from gym_gui.analysis.queries import get_run, list_runs, resolve_run
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.disk_quota import size_of

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def select_runs(
    home: Path, runs: Sequence[str], *, older_than: str = "", larger_than: str = "", tag: str = ""
) -> list[RunSummary]:
    """Return the runs that are named, or all that have ended where none is, as far as they fit every filter.

    Args:
        home: The home.
        runs: Ids, unique prefixes, or ``latest``.
        older_than: Ended longer ago than this: ``90m``, ``12h``, ``30d``, ``8w``.
        larger_than: With a folder larger than this: ``500M``, ``1.5G``.
        tag: With this tag.

    Raises:
        UsageError: A filter cannot be read, or neither a run nor a filter is given.
    """
    if not runs and not (older_than or larger_than or tag):
        raise UsageError("no runs were named", next_step="name runs, or say --older-than, --larger-than or --tag")
    before = time.time() - _amount(older_than, _SECONDS, "30d") if older_than else None
    least = _amount(larger_than, _BYTES, "1G") if larger_than else None
    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    found = [get_run(home, run_id) for run_id in ids] if runs else [r for r in list_runs(home) if r.state.terminal]
    return [
        run
        for run in found
        if (before is None or (run.ended_at or run.created_at or before) < before)
        and (not tag or tag in run.tags)
        and (least is None or folder_bytes(home, run.run_id) > least)
    ]


def folder_bytes(home: Path, run_id: str) -> int:
    """Return the bytes of a run's files."""
    return size_of(RunFolder.of(home, run_id).path)


def _amount(text: str, units: dict[str, int], example: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z])(?:i?b)?", text.strip().lower())
    if not found or found[2] not in units:
        allowed = ", ".join(units)
        raise UsageError(f"{text!r} is no amount", why=f"a number and one of {allowed}", next_step=f"write {example}")
    return float(found[1]) * units[found[2]]
