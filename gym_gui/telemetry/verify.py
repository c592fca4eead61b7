"""Holds a run's database against a recount of its raw logs: every line, every row, every count."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from gym_gui.core.regular_files import kind_of
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import load_plan
from gym_gui.runs.summary import Ledger
from gym_gui.telemetry.compared import nameless_metrics
from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.limits import DECODER_VERSION
from gym_gui.telemetry.log_check import LogCheck, LogReport, StoredLog
from gym_gui.telemetry.logfile import log_size, logs_of
from gym_gui.telemetry.reader import reading
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.segments import Key, read_segments, readable

_DEADLINE_S = 60.0


class VerifyReport(msgspec.Struct, kw_only=True):
    """The whole run."""

    run_id: str
    ok: bool
    complete: bool
    """Whether the database has read all there is, and all there was. (A run that goes on is verified as far as it has
    been read.)"""
    ledger: Ledger
    """Recounted, the supervisor's log aside."""
    logs: list[LogReport]
    problems: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dict."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


def verify_run(folder: RunFolder, *, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Recount a run's raw logs and compare with its database.

    Args:
        folder: The run's folder. The run may still go on.
        progress: Called now and then with bytes done and bytes in all.

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
    on_record = read_segments(folder)
    total = sum(log.off - log.base for log in sources)
    done = 0
    logs = []
    for log in sources:
        key = (log.worker_no, log.attempt)
        told = _shifted(progress, done, total)
        ends = sealed.get(key, {})
        begun = max(ends, default=0)
        known = [one for one in on_record.get(key, []) if one.byte_offset <= begun]
        there = readable(folder, known)
        before = _rollup_at(there[0].base if there else begun, ends)
        if before is None:
            there, before = [], _rollup_at(begun, ends) or Rollup()
        check = LogCheck(folder, plan.run_id, log, there, begun, before, told, current=decoder == DECODER_VERSION)
        check.report.sealed_segments = len(ends)
        # Of an end that is on no record nobody knows what was lost at it.
        check.report.gaps = sum(one.unseen for one in known) + len(ends.keys() - {one.byte_offset for one in known})
        check.run()
        done += log.off - log.base
        logs.append(check.report)
    problems = _unknown_logs(folder, {report.path for report in logs})
    nameless = nameless_metrics(folder.database)
    if nameless:
        problems.append(f"metrics: {nameless} values of metrics whose names are missing")
    different = bool(problems) or any(report.problems for report in logs)
    if different and decoder != DECODER_VERSION:
        problems.append(
            f"the database was made by decoder {decoder}, this version of MOSAIC reads logs by decoder"
            f" {DECODER_VERSION}: a reindex makes it anew"
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
    """Return what had been counted up to a logical offset, ``None`` where that was not kept."""
    if end == 0:
        return Rollup()
    return Rollup.from_snapshot(ends[end]) if end in ends else None


def _unknown_logs(folder: RunFolder, known: set[str]) -> list[str]:
    problems = []
    for path in logs_of(folder):
        name = str(path.relative_to(folder.path))
        if name not in known and kind_of(path):
            problems.append(f"{name} is {kind_of(path)}, not a file")
        elif name not in known and log_size(path):
            problems.append(f"{name}: this log is not in the database")
    return problems
