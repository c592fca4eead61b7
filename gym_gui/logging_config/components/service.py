"""Log constants of the services behind the user interfaces (LOG501-550)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_sqlite = Family("Service", "Sqlite", "service", "sqlite")

LOG_SERVICE_SQLITE_DEBUG = _sqlite(501, "DEBUG", "Telemetry database opened, rebuilt or finished", "debug")
LOG_SERVICE_SQLITE_DESERIALIZATION_FAILED = _sqlite(
    502, "ERROR", "Telemetry cannot be decoded: lines of a log, or a stored row", "error"
)
