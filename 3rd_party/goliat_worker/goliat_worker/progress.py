"""Progress of a study as metrics, at most so many a second."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from .messages import Report
from .scalars import Scalars

#: A study reports 100 % also where it failed: until its end is known, no more than this is shown.
UNFINISHED_PERCENT = 99.0


class Progress:
    """Emits the figures that a study reports, and prints its log lines on stderr. Thread-safe.

    A metric's step is the progress of the whole study in percent, from 0 to 100.

    Args:
        emitter: Telemetry.
        scalars: TensorBoard and Weights & Biases.
        interval_s: Seconds between two metric events at least.
    """

    def __init__(self, emitter: Any, scalars: Scalars, interval_s: float) -> None:
        self._emitter, self._scalars, self._interval_s = emitter, scalars, interval_s
        self._lock = threading.Lock()
        self._waiting: dict[str, float] = {}
        self._emitted_at = float("-inf")
        self.percent = 0.0
        self.stage = ""
        self.figures: dict[str, float] = {}

    def add(self, report: Report) -> None:
        """Take what a message says.

        Args:
            report: Of the message.
        """
        for line in report.lines:
            sys.stderr.write(f"{line.level} {line.text}\n")
        with self._lock:
            self.stage = report.stage or self.stage
            if report.percent is not None:
                self.percent = min(report.percent, UNFINISHED_PERCENT)
                self._waiting["overall_progress"] = self.percent
            self._waiting.update(report.figures)
            self.figures.update(report.figures)
        self.flush()

    def flush(self, *, now: bool = False) -> None:
        """Emit what waits, if it is time.

        Args:
            now: It is, whenever the last event was.
        """
        with self._lock:
            clock = time.monotonic()
            if self._waiting and (now or clock - self._emitted_at >= self._interval_s):
                values, self._waiting, self._emitted_at = self._waiting, {}, clock
                self._emit(values)

    def complete(self) -> None:
        """Emit 100 %: the study succeeded."""
        with self._lock:
            self.percent = 100.0
            values, self._waiting = {**self._waiting, "overall_progress": 100.0}, {}
            self._emit(values)

    def restart(self) -> None:
        """Forget the progress so far: the study is started again."""
        with self._lock:
            self.percent, self.stage, self._waiting = 0.0, "", {}

    def vital_signs(self) -> dict[str, Any]:
        """Return the payload of a heartbeat."""
        signs: dict[str, Any] = {"progress": round(self.percent / 100.0, 4)}
        if self.stage:
            signs["stage"] = self.stage
        if "eta_seconds" in self.figures:
            signs["eta_seconds"] = self.figures["eta_seconds"]
        return signs

    def _emit(self, values: dict[str, float]) -> None:
        step = int(self.percent)
        self._emitter.metrics(step, values)
        self._scalars.add(step, values)
