"""Runs on disk whose logs the tests write."""

from __future__ import annotations

from logged_runs import any_line, any_log, drain_logs, logged_run, new_logged_run, sdk_line
