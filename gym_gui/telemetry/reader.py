"""Reads a run's telemetry without blocking its writer.

Each call opens the database read-only, fetches a bounded number of rows within a deadline, and closes it before it
returns: a caller that stalls afterwards keeps nothing open.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import NotRegularFile, check_regular
from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs import Ledger, RunFolder, format_episode_id
from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.records import EpisodeRollup, EventRecord, MetricPoint, QuarantineRecord, StepRecord
from gym_gui.telemetry.rollup import Rollup, WorkerRollup
from gym_gui.telemetry.rowid import ATTEMPT_SHIFT, MAX_ATTEMPT, WORKER_SHIFT, row_id_range, row_place
from gym_gui.telemetry.schema import check_schema
from gym_gui.telemetry.step_rows import SELECTED, json_object, json_value, step_record
from gym_gui.telemetry.timestamps import legal_time

MAX_ROWS = 100_000
_OPCODES = 20_000
_Row = tuple[Any, ...]
EPISODE = (
    "id, phase, ep_index, total_reward, steps, terminated, truncated, success, agent_rewards, timestamp, nan, extra,"
    " (SELECT name FROM names WHERE names.id = agent)"
)


class RunReader:
    """Telemetry of one run; without a database it has no rows.

    Rows are returned in the order of their ids: by worker, attempt and place in the log. For the next page, pass the
    last row's id as ``after``.

    Args:
        folder: The run's folder.
        deadline_s: How long one call may keep the database open.
    """

    def __init__(self, folder: RunFolder, *, deadline_s: float = 5.0) -> None:
        self.run_id = folder.run_id
        self._folder = folder
        self._deadline_s = deadline_s

    def ledger(self) -> Ledger:
        """Return where the lines of all workers went."""
        names = ", ".join(Ledger.__struct_fields__)
        rows = self._fetch(f"SELECT {names} FROM rollups WHERE worker_no > 0")  # noqa: S608 - our own column names
        total = Ledger()
        for row in rows:
            total.add(Ledger(**dict(zip(Ledger.__struct_fields__, row, strict=True))))
        return total

    def worker_rollups(self) -> list[WorkerRollup]:
        """Return the rollup of each attempt of each worker."""
        rows = self._fetch(
            "SELECT worker_no, worker_id, attempt, off, closed, state, curve FROM rollups"
            " JOIN cursors USING (worker_no, attempt) WHERE worker_no > 0 ORDER BY worker_no, attempt"
        )
        with failures(self._folder.database, self._deadline_s):
            return [
                Rollup(state, curve).report(number, worker_id, attempt, bytes_read=off, closed=bool(closed))
                for number, worker_id, attempt, off, closed, state, curve in rows
            ]

    def steps(
        self,
        *,
        worker_no: int | None = None,
        attempt: int | None = None,
        agent_id: str | None = None,
        after: int = -1,
        limit: int = 1000,
    ) -> list[StepRecord]:
        """Return steps.

        Args:
            worker_no: Of this worker only.
            attempt: Of this attempt only (with ``worker_no``).
            agent_id: Of this agent only; ``""``: those without an agent.
            after: Only rows with a higher id.
            limit: Maximum number of rows (and at most `MAX_ROWS`).

        Raises:
            TelemetryError: The deadline passed, or the database cannot be read.
        """
        rows = self._rows("steps", SELECTED, worker_no, attempt, after, limit, **of_agent(agent_id))
        return [step_record(row, self.run_id, row[-1]) for row in rows]

    def step_rows(self, worker_no: int, attempt: int, *, after: int, limit: int) -> list[_Row]:
        """Return the stored rows of steps, in the order of `step_rows.COLUMNS`.

        Args:
            worker_no: Of this worker.
            attempt: Of this attempt.
            after: Only rows with a higher id.
            limit: Maximum number of rows.

        Raises:
            TelemetryError: The deadline passed, or the database cannot be read.
        """
        first, last = row_id_range(worker_no, attempt)
        return self._fetch(
            f"SELECT {SELECTED} FROM steps WHERE id BETWEEN :first AND :last ORDER BY id LIMIT :limit",  # noqa: S608
            {"first": max(first, after + 1), "last": last, "limit": limit},
        )

    def episodes(
        self,
        *,
        worker_no: int | None = None,
        attempt: int | None = None,
        agent_id: str | None = None,
        after: int = -1,
        limit: int = 1000,
    ) -> list[EpisodeRollup]:
        """Return episodes (arguments and errors as of :meth:`steps`)."""
        return [
            self._episode(row)
            for row in self._rows("episodes", EPISODE, worker_no, attempt, after, limit, **of_agent(agent_id))
        ]

    def metric_names(self) -> list[str]:
        """Return the names of all metrics, sorted."""
        rows = self._fetch(
            "SELECT name FROM names WHERE EXISTS (SELECT 1 FROM metrics WHERE metrics.name = names.id) ORDER BY name"
        )
        return [name for (name,) in rows]

    def metrics(
        self, name: str, *, worker_no: int | None = None, attempt: int | None = None, after: int = -1, limit: int = 1000
    ) -> list[MetricPoint]:
        """Return values of one metric (other arguments and errors as of :meth:`steps`)."""
        number = "(SELECT id FROM names WHERE name = :name)"
        return [
            MetricPoint(
                id=row,
                worker_id=worker_id,
                attempt=row_place(row).attempt,
                name=name,
                step=step,
                value=float("nan") if value is None else value,
                timestamp=legal_time(timestamp),
            )
            for row, step, value, timestamp, worker_id in self._rows(
                "metrics",
                "id, step, value, timestamp",
                worker_no,
                attempt,
                after,
                limit,
                where=f"metrics.name = {number} AND ",
                name=name,
            )
        ]

    def events(
        self, *, worker_no: int | None = None, attempt: int | None = None, after: int = -1, limit: int = 1000
    ) -> list[EventRecord]:
        """Return lifecycle events, the supervisor's as worker 0 (otherwise as :meth:`steps`)."""
        return [
            EventRecord(
                id=row,
                worker_id=worker_id if row_place(row).worker_no else "",
                attempt=row_place(row).attempt,
                event=event,
                timestamp=legal_time(timestamp),
                payload=None if payload is None else json_value(payload, row, self.run_id, worker_id),
                extra=self._object(extra, row, worker_id),
            )
            for row, event, timestamp, payload, extra, worker_id in self._rows(
                "events", "id, event, timestamp, payload, extra", worker_no, attempt, after, limit
            )
        ]

    def quarantine(
        self, *, worker_no: int | None = None, attempt: int | None = None, after: int = -1, limit: int = 1000
    ) -> list[QuarantineRecord]:
        """Return quarantined lines and objects (arguments and errors as of :meth:`steps`)."""
        return [
            QuarantineRecord(
                id=row,
                worker_id=worker_id if row_place(row).worker_no else "",
                attempt=row_place(row).attempt,
                byte_offset=row_place(row).byte_offset,
                length=length,
                reason=reason,
                detail=detail,
                excerpt=excerpt,
            )
            for row, length, reason, detail, excerpt, worker_id in self._rows(
                "quarantine", "id, length, reason, detail, excerpt", worker_no, attempt, after, limit
            )
        ]

    def _rows(
        self,
        table: str,
        columns: str,
        worker_no: int | None,
        attempt: int | None,
        after: int,
        limit: int,
        *,
        where: str = "",
        **values: Any,
    ) -> list[_Row]:
        """Return columns of a table's rows in id order, the worker id last."""
        first, last = (0, (1 << 63) - 1) if worker_no is None else row_id_range(worker_no, attempt)
        values |= {"first": max(first, after + 1), "last": last, "limit": max(0, min(limit, MAX_ROWS))}
        return self._fetch(
            f"SELECT {columns}, {worker_of(table)}"  # noqa: S608 - our own names
            f" FROM {table} WHERE {where}{table}.id BETWEEN :first AND :last ORDER BY {table}.id LIMIT :limit",
            values,
        )

    def _episode(self, row: _Row) -> EpisodeRollup:
        """Return an episode of the columns `EPISODE` and the worker's id."""
        (number, phase, ep_index, total_reward, steps, terminated, truncated, success, agent_rewards, timestamp, nan,
         extra, agent, worker_id) = row  # fmt: skip
        return EpisodeRollup(
            id=number,
            episode_id=_episode_id(self.run_id, ep_index, worker_id),
            worker_id=worker_id,
            attempt=row_place(number).attempt,
            phase="eval" if phase else "train",
            ep_index=ep_index,
            agent_id=agent,
            total_reward=_number(total_reward, nan),
            steps=steps,
            terminated=_truth(terminated),
            truncated=_truth(truncated),
            success=_truth(success),
            agent_rewards=None if agent_rewards is None else self._object(agent_rewards, number, worker_id),
            timestamp=legal_time(timestamp),
            extra=self._object(extra, number, worker_id),
        )

    def _object(self, text: str | None, row: int, worker_id: str) -> dict[str, Any]:
        return {} if text is None else json_object(text, row, self.run_id, worker_id)

    def _fetch(self, statement: str, values: dict[str, Any] | None = None) -> list[_Row]:
        if not os.path.lexists(self._folder.database):
            return []
        with reading(self._folder.database, self._deadline_s) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'rollups'").fetchone() is None:
                return []  # it is being created
            return connection.execute(statement, values or {}).fetchall()


