"""Row ids: a record's place in the logs of its run is its primary key.

A row id holds, from high bits to low, the worker's number (13 bits), the attempt (6 bits) and the logical byte offset
of the record in that attempt's log (44 bits). Storing a record twice is impossible without a second index, and the rows
of one attempt are one range.
"""

from __future__ import annotations

from typing import NamedTuple

WORKER_SHIFT = 50
ATTEMPT_SHIFT = 44
MAX_WORKER_NO = (1 << 13) - 1
MAX_ATTEMPT = (1 << (WORKER_SHIFT - ATTEMPT_SHIFT)) - 1
MAX_OFFSET = (1 << ATTEMPT_SHIFT) - 1


class Place(NamedTuple):
    """The place where a record was printed."""

    worker_no: int
    attempt: int
    byte_offset: int


def row_id(worker_no: int, attempt: int, byte_offset: int) -> int:
    """Return the row id of a record.

    Args:
        worker_no: The worker's number in its run, 0 (the supervisor) to 8191.
        attempt: 1 to 63 (0 is the lower bound of a worker's ids).
        byte_offset: Logical offset in the attempt's log, bytes, below 16 TiB.

    Raises:
        ValueError: A part does not fit its bits.
    """
    if not (0 <= worker_no <= MAX_WORKER_NO and 0 <= attempt <= MAX_ATTEMPT and 0 <= byte_offset <= MAX_OFFSET):
        raise ValueError(f"no row id for worker {worker_no}, attempt {attempt}, offset {byte_offset}")
    return worker_no << WORKER_SHIFT | attempt << ATTEMPT_SHIFT | byte_offset


def row_place(row: int) -> Place:
    """Return worker, attempt and byte offset of a row id."""
    return Place(row >> WORKER_SHIFT, row >> ATTEMPT_SHIFT & MAX_ATTEMPT, row & MAX_OFFSET)


def row_id_range(worker_no: int, attempt: int | None = None) -> tuple[int, int]:
    """Return the first and last possible row id of a worker, or attempt."""
    first = row_id(worker_no, 0 if attempt is None else attempt, 0)
    last = row_id(worker_no, MAX_ATTEMPT if attempt is None else attempt, MAX_OFFSET)
    return first, last
