"""Columns that `mosaic runs verify` compares, with names in place of their ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.telemetry.reader import reading
from gym_gui.telemetry.verify._json_objects import canonical

_PAGE = 20_000
_PAGE_DEADLINE_S = 60.0
#: An agent with a missing name is NULL, which differs from every name and from no agent.
_AGENT = "CASE agent WHEN 0 THEN '' ELSE (SELECT name FROM names WHERE names.id = agent) END"


class Table(NamedTuple):
    """Query of a table's rows, and the indexes of their JSON columns."""

    query: str
    json: tuple[int, ...] = ()


#: In the order of `recount.Record.values`.
COMPARED = {
    "steps": Table(
        f"id, step_index, ep_index, {_AGENT}, reward, terminated, truncated, action, observation, timestamp, nan, extra"
        " FROM steps",
        (7, 8, 11),
    ),
    "episodes": Table(
        f"id, phase, ep_index, {_AGENT}, total_reward, steps, terminated, truncated, success, agent_rewards, timestamp,"
        " nan, extra FROM episodes",
        (9, 12),
    ),
    "events": Table("id, event, timestamp, payload, extra FROM events", (3, 4)),
    "metric_extras": Table("id, extra FROM metric_extras", (1,)),
    "quarantine": Table("id, length, reason, detail, excerpt FROM quarantine"),
}


def same(table: str, stored: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """Return whether two rows are equal, JSON columns by value."""
    if stored == expected:
        return True
    return all(
        one == other or (place in COMPARED[table].json and canonical(one) == canonical(other))
        for place, (one, other) in enumerate(zip(stored, expected, strict=True))
    )


def stored_rows(database: Path, table: str, first: int, end: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows with ids from `first` to before `end`, the database closed between pages."""
    after = first - 1
    while True:
        with reading(database, _PAGE_DEADLINE_S) as connection:
            page = connection.execute(
                f"SELECT {COMPARED[table].query} WHERE id > ? AND id < ? ORDER BY id LIMIT {_PAGE}",
                (after, end),
            ).fetchall()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1][0]


class Signature:
    """An order-independent checksum of metric values."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and (self.count, self._sum) == (other.count, other._sum)

    __hash__ = None  # type: ignore[assignment]

    def add(self, row: int, step: int | None, name: str, value: float | None, timestamp: float | None) -> None:
        """Add one value."""
        self.count += 1
        text = f"{row}\0{step}\0{name}\0{value!r}\0{timestamp!r}".encode("utf-8", "surrogatepass")
        self._sum += int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
        self._sum &= (1 << 64) - 1


def stored_signature(database: Path, first: int, end: int) -> Signature:
    """Return the signature of the stored metrics from `first` to before `end`."""
    signature = Signature()
    with reading(database, _PAGE_DEADLINE_S) as connection:
        names = connection.execute(
            "SELECT id, name FROM names WHERE EXISTS"
            " (SELECT 1 FROM metrics WHERE metrics.name = names.id AND metrics.id BETWEEN ? AND ?)",
            (first, end - 1),
        ).fetchall()
    after = first - 1
    while names:
        room = _PAGE
        with reading(database, _PAGE_DEADLINE_S) as connection:
            while names and room > 0:
                number, name = names[-1]
                page = connection.execute(
                    "SELECT id, step, value, timestamp FROM metrics WHERE name = ? AND id > ? AND id < ?"
                    " ORDER BY id LIMIT ?",
                    (number, after, end, room),
                ).fetchall()
                for row, step, value, timestamp in page:
                    signature.add(row, step, name, value, timestamp)
                if len(page) < room:
                    names.pop()
                    after = first - 1
                else:
                    after = page[-1][0]
                room -= len(page)
    return signature


def nameless_metrics(database: Path) -> int:
    """Return the number of metric values whose name is missing."""
    with reading(database, _PAGE_DEADLINE_S) as connection:
        count = connection.execute("SELECT count(*) FROM metrics WHERE name NOT IN (SELECT id FROM names)").fetchone()
    return int(count[0])
