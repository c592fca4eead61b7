"""Real daemons, and jobs as processes of this machine or of a real Slurm."""

from __future__ import annotations

from daemons import client, daemon_home, endless, random_config, worker_records
from slurm_cluster import slurm_cluster
