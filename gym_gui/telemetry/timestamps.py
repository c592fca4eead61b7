"""Parsing of printed times."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from gym_gui.telemetry.limits import END_OF_TIME


def unix_seconds(value: Any) -> float | None:
    """Return a printed time as Unix seconds, ``None`` outside of 1970 to 9999.

    Args:
        value: A number (Unix seconds), or ISO 8601 text; text without a zone is UTC.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            return legal_time(float(value))
        except OverflowError:
            return None
    if isinstance(value, str):
        text = value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            return legal_time(moment.timestamp())
        except (ValueError, OverflowError):
            return None
    return None


def legal_time(seconds: float | None) -> float | None:
    """Return a time if it is within the limits, else ``None`` (as for NaN)."""
    return seconds if seconds is not None and 0.0 <= seconds < END_OF_TIME else None
