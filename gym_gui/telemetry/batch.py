"""Rows decoded from one stretch of a log, by table, and counts of its lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gym_gui.telemetry.limits import EXCERPT_BYTES, MAX_INDEX

Row = tuple[Any, ...]


@dataclass
class Counts:
    """Lines and records of a stretch of log (the run's ledger is their sum)."""

    lines: int = 0
    stored: int = 0
    log: int = 0
    quarantined: int = 0
    records: int = 0
    dropped: int = 0
    sampled: int = 0


@dataclass
class Batch:
    """Rows in the column order of their tables, each list in log order."""

    data: bytes = b""
    """What was decoded."""
    origin: int = 0
    """Row id of its first byte."""
    steps: list[Row] = field(default_factory=list)
    episodes: list[Row] = field(default_factory=list)
    metrics: list[Row] = field(default_factory=list)
    metric_extras: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    left_out: list[tuple[int, int | None, int]] = field(default_factory=list)
    """Steps dropped by a sampling rule: row id of the event that reports them, phase of its episode (0 train, 1 eval;
    ``None`` outside of an episode), and their number."""
    shared: dict[int, list[int]] = field(default_factory=dict)
    """Row ids of records that share a line with others → one cell per line: how many of its records are stored."""

    def refuse(self, row: int, reason: str, detail: str) -> None:
        """Quarantine a decoded record that the database refused.

        Args:
            row: Its row id.
            reason: A word to group by.
            detail: One sentence.
        """
        if any(kept[0] == row for kept in self.quarantine):
            return  # another value of the same metric event
        data = self.printed(row)
        self.quarantine.append((row, len(data), reason, detail, data[:EXCERPT_BYTES]))
        cell = self.shared.get(row, [1])
        cell[0] -= 1
        self.counts.records -= 1
        if cell[0] == 0:
            self.counts.stored -= 1
            self.counts.quarantined += 1

    def printed(self, row: int) -> bytes:
        """Return the printed bytes from a row id to the end of its line."""
        start = row - self.origin
        end = self.data.find(b"\n", start)
        return self.data[start : end if end >= 0 else len(self.data)]


def why_episode_refused(phase: int, ep_index: int) -> tuple[str, str]:
    """Return reason and detail for an episode that the database refused.

    Args:
        phase: 0 train, 1 eval.
        ep_index: Its index, printed or assigned.
    """
    if ep_index > MAX_INDEX:
        return "too_large", "no index is left for an episode without one"
    return (
        "repeated_episode",
        f"episode {ep_index} ({'eval' if phase else 'train'}) was reported before in this attempt",
    )
