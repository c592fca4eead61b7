"""Selection of runs for a command, by name or by filters."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import EVERY_RUN, RunFilter, RunFolder, RunState, RunSummary

if TYPE_CHECKING:
    from gym_gui.analysis.run_source import RunSource

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class EndedRunFilter(RunFilter):
    """A filter that includes age and size of ended runs.

    Args:
        older_than: Ended longer ago than this: ``90m``, ``12h``, ``30d``, ``8w``.
        larger_than: With a folder larger than this: ``500M``, ``1.5G``.
    """

    older_than: str = ""
    larger_than: str = ""


def select_runs(
    source: RunSource,
    runs: Sequence[str],
    wanted: RunFilter = EVERY_RUN,
    *,
    among: Sequence[RunState] = (),
    home: Path | None = None,
) -> list[RunSummary]:
    """Return the given runs, or else all in some states, that match a filter.

    Args:
        source: The source of the runs.
        runs: Ids, parts of ids, names, or ``latest``.
        wanted: The filter.
        among: If no run is given: the states that the command applies to; empty: all.
        home: The home of the runs, for sizes.

    Raises:
        UsageError: A filter cannot be read, or a named run does not exist.
    """
    older, larger = (wanted.older_than, wanted.larger_than) if isinstance(wanted, EndedRunFilter) else ("", "")
    before = time.time() - _amount(older, _SECONDS, "30d") if older else None
    least = _amount(larger, _BYTES, "1G") if larger else None
    if least is not None and home is None:
        raise UsageError(
            "runs cannot be selected by size from another machine",
            where="--larger-than",
            why="only the machine with the home can measure their folders",
            next_step="leave out --larger-than, or run the command on that machine",
        )
    if runs:
        candidates = [source.get(run_id) for run_id in dict.fromkeys(source.resolve(run) for run in runs)]
    else:
        states = tuple(state for state in wanted.states if state in among) if wanted.states and among else ()
        if wanted.states and among and not states:
            return []
        plain = RunFilter(states or wanted.states or tuple(among), wanted.worker, wanted.group, wanted.tag)
        candidates = source.list(plain, limit=None)
    return [
        run
        for run in candidates
        if wanted.matches(run)
        and (before is None or (run.ended_at or run.created_at or before) < before)
        and (least is None or home is None or folder_bytes(home, run.run_id) > least)
    ]


def folder_bytes(home: Path, run_id: str) -> int:
    """Return the total size of a run's files, bytes."""
    from gym_gui.trainer import folder_size

    return folder_size(RunFolder.of(home, run_id).path)


def _amount(text: str, units: dict[str, int], example: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z])(?:i?b)?", text.strip().lower())
    if not match or match[2] not in units:
        allowed = ", ".join(units)
        raise UsageError(
            f"{text!r} is not a number with a unit",
            why=f"it needs a number and one of {allowed}",
            next_step=f"for example: {example}",
        )
    return float(match[1]) * units[match[2]]
