"""Executors: where runs' supervisors are started, one small module per kind of place."""

from gym_gui.trainer.executors.base import Executor

__all__ = ["Executor"]
