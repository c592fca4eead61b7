"""Which runs a command works on: those that are named, or all that fit its filters."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gym_gui.analysis.queries import get_run, list_runs, resolve_run
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.disk_quota import size_of

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class RunFilter:
    """What runs have in common; a filter that is left out lets every run through.

    Args:
        states: In one of these states.
        worker: With a worker of this kind.
        group: Of this group.
        tag: With this tag.
        older_than: Ended longer ago than this: ``90m``, ``12h``, ``30d``, ``8w``.
        larger_than: With a folder larger than this: ``500M``, ``1.5G``.
    """

    states: tuple[RunState, ...] = ()
    worker: str = ""
    group: str = ""
    tag: str = ""
    older_than: str = ""
    larger_than: str = ""

    def __bool__(self) -> bool:
        """Return whether anything is filtered."""
        return self != RunFilter()


def select_runs(
    home: Path, runs: Sequence[str], wanted: RunFilter | None = None, *, among: Sequence[RunState] | None = None
) -> list[RunSummary]:
    """Return the runs that are named, or all in some states where none is, as far as they fit a filter.

    Args:
        home: The home.
        runs: Ids, parts of ids, names, or ``latest``.
        wanted: The filter.
        among: Where no run is named: the states that the command has anything to do with.

    Raises:
        UsageError: A filter cannot be read, or a named run does not exist.
    """
    wanted = wanted or RunFilter()
    before = time.time() - _amount(wanted.older_than, _SECONDS, "30d") if wanted.older_than else None
    least = _amount(wanted.larger_than, _BYTES, "1G") if wanted.larger_than else None
    if runs:
        found = [get_run(home, run_id) for run_id in dict.fromkeys(resolve_run(home, run) for run in runs)]
    else:
        found = list_runs(
            home, states=among, group=wanted.group or None, tag=wanted.tag or None, worker_type=wanted.worker or None
        )
    return [
        run
        for run in found
        if (not wanted.states or run.state in wanted.states)
        and (not wanted.group or run.group == wanted.group)
        and (not wanted.tag or wanted.tag in run.tags)
        and (not wanted.worker or any(worker.worker_type == wanted.worker for worker in run.workers))
        and (before is None or (run.ended_at or run.created_at or before) < before)
        and (least is None or folder_bytes(home, run.run_id) > least)
    ]


def folder_bytes(home: Path, run_id: str) -> int:
    """Return the bytes of a run's files."""
    return size_of(RunFolder.of(home, run_id).path)


def _amount(text: str, units: dict[str, int], example: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z])(?:i?b)?", text.strip().lower())
    if not found or found[2] not in units:
        allowed = ", ".join(units)
        raise UsageError(
            f"{text!r} is not an amount", why=f"a number and one of {allowed}", next_step=f"write {example}"
        )
    return float(found[1]) * units[found[2]]
