"""Recounts a run's raw logs and compares the result with its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.telemetry.verify.log_check import count_rows
    from gym_gui.telemetry.verify.log_report import LogReport
    from gym_gui.telemetry.verify.run_check import VerifyReport, verify_run
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "LogReport": "log_report",
            "VerifyReport": "run_check",
            "count_rows": "log_check",
            "verify_run": "run_check",
        },
    )

__all__ = [
    "LogReport",
    "VerifyReport",
    "count_rows",
    "verify_run",
]
