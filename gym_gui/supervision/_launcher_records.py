"""Records that a launcher writes of its worker; unreadable ones count as missing or empty."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs import READ_ERRORS
from gym_gui.supervision.facts import ExitFacts
from gym_gui.supervision.identity import ProcessIdentity

T = TypeVar("T")
Short = Annotated[int, msgspec.Meta(ge=-(1 << 31), lt=1 << 31)]
Long = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class StartedRecord(msgspec.Struct, frozen=True):
    """Written when the worker's process was there, before its program ran."""

    launcher: ProcessIdentity | None = None
    worker: ProcessIdentity | None = None
    started_at: float | None = None
    """Unix time."""
    monotonic: float | None = None


class ExitRecord(msgspec.Struct, frozen=True):
    """Written when the worker had ended, and again (``swept``) when nothing that it left behind lived."""

    code: Short | None = None
    signal: Short | None = None
    reason: str = ""
    error: str = ""
    signalled_at: float | None = None
    ended_at: float | None = None
    cpu_seconds: float | None = None
    max_rss_bytes: Long | None = None
    strays: Long = 0
    swept: bool = False

    def facts(self) -> ExitFacts:
        """Return what a supervisor needs of it."""
        return ExitFacts(
            code=self.code,
            signal=self.signal,
            reason=self.reason,
            error=self.error,
            signalled=self.signalled_at is not None,
            at=self.ended_at or 0.0,
            cpu_seconds=self.cpu_seconds,
            max_rss_bytes=self.max_rss_bytes,
            strays=self.strays,
        )


def read_started(path: Path) -> StartedRecord | None:
    """Return a started record; an empty one where there is one that cannot be read, ``None`` where there is none.

    Its existence proves that the worker has run, whatever it contains.
    """
    return _read(path, StartedRecord) or (StartedRecord() if os.path.lexists(path) else None)


def read_exit(path: Path) -> ExitRecord | None:
    """Return an exit record, ``None`` without one that says how the worker ended."""
    record = _read(path, ExitRecord)
    complete = record is not None and (record.code is not None or record.signal is not None or record.reason)
    return record if complete else None


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(read_regular(path), type=kind)
    except READ_ERRORS:
        return None
