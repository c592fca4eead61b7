"""Real daemons and real Ray clusters."""

from __future__ import annotations

from daemons import client, daemon_home, endless, random_config, worker_records
from ray_nodes import ray_cluster
