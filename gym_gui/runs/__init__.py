"""The run model: configs, ids, states, plans and folders of runs.

The names below are loaded on first use: the config models cost more to import than everything else here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.runs.config import TrainRunConfig, validate_train_run_config
    from gym_gui.runs.ids import format_episode_id, new_run_id, parse_episode_id
    from gym_gui.runs.run_counter import RunCounterManager

_HOMES = {
    "RunCounterManager": "run_counter",
    "TrainRunConfig": "config",
    "format_episode_id": "ids",
    "new_run_id": "ids",
    "parse_episode_id": "ids",
    "validate_train_run_config": "config",
}

__all__ = [
    "RunCounterManager",
    "TrainRunConfig",
    "format_episode_id",
    "new_run_id",
    "parse_episode_id",
    "validate_train_run_config",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
