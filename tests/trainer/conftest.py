"""Real daemons in homes of their own; no test may leave a process behind."""

from __future__ import annotations

from daemons import client, daemon_home, endless, living, random_config, wait_until, worker_records
from recorded_episodes import recorded_run, walks
