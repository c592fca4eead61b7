"""Runs that real proxies supervise."""

from __future__ import annotations

from supervised_runs import badworker, kill_marked, make_run_id, new_run, until
