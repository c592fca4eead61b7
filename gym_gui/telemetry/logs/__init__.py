"""A worker's log on disk: its files over time, and reading it from a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.telemetry.logs.logfile import (
        LogRecord,
        compressed_path,
        dropped_logs,
        dropped_record,
        file_sha256,
        is_compressed,
        log_size,
        logs_of,
        open_log,
        record_path,
    )
    from gym_gui.telemetry.logs.segments import TRUNCATED_EVENT, Segment
    from gym_gui.telemetry.logs.watch import LogWatch
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "LogRecord": "logfile",
            "LogWatch": "watch",
            "Segment": "segments",
            "TRUNCATED_EVENT": "segments",
            "compressed_path": "logfile",
            "dropped_logs": "logfile",
            "dropped_record": "logfile",
            "file_sha256": "logfile",
            "is_compressed": "logfile",
            "log_size": "logfile",
            "logs_of": "logfile",
            "open_log": "logfile",
            "record_path": "logfile",
        },
    )

__all__ = [
    "TRUNCATED_EVENT",
    "LogRecord",
    "LogWatch",
    "Segment",
    "compressed_path",
    "dropped_logs",
    "dropped_record",
    "file_sha256",
    "is_compressed",
    "log_size",
    "logs_of",
    "open_log",
    "record_path",
]
