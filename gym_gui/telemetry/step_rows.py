"""Steps as stored in the database, for readers of many, and their records."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from gym_gui.logging_config.components.service import LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED
from gym_gui.logging_config.helpers import log_constant
from gym_gui.telemetry.records import StepRecord
from gym_gui.telemetry.rowid import row_place
from gym_gui.telemetry.timestamps import legal_time

logger = logging.getLogger(__name__)

#: Columns of a step's row, in this order. `nan` = 1 marks a NaN reward; `action` and `observation` are JSON as printed,
#: `extra` is a JSON object.
COLUMNS = (
    "id",
    "step_index",
    "ep_index",
    "reward",
    "terminated",
    "truncated",
    "action",
    "observation",
    "timestamp",
    "nan",
    "extra",
    "agent_id",
)
SELECTED = ", ".join((*COLUMNS[:-1], "(SELECT name FROM names WHERE names.id = agent)"))
"""The columns in SQL, of the table ``steps``."""

Row = Sequence[Any]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[list[Any]]).decode


class StepRows(msgspec.Struct):
    """Steps of one attempt of one worker, by their ids."""

    run_id: str
    worker_id: str
    rows: Sequence[Row]
    """Each in the order of `COLUMNS` (further columns are ignored)."""

    def pack(self) -> bytes:
        """Return the rows as MessagePack: an array of arrays."""
        return _encode(self.rows)

    def records(self) -> list[StepRecord]:
        """Return the steps as records."""
        return [step_record(row, self.run_id, self.worker_id) for row in self.rows]


def unpack_steps(data: bytes) -> list[list[Any]]:
    """Return packed rows.

    Raises:
        msgspec.DecodeError: The data is not MessagePack of rows.
    """
    return _decode(data)


def step_record(row: Row, run_id: str, worker_id: str) -> StepRecord:
    """Return a row's record.

    Args:
        row: In the order of `COLUMNS`.
        run_id: Of the run.
        worker_id: Of the worker.
    """
    number, step_index, ep_index, reward, terminated, truncated, action, observation, timestamp, nan, extra, agent = (
        row[: len(COLUMNS)]
    )
    return StepRecord(
        id=number,
        worker_id=worker_id,
        attempt=row_place(number).attempt,
        step_index=step_index,
        ep_index=ep_index,
        agent_id=agent,
        reward=float("nan") if nan else reward,
        terminated=None if terminated is None else bool(terminated),
        truncated=None if truncated is None else bool(truncated),
        action=action,
        observation=observation,
        timestamp=legal_time(timestamp),
        extra=json_object(extra, number, run_id, worker_id) if extra is not None else {},
    )


def json_object(text: str, row: int, run_id: str, worker_id: str) -> dict[str, Any]:
    """Return the object of a JSON column; another value under an empty key."""
    value = json_value(text, row, run_id, worker_id)
    return value if isinstance(value, dict) else {"": value}


def json_value(text: str, row: int, run_id: str, worker_id: str) -> Any:
    """Return the value of a JSON column; log a damaged one and return its text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError, TypeError) as error:
        where = {"run_id": run_id, "worker_id": worker_id, "row": row, "error": str(error)}
        log_constant(logger, LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED, extra=where)
        return text