def last_episode_index(connection: sqlite3.Connection, worker_id: str | None = None) -> int:
    """Return the highest index of a run's training episodes, -1 if there are none.

    Args:
        connection: A connection to the run's database.
        worker_id: Of this worker; ``None``: of all.
    """
    sources = connection.execute("SELECT worker_no, attempt, worker_id FROM cursors").fetchall()
    ranges = [row_id_range(number, attempt) for number, attempt, name in sources if worker_id in (None, name)]
    statement = "SELECT max(ep_index) FROM episodes WHERE id BETWEEN ? AND ? AND phase = 0"
    found = [connection.execute(statement, bounds).fetchone()[0] for bounds in ranges]
    return max((index for index in found if index is not None), default=-1)


def worker_of(table: str) -> str:
    """Return the expression of the worker id of a table's row."""
    return (
        f"(SELECT worker_id FROM cursors WHERE worker_no = {table}.id >> {WORKER_SHIFT}"  # noqa: S608 - our own names
        f" AND attempt = {table}.id >> {ATTEMPT_SHIFT} & {MAX_ATTEMPT})"
    )


@contextlib.contextmanager
def reading(path: Path, deadline_s: float) -> Iterator[sqlite3.Connection]:
    """Open a run's database read-only for a limited time.

    Args:
        path: The database.
        deadline_s: Statements that run longer than this are stopped.

    Raises:
        TelemetryError: The deadline passed, or the database cannot be read, or is of another schema.
    """
    deadline = time.monotonic() + deadline_s
    with failures(path, deadline_s):
        connection = open_readonly(path, deadline_s, lambda: time.monotonic() > deadline)
        try:
            yield connection
        finally:
            connection.close()


