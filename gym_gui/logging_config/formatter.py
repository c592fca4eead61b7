"""Log records as JSON lines."""

from __future__ import annotations

import json
import logging
from typing import Any, Mapping


class JsonLinesFormatter(logging.Formatter):
    """Formats each record as one JSON object on one line, without empty fields.

    Args:
        context: ``run_id`` and ``worker_id`` of this process, for records without their own.
    """

    def __init__(self, context: Mapping[str, str | None] | None = None) -> None:
        super().__init__()
        self.context = dict(context or {})

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, without the newline."""
        line: dict[str, Any] = {
            "timestamp": round(record.created, 6),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for key in ("code", "component", "subcomponent", "tags"):
            value = getattr(record, "log_" + key, None)
            if value:
                line[key] = value
        extra = dict(getattr(record, "log_extra", None) or {})
        for key in ("run_id", "worker_id"):
            value = extra.pop(key, getattr(record, key, None))
            value = self.context.get(key) if value is None else value
            if value is not None:
                line[key] = value
        if extra:
            line["extra"] = extra
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return _dump(line)


def _dump(line: dict[str, Any]) -> str:
    try:
        return _ascii(line)
    except (TypeError, ValueError, RecursionError):  # keys that are not text, cycles
        line["extra"] = repr(line.get("extra"))
        return _ascii(line)


def _ascii(line: dict[str, Any]) -> str:
    """Return JSON that is safe for terminals: non-ASCII characters and DEL are escaped."""
    return json.dumps(line, default=str, separators=(",", ":")).replace("\x7f", "\\u007f")


__all__ = ["JsonLinesFormatter"]
