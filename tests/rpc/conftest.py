"""Real daemons in homes of their own; no test may leave a process behind."""

from __future__ import annotations

from daemons import (
    client,
    daemon_home,
    endless,
    living,
    public_daemon,
    random_config,
    tls,
    wait_until,
    worker_records,
)
