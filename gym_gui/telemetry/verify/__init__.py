"""Recounts a run's raw logs and compares the result with its database."""

from gym_gui.telemetry.verify.log_check import count_rows
from gym_gui.telemetry.verify.log_report import LogReport
from gym_gui.telemetry.verify.run_check import VerifyReport, verify_run

__all__ = ["LogReport", "VerifyReport", "count_rows", "verify_run"]
