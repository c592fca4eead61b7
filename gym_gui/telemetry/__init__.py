"""From what workers print to rows in a run's database, exactly once.

The names below are loaded on first use: a proxy launches its workers before it loads the store.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.telemetry.reader import RunReader
    from gym_gui.telemetry.records import EpisodeRollup, StepRecord
    from gym_gui.telemetry.verify import verify_run

_HOMES = {
    "EpisodeRollup": "records",
    "RunReader": "reader",
    "StepRecord": "records",
    "verify_run": "verify",
}

__all__ = [
    "EpisodeRollup",
    "RunReader",
    "StepRecord",
    "verify_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
