"""The errors that workers and MOSAIC's rooms raise (they live in :mod:`gym_gui.core.errors`, below every room)."""

from __future__ import annotations

from gym_gui.core.errors import ConfigError, MosaicError, NotFoundError, Problem, UsageError, nearest

__all__ = ["ConfigError", "MosaicError", "NotFoundError", "Problem", "UsageError", "nearest"]
