"""Limits of valid telemetry: lines outside of them are quarantined.

Every reader relies on them: a value within the limits can be stored, compared, sent and shown.
"""

from __future__ import annotations

MAX_LINE_BYTES = 16 << 20
"""A longer line (without its newline) is quarantined by offset and length, unread."""

MAX_DEPTH = 256
"""Objects nested deeper are quarantined: far below the stack limit of any JSON parser."""

EXCERPT_BYTES = 1024
"""Bytes of a quarantined line that are stored with its reason. The log has all of it."""

MAX_INDEX = (1 << 63) - 1
"""Indexes, lengths and counts go from 0 to this."""

MAX_NAME_CHARACTERS = 512
"""Of an agent's id or a metric's name."""

MAX_METRIC_VALUES = 4096
"""Numbers in one metric event."""

END_OF_TIME = 253402300800.0
"""Times are from 0 to before this, Unix seconds: the year 10,000. Others are stored as printed."""

DECODER_VERSION = 2
"""Recorded with each run: a reindex by the same version yields equal rows and rollups.

The reasons and details of quarantined lines are part of it.
"""

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
