"""A monitoring server of the plain calls."""

from __future__ import annotations

from monitoring_servers import monitoring
