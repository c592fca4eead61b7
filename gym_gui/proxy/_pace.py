"""How often a proxy reads the logs of its run.

Each read is a transaction: fewer reads write fewer bytes.
"""

from __future__ import annotations

#: Seconds between two reads: while a worker starts or ends, while a client streams the rows, while one watches the run
#: or has requested its end, otherwise, and while no worker prints.
TICK_HURRIED_S = 0.005
TICK_STREAMED_S = 0.048
TICK_WATCHED_S = 0.05
TICK_S = 0.1
TICK_REST_S = 0.2
#: Seconds without a printed line after which the logs are at rest.
REST_AFTER_S = 10.0
#: Bytes a second of a flood of lines. A read costs a millisecond beside its lines: to a user a flood looks no smoother
#: when it is read more often than every TICK_S, and to be watched must not cost its ingestion anything.
FLOOD_BYTES_PER_S = 1 << 20


def is_flood(read: int, elapsed_s: float) -> bool:
    """Return whether a flood of lines came in.

    Args:
        read: Bytes that the last read found.
        elapsed_s: Seconds since the one before.
    """
    return read > FLOOD_BYTES_PER_S * max(TICK_WATCHED_S, elapsed_s)


def next_pause_s(*, behind: bool, hurried: bool, flood: bool, streamed: bool, watched: bool, quiet_s: float) -> float:
    """Return the seconds until the next read.

    Args:
        behind: There are lines left that could be read at once.
        hurried: A worker starts or ends.
        flood: The last read found a flood of lines.
        streamed: A client streams the rows.
        watched: A client watches the run, or has requested its end.
        quiet_s: Seconds since the last printed line.
    """
    if behind:
        return 0.0
    if hurried:
        return TICK_HURRIED_S
    if flood:
        return TICK_S
    if streamed:
        return TICK_STREAMED_S
    if watched:
        return TICK_WATCHED_S
    return TICK_REST_S if quiet_s > REST_AFTER_S else TICK_S
