"""Messages that programs send about their work, whatever they hold: log lines, figures, and how it ends. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

#: Characters of one log line, and of what is said of an end.
MAX_TEXT = 64_000
_SAID = 500
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,40}m")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEVEL = re.compile(r"[A-Za-z][A-Za-z_-]{0,19}")
#: Types of messages that are a log line of their own.
_LINES = ("status", "terminal_only", "print")
#: Times that a clock may tell: from 2001 to 2286.
_TIMES = (1e9, 1e10)
FATAL = "FATAL"
#: How the names of figures of stages begin.
STAGE = "stage/"


class LogLine(NamedTuple):
    """One line of a log."""

    at: float
    """Unix time, the sender's."""
    level: str
    text: str

    def encoded(self) -> bytes:
        """Return it as it is stored, with its newline."""
        time = datetime.fromtimestamp(self.at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        text = "\n    ".join(self.text.splitlines()) or "-"
        return f"{time}Z {self.level} {text}\n".encode("utf-8", "backslashreplace")


@dataclass
class Report:
    """What a message tells."""

    kind: str
    lines: list[LogLine] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    """By name: values to draw over time."""
    percent: float | None = None
    """How much of all is done."""
    fatal: str = ""
    """What a fatal line said."""
    memory_error: str = ""
    """Memory ran out: the attempt ends, and the work is to be tried again."""
    finished: str | None = None
    """The last word of the program."""

    @property
    def failed(self) -> bool:
        """Whether the last word is one of failure."""
        return self.finished is not None and "with errors" in self.finished.lower()

    @property
    def is_kept_whole(self) -> bool:
        """Whether the figures and lines are all that there is to keep of the message."""
        return self.kind in ("overall_progress", "stage_progress", "profiler_update", "log_batch", *_LINES)


def read_message(message: Mapping[str, Any], now: float) -> Report:
    """Return what a message tells; whatever is not as it should be is left out.

    Args:
        message: With ``type``; unknown types tell nothing.
        now: Unix time, for lines without a time of their own.
    """
    kind = message.get("type")
    report = Report(kind if isinstance(kind, str) else "")
    if report.kind == "overall_progress":
        report.percent = _percent(message.get("current"), message.get("total"))
    elif report.kind == "stage_progress":
        _stage(message, report)
    elif report.kind == "profiler_update":
        _figure(report, "eta_seconds", message.get("eta_seconds"))
    elif report.kind == "sim_details":
        _figure(report, "simulation", message.get("count"))
    elif report.kind == "simulation_details":
        _figure(report, "simulation", message.get("simulation_count"))
    elif report.kind == "log_batch":
        logs = message.get("logs")
        report.lines = [*_lines(logs, now)] if isinstance(logs, list) else []
    elif report.kind in _LINES:
        report.lines = [*_lines([message], now)]
    elif report.kind == "memory_error":
        report.memory_error = _text(message.get("message"))[:_SAID] or "memory ran out"
        report.lines = [LogLine(now, "ERROR", report.memory_error)]
    elif report.kind == "finished":
        report.finished = _text(message.get("message"))[:_SAID] or "finished"
        report.lines = [LogLine(now, "ERROR" if report.failed else "INFO", report.finished)]
    report.fatal = next((_text(line.text)[:_SAID] for line in report.lines if line.level == FATAL), "")
    return report


def digest_of(message: Mapping[str, Any]) -> str:
    """Return what is the same for two copies of one message, and differs for others."""
    return hashlib.sha256(json.dumps(message, sort_keys=True, default=str).encode()).hexdigest()


def _stage(message: Mapping[str, Any], report: Report) -> None:
    percent = _percent(message.get("current"), message.get("total"))
    name = _text(message.get("name"))[:100].strip()
    if percent is not None and name:
        report.figures[f"{STAGE}{name}"] = percent


def _lines(logs: list[Any], now: float) -> Iterator[LogLine]:
    for log in logs:
        if isinstance(log, str):
            log = {"message": log}
        if isinstance(log, dict):
            text = _text(log.get("message"), coloured=True)
            yield LogLine(_time(log.get("timestamp"), now), _level(log), text)


def _level(log: Mapping[str, Any]) -> str:
    level = log.get("log_type") or log.get("level")
    if isinstance(level, str) and _LEVEL.fullmatch(level):
        return level.upper()
    return "ERROR" if log.get("stream") == "stderr" else "INFO"


def _time(value: Any, now: float) -> float:
    number = _number(value)
    return now if number is None or not _TIMES[0] <= number < _TIMES[1] else number


def _figure(report: Report, name: str, value: Any) -> None:
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


def _text(value: Any, *, coloured: bool = False) -> str:
    """Return a text without control characters; other values as JSON.

    Args:
        value: The text.
        coloured: Colours of a terminal are kept.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    if coloured:
        kept = _COLOUR.findall(text)
        parts = [_plain(part) for part in _COLOUR.split(text)]
        text = parts[0] + "".join(map("".join, zip(kept, parts[1:], strict=True)))
    else:
        text = _plain(text)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _plain(text: str) -> str:
    return _CONTROL.sub("", _ANSI.sub("", text))
