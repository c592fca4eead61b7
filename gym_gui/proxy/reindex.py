"""Rebuilds the database of a run without a proxy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.proxy.summary import read_state
from gym_gui.runs import LINGER_S, FileLock, RunFolder, load_plan
from gym_gui.supervision import proxy_of
from gym_gui.telemetry import OldSchema, ReindexReport, check_schema, rebuild_database, schema_version_of


def reindex_run(folder: RunFolder, *, progress: Callable[[int, int], None] | None = None) -> ReindexReport:
    """Rebuild the database of a run without a proxy from its logs.

    See :func:`gym_gui.telemetry.reindex.rebuild` for the resulting rows.

    Args:
        folder: The run's folder.
        progress: Called after each transaction with bytes done and total bytes.

    Raises:
        UsageError: A telemetry proxy is indexing this run.
        TelemetryError: A later version of MOSAIC wrote the database; or logs were dropped and the database, which alone
            has their rows, cannot be read.
        DiskFull: No space for a second database; the old one is untouched.
        MosaicError: There is no such run.
    """
    plan = load_plan(folder)
    lock = FileLock(folder.proxy_lock)
    folder.control.mkdir(exist_ok=True)
    if not lock.acquire(LINGER_S if _has_ended(folder) else 0.0):
        proxy = proxy_of(folder)
        holder = f": {proxy.place}" if proxy is not None and (proxy.alive() or not proxy.here) else ""
        raise UsageError(
            f"run {folder.run_id} is being indexed",
            where=str(folder.proxy_lock),
            why="its telemetry proxy is alive and holds the lock" + holder,
            next_step=f"wait until the run has ended: mosaic runs watch {folder.run_id}",
        )
    try:
        with contextlib.suppress(OldSchema):
            check_schema(schema_version_of(folder.database), folder.database)
        return rebuild_database(folder, plan, progress)
    finally:
        lock.release()


def _has_ended(folder: RunFolder) -> bool:
    """Return whether a run has ended, so that its proxy is about to release its lock."""
    try:
        return read_state(folder).terminal
    except (MosaicError, OSError):
        return False
