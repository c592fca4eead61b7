"""Machines with agents over a real daemon and a real web server."""

from __future__ import annotations

from agents import start_agent
from daemons import client, daemon_home, endless, random_config, worker_records
from web_servers import dashboard
