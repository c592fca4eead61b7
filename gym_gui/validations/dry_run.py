"""Checks a config with the worker's own ``--dry-run``."""

from __future__ import annotations

from gym_gui.workers import DRY_RUN_TIMEOUT_S, run_dry_run

__all__ = ["DRY_RUN_TIMEOUT_S", "run_dry_run"]
