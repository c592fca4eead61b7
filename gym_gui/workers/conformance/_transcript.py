"""What a worker printed, line by line, and what MOSAIC's own reader made of it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from gym_gui.runs import RunFolder, RunPlan
from gym_gui.telemetry import (
    KIND_ALIASES,
    KIND_KEYS,
    LIFECYCLE_KINDS,
    Ingestor,
    InvalidTelemetry,
    QuarantineRecord,
    RunReader,
    is_telemetry,
    salvage_objects,
)

Kind = Literal["telemetry", "object", "glued", "broken", "text"]
Event = dict[str, Any]
TERMINAL = ("run_completed", "run_failed", "run_cancelled")


class Line(msgspec.Struct, frozen=True):
    """One line of a worker's stdout."""

    number: int
    text: str
    kind: Kind
    """``telemetry``; ``object``: JSON of another kind; ``glued``: telemetry with something else around it; ``broken``:
    begins like an object and is none; ``text``: program output."""
    events: tuple[Event, ...] = ()


def kind_of(event: Event) -> str:
    """Return what kind of event an object is, e.g. ``"step"`` or ``"run_started"``."""
    kind = str(next((event[key] for key in KIND_KEYS if key in event), ""))
    return KIND_ALIASES.get(kind, kind)


def announces_phase(event: Event) -> bool:
    """Return whether an event says only what the worker is about to do: a heartbeat with a phase and nothing else."""
    payload = event.get("payload")
    return kind_of(event) == "heartbeat" and isinstance(payload, dict) and [*payload] == ["phase"]


def read_lines(data: bytes) -> list[Line]:
    """Return the lines of a log, each with the events in it."""
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [_line(number, line) for number, line in enumerate(lines, 1)]


def _line(number: int, line: bytes) -> Line:
    text = line.decode("utf-8", "replace")
    body = text.strip()
    if body.startswith("{"):
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            telemetry = is_telemetry(value)
            return Line(number, text, "telemetry" if telemetry else "object", (value,) if telemetry else ())
    inside: list[Event] = []
    with contextlib.suppress(InvalidTelemetry, ValueError, RecursionError):
        inside = [
            found.value for found in salvage_objects(line) if found.value is not None and is_telemetry(found.value)
        ]
    if inside:
        return Line(number, text, "glued", tuple(inside))
    return Line(number, text, "broken" if body.startswith("{") else "text")


@dataclass
class Transcript:
    """All that one attempt of a worker said, and how it ended.

    Args:
        run_id: Of the run.
        worker_id: The instance.
        lines: Of its stdout.
        stderr: Of its stderr, the last of it.
        code: Exit code; ``None`` if a signal ended it.
        signal: Number of that signal.
        seconds: How long it ran.
        reason: Why it ended, as its launcher says: ``exited``, ``terminated``, ``wall_time``, ``spawn_failed``.
        strays: Processes that it left behind.
        quarantined: What MOSAIC's reader would not take.
        error: Why it could not be started.
    """

    run_id: str
    worker_id: str
    lines: list[Line]
    stderr: str
    code: int | None
    signal: int | None
    seconds: float
    reason: str
    strays: int
    quarantined: list[QuarantineRecord] = field(default_factory=list)
    error: str = ""

    @property
    def events(self) -> list[Event]:
        return [event for line in self.lines for event in line.events]

    @property
    def kinds(self) -> list[str]:
        return [kind_of(event) for event in self.events]

    @property
    def lifecycle(self) -> list[Event]:
        return [event for event in self.events if kind_of(event) in LIFECYCLE_KINDS]

    def of(self, kind: str) -> list[Event]:
        """Return the events of a kind."""
        return [event for event in self.events if kind_of(event) == kind]

    def payload(self, kind: str) -> dict[str, Any]:
        """Return the payload of the last event of a kind, empty where there is none."""
        found = self.of(kind)
        payload = found[-1].get("payload") if found else None
        return payload if isinstance(payload, dict) else {}

    def line_of(self, event: Event) -> int:
        """Return the number of the line that an event stands in."""
        return next((line.number for line in self.lines if any(one is event for one in line.events)), 0)

    @property
    def completed(self) -> bool:
        return self.code == 0 and "run_completed" in self.kinds

    def how(self) -> str:
        """Return how it ended, in words."""
        if self.reason == "wall_time":
            return f"it did not end within {self.seconds:.0f} s"
        if self.error:
            return f"it could not be started: {self.error}"
        how = f"signal {self.signal}" if self.code is None else f"exit code {self.code}"
        said = [line.strip() for line in self.stderr.splitlines() if line.strip() and not line.startswith("{")]
        return f"{how}; stderr ends: {said[-1][:300]}" if said and self.code != 0 else how


def ingest(folder: RunFolder, plan: RunPlan, attempt: int) -> list[QuarantineRecord]:
    """Read an ended attempt's log with MOSAIC's own ingestor and return what it put into quarantine."""
    worker = plan.workers[0]
    ingestor = Ingestor(folder, plan)
    try:
        path = folder.stdout_log(worker.worker_id, attempt)
        ingestor.add_source(worker.worker_no, worker.worker_id, attempt, path)
        while not ingestor.pump().caught_up:
            pass
        ingestor.close_source(worker.worker_no, attempt)
        ingestor.finish()
    finally:
        ingestor.close()
    return [record for record in RunReader(folder).quarantine() if record.attempt == attempt]
