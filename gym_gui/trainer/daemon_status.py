"""What a daemon says of itself; clients read it without the daemon's own parts."""

from __future__ import annotations

import msgspec


class DaemonStatus(msgspec.Struct, kw_only=True):
    """What a daemon says of itself."""

    pid: int
    address: str = ""
    version: str = ""
    home: str = ""
    home_id: str = ""
    started_at: float = 0.0
    """Unix time."""
    runs: int = 0
    active_runs: int = 0
    queued_runs: int = 0
    watchers: int = 0
    max_running_runs: int = 0
    fault: str = ""
    """Why the runs cannot be read now; it is tried again every second."""
    public_address: str = ""
    """Where other machines reach it, with TLS; empty: nowhere."""
    executors: list[str] = []
    """Names that a run config's ``executor`` may have."""
