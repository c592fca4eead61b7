"""Brings registry and run folders together when a daemon starts: the folders are the truth."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import is_run_id
from gym_gui.runs.plan_io import load_plan
from gym_gui.runs.states import TERMINAL, RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.summary import read_summary
from gym_gui.trainer.finished import is_finished
from gym_gui.trainer.live import LiveRuns
from gym_gui.trainer.registry import Registry

logger = logging.getLogger(__name__)

_NOT_ENDED = [state for state in RunState if state not in TERMINAL]


@dataclass
class Reconciliation:
    """What a starting daemon found."""

    waiting: list[tuple[RunSummary, int]] = field(default_factory=list)
    """Runs that were never started, with their priorities, in order of submission."""
    started: list[RunSummary] = field(default_factory=list)
    """Runs that were started and have not ended, or have ended and were not put in order."""
    ended: list[str] = field(default_factory=list)
    """Runs that have ended and are marked live still: their logs may not have been put in order."""
    unread: list[tuple[int, str]] = field(default_factory=list)
    """Ended runs that the registry does not have: sequence and id, the newest first; see :func:`index_ended`."""


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
    not_ended = {run.run_id for run in registry.list(states=_NOT_ENDED)} & on_disk
    found = Reconciliation()
    for run_id in sorted((marked & on_disk) | not_ended):
        _read_live(RunFolder(runs / run_id), sequence_of.get(run_id), registry, live, found)
    found.unread = [(sequence_of[run_id], run_id) for run_id in reversed(unknown) if run_id not in marked]
    return found


def index_ended(home: Path, unread: list[tuple[int, str]]) -> Iterator[tuple[RunSummary, str, int]]:
    """Yield ``(run, submitter, priority)`` for runs that are to be entered, reading one folder after the other."""
    for sequence, run_id in unread:
        folder = RunFolder.of(home, run_id)
        try:
            plan = load_plan(folder)
            run = msgspec.structs.replace(read_summary(folder), sequence=sequence)
        except (MosaicError, OSError) as error:
            logger.warning("run %s is left out: %s", run_id, error, extra={"run_id": run_id})
            continue
        yield run, plan.submitter, plan.priority


def _read_live(
    folder: RunFolder, sequence: int | None, registry: Registry, live: LiveRuns, found: Reconciliation
) -> None:
    if not folder.run_json.exists():
        logger.warning(
            "run %s: its submission was cut short; its folder is removed",
            folder.run_id,
            extra={"run_id": folder.run_id},
        )
        shutil.rmtree(folder.path, ignore_errors=True)
        registry.remove([folder.run_id])
        live.discard(folder.run_id)
        return
    try:
        plan = load_plan(folder)
        run = read_summary(folder)
    except (MosaicError, OSError) as error:
        logger.warning("run %s is left out: %s", folder.run_id, error, extra={"run_id": folder.run_id})
        return
    if sequence is None:
        row = registry.get(folder.run_id)
        run.sequence = row.sequence if row else 0
        run.report = max(run.report, row.report if row else 0)
        registry.update([run])
    else:
        run = registry.add(
            msgspec.structs.replace(run, sequence=sequence), submitter=plan.submitter, priority=plan.priority
        )
    if run.state.terminal and is_finished(folder):
        found.ended.append(run.run_id)
    elif run.state is RunState.QUEUED and not folder.supervisor_log.exists():
        found.waiting.append((run, plan.priority))
    else:
        live.add(run.run_id)
        found.started.append(run)
