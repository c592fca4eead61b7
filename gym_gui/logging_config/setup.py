"""Logging setup of a process: one handler on stderr."""

from __future__ import annotations

import logging
import sys
from typing import Mapping, TextIO

from gym_gui.logging_config.formatter import JsonLinesFormatter


def configure_logging(
    level: str | int = "INFO",
    *,
    stream: TextIO | None = None,
    log_filter: logging.Filter | None = None,
    context: Mapping[str, str | None] | None = None,
) -> logging.Handler:
    """Log to stderr as JSON lines, in place of an earlier call's handler.

    Args:
        level: Lowest level.
        stream: A stream in place of stderr.
        log_filter: Selects records, e.g. a :class:`~gym_gui.logging_config.filters.LogFilter`.
        context: ``run_id`` and ``worker_id`` of this process, for records without their own.

    Returns:
        The handler, on the root logger.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLinesFormatter(context))
    handler.set_name("mosaic")
    if log_filter is not None:
        handler.addFilter(log_filter)
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == "mosaic"]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    return handler


__all__ = ["configure_logging"]
