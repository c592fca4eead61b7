"""The bounds within which a line of a log is read as telemetry: what lies outside of them is quarantined.

Whatever lies within them can be stored, compared, sent and shown: every reader relies on it.
"""

from __future__ import annotations

MAX_LINE_BYTES = 16 << 20
"""A line of more bytes (its newline aside) is quarantined by offset and length, unread."""

MAX_DEPTH = 256
"""Objects nested deeper are quarantined: far below what any JSON reader's stack can take, whoever calls it."""

EXCERPT_BYTES = 1024
"""How much of a quarantined line is kept beside its reason. The whole stays in the log."""

MAX_INDEX = (1 << 63) - 1
"""Indexes, lengths and counts go from 0 to this."""

MAX_NAME_CHARACTERS = 512
"""Of an agent's id or a metric's name."""

MAX_METRIC_VALUES = 4096
"""Numbers in one metric event."""

END_OF_TIME = 253402300800.0
"""Times go from 0 to before this, Unix seconds: the year 10,000. One outside of them is kept as it was printed."""

DECODER_VERSION = 2
"""Recorded with each run: a reindex by the same version gives equal rows and equal rollups."""

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
