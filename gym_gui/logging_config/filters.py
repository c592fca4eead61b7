"""Filters of log records by component, level, tags, run and worker."""

from __future__ import annotations

import logging
from typing import Any, Iterable

from gym_gui.logging_config.constant import LEVELS


class LogFilter(logging.Filter):
    """Passes the records that match every given criterion.

    Args:
        component: Component or subcomponent, or several of them; case is ignored.
        level: Lowest level, by name or number.
        tags: Tags that the record must all have.
        run_id: The run it must belong to.
        worker_id: The worker it must belong to.

    Raises:
        ValueError: The level has no such name.
    """

    def __init__(
        self,
        *,
        component: str | Iterable[str] | None = None,
        level: str | int | None = None,
        tags: str | Iterable[str] = (),
        run_id: str | None = None,
        worker_id: str | None = None,
    ) -> None:
        super().__init__()
        self._components = _words(component)
        self._level = _level_number(level)
        self._tags = _words(tags)
        self._run_id = run_id
        self._worker_id = worker_id

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record matches."""
        if record.levelno < self._level:
            return False
        if self._components:
            own = {str(getattr(record, name, "")).lower() for name in ("log_component", "log_subcomponent")}
            if not own & self._components:
                return False
        if not self._tags <= {str(tag).lower() for tag in getattr(record, "log_tags", ())}:
            return False
        wanted = (("run_id", self._run_id), ("worker_id", self._worker_id))
        return all(value is None or _value(record, name) == value for name, value in wanted)


def _value(record: logging.LogRecord, name: str) -> Any:
    return getattr(record, name, None)


def _words(words: str | Iterable[str] | None) -> set[str]:
    if words is None:
        return set()
    return {word.lower() for word in ([words] if isinstance(words, str) else words)}


def _level_number(level: str | int | None) -> int:
    if level is None:
        return 0
    if isinstance(level, int):
        return level
    number = LEVELS.get(level.upper())
    if number is None:
        raise ValueError(f"level is one of {', '.join(LEVELS)}, not {level!r}")
    return number


__all__ = ["LogFilter"]
