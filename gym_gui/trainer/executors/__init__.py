"""Executors: where runs' supervisors are started, one small module per kind of place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.trainer.executors.base import Executor
    from gym_gui.trainer.executors.conformance import ExecutorContract
    from gym_gui.trainer.executors.installed import executor_classes
    from gym_gui.trainer.machine import Inventory, Machine
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Executor": "base",
            "ExecutorContract": "conformance",
            "Inventory": ".machine",
            "Machine": ".machine",
            "executor_classes": "installed",
        },
    )

__all__ = [
    "Executor",
    "ExecutorContract",
    "Inventory",
    "Machine",
    "executor_classes",
]
