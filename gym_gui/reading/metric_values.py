"""The last value of metrics of a run."""

from __future__ import annotations

import math
from collections.abc import Collection

from gym_gui.reading.run_database import snapshot
from gym_gui.runs import RunFolder


def last_values(folder: RunFolder, names: Collection[str]) -> dict[str, float]:
    """Return the last value of metrics that a run has, of its last attempt.

    Args:
        folder: The run's folder.
        names: The metrics.

    Returns:
        By name; NaN where that value is.

    Raises:
        TelemetryError: The database cannot be read.
    """
    found: dict[str, float] = {}
    with snapshot(folder.database) as database:
        if database is None:
            return found
        for name in names:
            row = database.execute(
                "SELECT value FROM metrics WHERE name = (SELECT id FROM names WHERE name = ?) ORDER BY id DESC LIMIT 1",
                (name,),
            ).fetchone()
            if row is not None:
                found[name] = math.nan if row[0] is None else float(row[0])
    return found
