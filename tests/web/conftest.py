"""The web application over a real daemon, and the real `mosaic web` with a real browser."""

from __future__ import annotations

from daemons import client, daemon_home, endless, random_config, worker_records
from web_servers import ask, dashboard, page
