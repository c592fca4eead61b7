"""Recounts a run's raw logs and compares the result with its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.telemetry.verify._log_check import count_rows
    from gym_gui.telemetry.verify._log_report import LogReport
    from gym_gui.telemetry.verify._run_check import VerifyReport, verify_run
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "LogReport": "_log_report",
            "VerifyReport": "_run_check",
            "count_rows": "_log_check",
            "verify_run": "_run_check",
        },
    )

__all__ = [
    "LogReport",
    "VerifyReport",
    "count_rows",
    "verify_run",
]
