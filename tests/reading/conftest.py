"""Runs on disk whose logs the tests write, and runs that real proxies supervise."""

from __future__ import annotations

from logged_runs import any_line, any_log, drain_logs, logged_run, new_logged_run, sdk_line
from recorded_episodes import recorded_run, walks
from supervised_runs import badworker, kill_marked, make_run_id, new_run, until
