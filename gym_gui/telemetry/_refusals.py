"""Logs quarantined lines: the first at once, then whenever their number has doubled."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from gym_gui.logging_config.components.proxy import LOG_PROXY_INGEST_QUARANTINED
from gym_gui.logging_config.components.service import LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED
from gym_gui.logging_config.helpers import log_constant
from gym_gui.telemetry.rowid import row_place

logger = logging.getLogger(__name__)

#: Reasons that mean unreadable JSON. The other quarantined lines are JSON, but not telemetry.
UNDECODABLE = frozenset({"torn", "not_utf8", "unreadable", "deep_nesting", "lone_surrogate", "over_long"})


class Refusals:
    """Counts the quarantined lines of a run's logs.

    Args:
        run_id: The run.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._counts: Counter[tuple[str, int, bool]] = Counter()

    def note(self, worker_id: str, attempt: int, quarantined: Sequence[tuple[int, str, str]]) -> None:
        """Count the lines that one transaction quarantined, and log them.

        Args:
            worker_id: The worker whose log it is.
            attempt: Its attempt.
            quarantined: Row id, reason and detail of each.
        """
        for row, reason, detail in quarantined:
            undecodable = reason in UNDECODABLE
            key = (worker_id, attempt, undecodable)
            self._counts[key] += 1
            number = self._counts[key]
            if number & (number - 1) == 0:  # 1, 2, 4, 8, ...
                code = LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED if undecodable else LOG_PROXY_INGEST_QUARANTINED
                where = {"run_id": self._run_id, "worker_id": worker_id, "attempt": attempt}
                values = {
                    "byte_offset": row_place(row).byte_offset,
                    "reason": reason,
                    "detail": detail,
                    "so_far": number,
                }
                log_constant(logger, code, extra={**where, **values})
