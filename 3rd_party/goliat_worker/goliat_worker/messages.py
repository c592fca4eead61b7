"""Messages of a study about its progress, its log lines and its end. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: Messages that a study sends; of others nothing is read.
KINDS = (
    "overall_progress", "stage_progress", "log_batch", "profiler_update", "sim_details", "simulation_details",
    "terminal_only", "print", "status", "start_animation", "end_animation", "memory_error", "finished",
)  # fmt: skip
FATAL = "FATAL"
STAGE = "stage/"
_MAX_TEXT = 2000
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_LEVEL = re.compile(r"[A-Za-z][A-Za-z_-]{0,19}")


class LogLine(NamedTuple):
    """One line of a study's log."""

    level: str
    text: str


@dataclass
class Report:
    """What a message says."""

    kind: str
    lines: list[LogLine] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    """Metrics by name."""
    percent: float | None = None
    """Share of the whole study that is done, in percent."""
    stage: str = ""
    memory_error: str = ""
    finished: str | None = None

    @property
    def fatal(self) -> str:
        """The first line of level ``FATAL``; empty if there is none."""
        return next((line.text for line in self.lines if line.level == FATAL), "")

    @property
    def failed(self) -> bool:
        """Whether the study reported its end as one with errors."""
        return self.finished is not None and "with errors" in self.finished.lower()


def read_message(message: Mapping[str, Any]) -> Report:
    """Return what a message says; malformed parts are left out.

    Args:
        message: With ``type``; an unknown type says nothing.
    """
    kind = message.get("type")
    report = Report(kind if isinstance(kind, str) else "")
    if report.kind == "overall_progress":
        report.percent = _percent(message.get("current"), message.get("total"))
    elif report.kind == "stage_progress":
        _read_stage(message, report)
    elif report.kind == "profiler_update":
        _add(report, "eta_seconds", message.get("eta_seconds"))
    elif report.kind == "sim_details":
        _add(report, "simulation", message.get("count"))
    elif report.kind == "simulation_details":
        _add(report, "simulation", message.get("simulation_count"))
    elif report.kind == "log_batch":
        logs = message.get("logs")
        report.lines = [_line(log) for log in logs if isinstance(log, (dict, str))] if isinstance(logs, list) else []
    elif report.kind in ("terminal_only", "print", "status"):
        report.lines = [_line(message)]
    elif report.kind == "memory_error":
        report.memory_error = plain_text(message.get("message")) or "memory ran out"
    elif report.kind == "finished":
        report.finished = plain_text(message.get("message")) or "finished"
    return report


def plain_text(value: Any) -> str:
    """Return a text without the control sequences of terminals; other values as JSON.

    Args:
        value: Any JSON value.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return _ANSI.sub("", text)[:_MAX_TEXT]


def _read_stage(message: Mapping[str, Any], report: Report) -> None:
    name = plain_text(message.get("name"))[:100].strip()
    percent = _percent(message.get("current"), message.get("total"))
    if name and percent is not None:
        report.stage = name
        report.figures[f"{STAGE}{name}"] = percent


def _line(log: Any) -> LogLine:
    if isinstance(log, str):
        return LogLine("INFO", plain_text(log))
    level = log.get("log_type") or log.get("level")
    if not isinstance(level, str) or not _LEVEL.fullmatch(level):
        level = "ERROR" if log.get("stream") == "stderr" else "INFO"
    return LogLine(level.upper(), plain_text(log.get("message")))


def _add(report: Report, name: str, value: Any) -> None:
    number = _number(value)
    if number is not None:
        report.figures[name] = number


def _percent(current: Any, total: Any) -> float | None:
    done, whole = _number(current), _number(total)
    if done is None or whole is None or whole <= 0:
        return None
    return min(max(100.0 * done / whole, 0.0), 100.0)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
