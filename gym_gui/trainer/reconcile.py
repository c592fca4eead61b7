"""Brings registry and run folders together when a daemon starts: the folders are the truth."""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy import read_summary
from gym_gui.runs import TERMINAL_STATES, RunFilter, RunFolder, RunPlan, RunState, RunSummary, is_run_id, load_plan
from gym_gui.supervision import UnknownEventError
from gym_gui.trainer.finalize import is_finished
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.unplanned import has_begun, plan_of, read_unplanned

logger = logging.getLogger(__name__)

_NOT_ENDED = RunFilter(states=tuple(state for state in RunState if state not in TERMINAL_STATES))


@dataclass
class Reconciliation:
    """What a starting daemon found."""

    waiting: list[tuple[RunSummary, RunPlan]] = field(default_factory=list)
    """Runs that were never started, in order of submission."""
    started: list[tuple[RunSummary, RunPlan | None]] = field(default_factory=list)
    """Runs that were started and have not ended, or have ended and were not put in order; without a plan where that
    cannot be read."""
    ended: list[str] = field(default_factory=list)
    """Runs that have ended and are marked live still: their logs may not have been put in order."""
    unread: list[tuple[int, str]] = field(default_factory=list)
    """Ended runs that the registry does not have: sequence and id, the newest first."""


def reconcile(home: Path, registry: Registry) -> Reconciliation:
    """Drop rows without a folder, read the runs that may not have ended, and list folders without a row.

    Looks at the runs that are marked live and at the names of the others only.
    """
    runs, live = home / "runs", LiveRuns(home / "runs")
    on_disk = {path.name for path in runs.iterdir() if is_run_id(path.name)}
    known = set(registry.run_ids())
    registry.remove(known - on_disk)
    marked = live.all()
    for run_id in marked - on_disk:
        live.discard(run_id)
    unknown = sorted(on_disk - known)
    first = registry.reserve(len(unknown))
    sequence_of = dict(zip(unknown, range(first, first + len(unknown)), strict=True))
    rows = {run.run_id: run for run in registry.list(_NOT_ENDED)}
    found = Reconciliation()
    entered: list[RunSummary] = []
    for run_id in sorted((marked | set(rows)) & on_disk):
        folder = RunFolder(runs / run_id)
        try:
            read = _read_live(folder, rows.get(run_id))
        except UnknownEventError as error:  # a later version's: its run is none of ours to supervise
            logger.warning("run %s is left out: %s", run_id, error, extra={"run_id": run_id})
            continue
        if read is None and not (run_id in known or has_begun(folder)):
            if not os.path.lexists(folder.run_json):
                _remove_remains(folder, registry, live)
            continue
        if read is None:
            read = rows.get(run_id) or registry.get(run_id) or read_unplanned(folder), plan_of(folder), False
        run, plan, never_started = read
        if run_id in sequence_of:
            run.sequence = sequence_of[run_id]
        else:
            row = rows.get(run_id) or registry.get(run_id)
            run.sequence = row.sequence if row else 0
            run.report = max(run.report, row.report if row else 0)
        if not never_started or run_id in sequence_of:
            entered.append(run)
        if never_started and plan is not None:
            found.waiting.append((run, plan))
        elif run.state.terminal and is_finished(folder):
            found.ended.append(run_id)
        else:
            live.add(run_id)
            found.started.append((run, plan))
    registry.enter([run for run in entered if run.run_id in sequence_of])
    registry.update([run for run in entered if run.run_id not in sequence_of])
    found.waiting.sort(key=lambda each: each[0].sequence)
    found.unread = [(sequence_of[run_id], run_id) for run_id in reversed(unknown) if run_id not in marked]
    return found


def _remove_remains(folder: RunFolder, registry: Registry, live: LiveRuns) -> None:
    logger.warning(
        "run %s: its submission was cut short; its folder is removed", folder.run_id, extra={"run_id": folder.run_id}
    )
    shutil.rmtree(folder.path, ignore_errors=True)
    registry.remove([folder.run_id])
    live.discard(folder.run_id)


def adopt_ended(home: Path, registry: Registry, run_id: str) -> RunSummary | None:
    """Enter a run that has ended and that the registry does not have; ``None`` if the home has no such run.

    Args:
        home: The home.
        registry: The registry.
        run_id: The run, restored or copied into the home since the daemon started.
    """
    if not is_run_id(run_id) or not RunFolder.of(home, run_id).run_json.exists():
        return None
    try:
        run = read_summary(RunFolder.of(home, run_id))
    except (MosaicError, OSError) as error:
        logger.warning("run %s is left out: %s", run_id, error, extra={"run_id": run_id})
        return None
    if not run.state.terminal:
        return None
    run.sequence = registry.free_number(run.created_at)
    return registry.add(run)


def _read_live(folder: RunFolder, row: RunSummary | None) -> tuple[RunSummary, RunPlan | None, bool] | None:
    """Return a run that may not have ended, its plan, and whether it was never started; ``None`` if it is unreadable.

    Of a run that was never started the registry's row tells all: a queue may hold thousands.

    Raises:
        UnknownEventError: A later version has supervised it.
    """
    try:
        plan = load_plan(folder)
        started = has_begun(folder)  # whatever became of its logs since
        if not started and row is not None and row.state is RunState.QUEUED:
            return row, plan, True
        run = read_summary(folder)
    except UnknownEventError:
        raise
    except (MosaicError, OSError) as error:
        if os.path.lexists(folder.run_json):
            logger.warning("run %s cannot be read: %s", folder.run_id, error, extra={"run_id": folder.run_id})
        return None
    return run, plan, run.state is RunState.QUEUED and not started
