"""The bounds within which a line of a log is read as telemetry."""

from __future__ import annotations

MAX_LINE_BYTES = 16 << 20
"""A line of more bytes (its newline aside) is quarantined by offset and length, unread."""

MAX_DEPTH = 256
"""Objects nested deeper are quarantined: far below what any JSON reader's stack can take, whoever calls it."""

EXCERPT_BYTES = 1024
"""How much of a quarantined line is kept beside its reason. The whole stays in the log."""

DECODER_VERSION = 2
"""Recorded with each run: a reindex by the same version gives equal rows."""

DATA_KINDS = frozenset({"step", "episode", "metric"})

LIFECYCLE_KINDS = frozenset(
    {
        "run_started",
        "run_completed",
        "run_failed",
        "run_cancelled",
        "heartbeat",
        "checkpoint_saved",
        "checkpoint_loaded",
    }
)
