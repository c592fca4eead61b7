"""Verification report of one log, and the database's record of it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gym_gui.runs import Ledger
from gym_gui.telemetry.logs.logfile import LogRecord


class LogReport(msgspec.Struct, kw_only=True):
    """Result for one log."""

    worker_id: str
    """Empty: the supervisor's own."""
    attempt: int
    path: str
    recounted: Ledger
    """From the raw log, as far as the database had read it."""
    database: Ledger
    """The database's ledger of the same stretch."""
    base: int = 0
    """Logical offset at which the present file begins: not 0 after a truncation."""
    unread_bytes: int = 0
    """Of the log, after the database's cursor."""
    sealed_segments: int = 0
    """Stretches of this log that ended because it was renamed, replaced or truncated."""
    recounted_segments: int = 0
    """Those that are kept and were recounted."""
    gaps: int = 0
    """Number of moments at which printed lines may have been lost."""
    compressed: bool = False
    dropped: LogRecord | None = None
    """The log was dropped after it had been recounted: those counts are compared."""
    problems: list[str] = []


class StoredLog(NamedTuple):
    """Cursor and rollup of one log in the database."""

    worker_no: int
    attempt: int
    worker_id: str
    path: str
    off: int
    base: int
    overlong: int | None
    closed: int
    state: bytes
    curve: bytes
    lines: int
    stored: int
    log: int
    quarantined: int
    records: int
    dropped: int
    sampled: int
    episodes: int
    steps: int
    last_event: str
