"""Times as workers print them."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any


def unix_seconds(value: Any) -> float | None:
    """Return a printed time as Unix seconds, or ``None`` if it is not one.

    Args:
        value: A number (Unix seconds), or ISO 8601 text; text without a zone is UTC.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            seconds = float(value)
        except OverflowError:
            return None
        return seconds if math.isfinite(seconds) else None
    if isinstance(value, str):
        text = value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            return moment.timestamp()
        except (ValueError, OverflowError):
            return None
    return None
