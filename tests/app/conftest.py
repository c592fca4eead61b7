"""What faces share, over a real daemon where it takes one."""

from __future__ import annotations

from daemons import client, daemon_home, random_config, worker_records