def open_readonly(path: Path, deadline_s: float, late: Callable[[], bool]) -> sqlite3.Connection:
    """Open a run's database read-only, for one thread at a time.

    Args:
        path: The database.
        deadline_s: Maximum wait for a lock.
        late: Called while a statement runs; the statement is interrupted once it returns true.

    Raises:
        sqlite3.Error: It cannot be read.
        TelemetryError: It is of another schema.
    """
    check_regular(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=min(deadline_s, 5.0),
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.set_progress_handler(late, _OPCODES)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "meta" not in tables:  # one transaction creates all tables
            raise sqlite3.DatabaseError("another program created it")
        if tables:
            (version,) = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            check_schema(version, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def failures(path: Path, deadline_s: float) -> Iterator[None]:
    """Translate errors of a run's database into ones that name the next step.

    Args:
        path: The database.
        deadline_s: The deadline that an interrupted statement exceeded.

    Raises:
        TelemetryError: For every SQLite error, and if something else than a database has its name.
    """
    try:
        yield
    except NotRegularFile as error:
        raise TelemetryError(
            f"the telemetry cannot be read: telemetry.db {error.strerror}",
            where=str(path),
            why="it was replaced by something else",
            next_step=f"mosaic runs reindex {path.parent.name}  (rebuilds it from the logs)",
        ) from error
    except sqlite3.OperationalError as error:
        late = "interrupted" in str(error)
        raise TelemetryError(
            f"reading the telemetry took longer than {deadline_s:g} s" if late else "the telemetry cannot be read",
            where=str(path),
            why=str(error),
            next_step="request fewer rows at a time" if late else f"mosaic runs reindex {path.parent.name}",
        ) from error
    except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
        raise TelemetryError(
            "the telemetry database is damaged",
            where=str(path),
            why=str(error),
            next_step=f"mosaic runs reindex {path.parent.name}  (rebuilds it from the logs)",
        ) from error


def _episode_id(run_id: str, ep_index: int, worker_id: str) -> str:
    """Return an episode's id; for an illegal index, text of the same form."""
    try:
        return format_episode_id(run_id, ep_index, worker_id)
    except ConfigError:
        return f"{run_id}-w{worker_id}-ep{ep_index}"


def _number(value: float | None, nan: int | None) -> float | None:
    return float("nan") if nan else value


def _truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def of_agent(agent_id: str | None) -> dict[str, str]:
    """Return the arguments of a query that select an agent."""
    if agent_id is None:
        return {}
    if not agent_id:
        return {"where": "agent = 0 AND "}
    return {"where": "agent = (SELECT id FROM names WHERE name = :agent_id) AND ", "agent_id": agent_id}
