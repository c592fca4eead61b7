"""Reads a run's episodes in any order, and the steps of one of them."""

from __future__ import annotations

from typing import Any

from gym_gui.telemetry.reader import EPISODE, MAX_ROWS, RunReader, of_agent, worker_of
from gym_gui.telemetry.records import EpisodeRollup, StepRecord
from gym_gui.telemetry.rowid import ATTEMPT_SHIFT, row_id_range, row_place
from gym_gui.telemetry.step_rows import SELECTED, step_record

ORDERS = ("id", "ep_index", "total_reward", "steps", "timestamp")
#: The largest whole number of SQLite.
_LARGEST = (1 << 63) - 1


class EpisodeReader(RunReader):
    """Episodes of one run; arguments and errors as of :class:`~gym_gui.telemetry.reader.RunReader`."""

    def page(
        self,
        order: str = "id",
        *,
        descending: bool = False,
        phase: str | None = None,
        worker_no: int | None = None,
        agent_id: str | None = None,
        row: int | None = None,
        index: int | None = None,
        offset: int = 0,
        limit: int = 1000,
    ) -> tuple[list[EpisodeRollup], int]:
        """Return episodes in some order, and how many there are in all.

        Args:
            order: One of `ORDERS`; episodes without the value, and those whose value is NaN, are last.
            descending: From the highest down.
            phase: ``train`` or ``eval`` only.
            worker_no: Of this worker only.
            agent_id: Of this agent only; ``""``: those without an agent.
            row: The one with this row id only.
            index: Those with this number only.
            offset: Episodes to skip.
            limit: Maximum number of episodes (and at most `MAX_ROWS`).

        Raises:
            ValueError: There is no such order.
            TelemetryError: The deadline passed, or the database cannot be read.
        """
        if order not in ORDERS:
            raise ValueError(f"episodes have no order {order!r}")
        first, last = (0, (1 << 63) - 1) if worker_no is None else row_id_range(worker_no)
        agent = of_agent(agent_id)
        where = agent.pop("where", "") + ("" if phase is None else "phase = :phase AND ")
        where += "" if index is None else "ep_index = :index AND "
        if row is not None:
            first, last = max(first, row), min(last, row)
        values: dict[str, Any] = {**agent, "first": first, "last": last, "phase": int(phase == "eval"),
                                  "index": index, "offset": offset, "limit": max(0, min(limit, MAX_ROWS))}  # fmt: skip
        found = f"FROM episodes WHERE {where}id BETWEEN :first AND :last"
        rows = self._fetch(
            f"SELECT {EPISODE}, {worker_of('episodes')} {found}"
            f" ORDER BY {order} IS NULL, {order} {'DESC' if descending else 'ASC'}, id LIMIT :limit OFFSET :offset",
            values,
        )
        counted = self._fetch(f"SELECT count(*) {found}", values)
        return [self._episode(row) for row in rows], counted[0][0] if counted else 0

    def worker_numbers(self) -> dict[str, int]:
        """Return the number of each worker that has printed anything, by its id."""
        return dict(self._fetch("SELECT DISTINCT worker_id, worker_no FROM cursors WHERE worker_no > 0"))

    def steps_of(self, episode: int, *, after: int = -1, limit: int = 1000) -> list[StepRecord] | None:
        """Return the steps of an episode, in the order in which they were printed.

        Args:
            episode: The episode's row id.
            after: Only rows with a higher id.
            limit: Maximum number of rows (and at most `MAX_ROWS`).

        Returns:
            ``None`` if there is no such episode.

        Raises:
            TelemetryError: The deadline passed, or the database cannot be read.
        """
        found = self._fetch("SELECT ep_index, agent, phase FROM episodes WHERE id = :episode", {"episode": episode})
        if not found:
            return None
        ((index, agent, phase),) = found
        place = row_place(episode)
        first, _ = row_id_range(place.worker_no, place.attempt)
        wanted = max(0, min(limit, MAX_ROWS))
        values = {
            "index": index,
            "agent": agent,
            "first": max(first, min(after, _LARGEST - 1) + 1),
            "last": episode,
            "limit": wanted,
        }
        shared = self._fetch(
            "SELECT 1 FROM episodes WHERE id >> 44 = :attempt AND phase = :phase AND ep_index = :index LIMIT 1",
            {"attempt": first >> ATTEMPT_SHIFT, "phase": 1 - phase, "index": index},
        )
        steps: list[StepRecord] = []
        while True:
            rows = self._fetch(
                f"SELECT {SELECTED}, {worker_of('steps')} FROM steps"  # noqa: S608 - our own names
                " WHERE id BETWEEN :first AND :last AND ep_index = :index AND (:agent = 0 OR agent = :agent)"
                " ORDER BY id LIMIT :limit",
                values,
            )
            read = [step_record(row, self.run_id, row[-1]) for row in rows]
            # Training and evaluation count their episodes apart: where both have one of this number, steps say which.
            steps += [step for step in read if not shared or (step.extra.get("phase") == "eval") == bool(phase)]
            if len(rows) < wanted or len(steps) >= wanted:
                return steps[:wanted]
            values["first"] = read[-1].id + 1

    def until(self, episode: int, *, limit: int) -> list[EpisodeRollup]:
        """Return an episode, and those of the same worker, attempt, phase and agent before it, the last ones first.

        Args:
            episode: The row id of the last one.
            limit: Maximum number of episodes (and at most `MAX_ROWS`).

        Raises:
            TelemetryError: The deadline passed, or the database cannot be read.
        """
        place = row_place(episode)
        first, _ = row_id_range(place.worker_no, place.attempt)
        rows = self._fetch(
            f"SELECT {EPISODE}, {worker_of('episodes')} FROM episodes"  # noqa: S608 - our own names
            " WHERE id BETWEEN :first AND :last AND (phase, agent) ="
            " (SELECT phase, agent FROM episodes WHERE id = :last) ORDER BY id DESC LIMIT :limit",
            {"first": first, "last": episode, "limit": max(0, min(limit, MAX_ROWS))},
        )
        return [self._episode(row) for row in rows]
