"""Compares a run's database with a recount of its raw logs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from gym_gui.core.regular_files import kind_of
from gym_gui.runs import Ledger, RunFolder, load_plan
from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.limits import DECODER_VERSION
from gym_gui.telemetry.logs.logfile import log_size, logs_of
from gym_gui.telemetry.logs.segments import Key, read_segments, readable
from gym_gui.telemetry.reader import reading
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.verify._compared import nameless_metrics
from gym_gui.telemetry.verify._log_check import LogCheck
from gym_gui.telemetry.verify._log_report import LogReport, StoredLog

_DEADLINE_S = 60.0


class VerifyReport(msgspec.Struct, kw_only=True):
    """Result for a whole run."""

    run_id: str
    ok: bool
    complete: bool
    """Whether the database has every line of the logs and none was lost. (An active run is verified as far as it has
    been indexed.)"""
    ledger: Ledger
    """Recounted, without the supervisor's log."""
    logs: list[LogReport]
    problems: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dict."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


def verify_run(folder: RunFolder, *, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Recount a run's raw logs and compare with its database.

    Args:
        folder: The run's folder. The run may still be active.
        progress: Called now and then with bytes done and total bytes.

    Raises:
        MosaicError: There is no such run, or its database is missing or cannot be read.
    """
    plan = load_plan(folder)
    if not os.path.lexists(folder.database):
        raise TelemetryError(
            f"run {folder.run_id} has no telemetry database",
            where=str(folder.database),
            why="it never started, or the file was removed",
            next_step=f"mosaic runs reindex {folder.run_id}",
        )
    with reading(folder.database, _DEADLINE_S) as connection:
        connection.execute("BEGIN")
        (decoder,) = connection.execute("SELECT value FROM meta WHERE key = 'decoder'").fetchone()
        sources = [
            StoredLog(*row)
            for row in connection.execute(
                "SELECT worker_no, attempt, worker_id, path, off, base, overlong, closed, state, curve, lines, stored,"
                " log, quarantined, records, dropped, sampled, episodes, steps, last_event"
                " FROM cursors JOIN rollups USING (worker_no, attempt) ORDER BY worker_no, attempt"
            )
        ]
        sealed: dict[Key, dict[int, bytes]] = {}
        for number, attempt, end, rollup in connection.execute(
            "SELECT worker_no, attempt, end, rollup FROM segments ORDER BY base"
        ):
            sealed.setdefault((number, attempt), {})[end] = rollup
    recorded_segments = read_segments(folder)
    total = sum(log.off - log.base for log in sources)
    done = 0
    logs = []
    for log in sources:
        key = (log.worker_no, log.attempt)
        report_bytes = _shifted(progress, done, total)
        ends = sealed.get(key, {})
        begun = max(ends, default=0)
        recorded = [one for one in recorded_segments.get(key, []) if one.byte_offset <= begun]
        kept = readable(folder, recorded)
        before = _rollup_at(kept[0].base if kept else begun, ends)
        if before is None:
            kept, before = [], _rollup_at(begun, ends) or Rollup()
        current = decoder == DECODER_VERSION
        check = LogCheck(folder, plan.run_id, log, kept, begun, before, report_bytes, current=current)
        check.report.sealed_segments = len(ends)
        # Lines may have been lost at an end without a record.
        unrecorded = ends.keys() - {one.byte_offset for one in recorded}
        check.report.gaps = sum(one.unseen for one in recorded) + len(unrecorded)
        check.run()
        done += log.off - log.base
        logs.append(check.report)
    problems = _unread_logs(folder, {report.path for report in logs})
    nameless = nameless_metrics(folder.database)
    if nameless:
        problems.append(f"metrics: {nameless} values of metrics whose names are missing")
    different = bool(problems) or any(report.problems for report in logs)
    if different and decoder != DECODER_VERSION:
        problems.append(
            f"the database was made by decoder {decoder}, this version of MOSAIC reads logs by decoder"
            f" {DECODER_VERSION}: a reindex rebuilds it"
        )
    ledger = Ledger()
    for report in logs:
        if report.worker_id:
            ledger.add(report.recounted)
    return VerifyReport(
        run_id=plan.run_id,
        ok=not different,
        complete=not different and not any(report.unread_bytes or report.gaps for report in logs),
        ledger=ledger,
        logs=logs,
        problems=problems,
    )


def _shifted(progress: Callable[[int, int], None] | None, done: int, total: int) -> Callable[[int], None]:
    return lambda here: None if progress is None else progress(done + here, total)


def _rollup_at(end: int, ends: dict[int, bytes]) -> Rollup | None:
    """Return the rollup up to a logical offset, ``None`` if it was not stored."""
    if end == 0:
        return Rollup()
    return Rollup.from_snapshot(ends[end]) if end in ends else None


def _unread_logs(folder: RunFolder, read: set[str]) -> list[str]:
    problems = []
    for path in logs_of(folder):
        name = str(path.relative_to(folder.path))
        if name not in read and kind_of(path):
            problems.append(f"{name} is {kind_of(path)}, not a file")
        elif name not in read and log_size(path):
            problems.append(f"{name}: this log is not in the database")
    return problems
