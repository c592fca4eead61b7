"""Reads a run's episodes in any order, and the steps of one of them."""

from __future__ import annotations

from typing import Any

from gym_gui.telemetry.reader import EPISODE, MAX_ROWS, RunReader, of_agent, worker_of
from gym_gui.telemetry.records import EpisodeRollup, StepRecord
from gym_gui.telemetry.rowid import row_id_range, row_place
from gym_gui.telemetry.step_rows import SELECTED, step_record

ORDERS = ("id", "ep_index", "total_reward", "steps", "timestamp")


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
        values: dict[str, Any] = {**agent, "first": first, "last": last, "phase": int(phase == "eval"),
                                  "offset": offset, "limit": max(0, min(limit, MAX_ROWS))}  # fmt: skip
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
        found = self._fetch("SELECT ep_index, agent FROM episodes WHERE id = :episode", {"episode": episode})
        if not found:
            return None
        ((index, agent),) = found
        first, _ = row_id_range(row_place(episode).worker_no, row_place(episode).attempt)
        values = {"index": index, "agent": agent, "first": max(first, after + 1), "last": episode,
                  "limit": max(0, min(limit, MAX_ROWS))}  # fmt: skip
        rows = self._fetch(
            f"SELECT {SELECTED}, {worker_of('steps')} FROM steps"  # noqa: S608 - our own names
            " WHERE id BETWEEN :first AND :last AND ep_index = :index AND (:agent = 0 OR agent = :agent)"
            " ORDER BY id LIMIT :limit",
            values,
        )
        return [step_record(row, self.run_id, row[-1]) for row in rows]
