"""Says in the log that lines were kept aside: the first at once, then each time their number has doubled."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from gym_gui.logging_config.components.proxy import LOG_PROXY_INGEST_QUARANTINED
from gym_gui.logging_config.components.service import LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED
from gym_gui.logging_config.helpers import log_constant
from gym_gui.telemetry.rowid import place

logger = logging.getLogger(__name__)

#: Reasons that tell of bytes that are no readable JSON. Of the other lines the JSON was read, and was no telemetry.
UNDECODABLE = frozenset({"torn", "not_utf8", "unreadable", "deep_nesting", "lone_surrogate", "over_long"})


class Refusals:
    """Counts the quarantined lines of a run's logs.

    Args:
        run_id: The run.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._counts: Counter[tuple[str, int, bool]] = Counter()

    def note(self, worker_id: str, attempt: int, found: Sequence[tuple[int, str, str]]) -> None:
        """Take what a transaction has put into the quarantine.

        Args:
            worker_id: Whose log it is from.
            attempt: Of which attempt.
            found: Row id, reason and detail of each.
        """
        for row, reason, detail in found:
            undecodable = reason in UNDECODABLE
            key = (worker_id, attempt, undecodable)
            self._counts[key] += 1
            number = self._counts[key]
            if number & (number - 1) == 0:  # 1, 2, 4, 8, ...
                code = LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED if undecodable else LOG_PROXY_INGEST_QUARANTINED
                where = {"run_id": self._run_id, "worker_id": worker_id, "attempt": attempt}
                values = {"byte_offset": place(row).byte_offset, "reason": reason, "detail": detail, "so_far": number}
                log_constant(logger, code, extra={**where, **values})
