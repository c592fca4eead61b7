"""Executors: where runs' supervisors are started, one small module per kind of place."""

from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.machine import Inventory, Machine

__all__ = ["Executor", "Inventory", "Machine"]
