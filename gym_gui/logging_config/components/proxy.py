"""Log constants of the telemetry proxy (LOG1151-1200)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_proxy = Family("Telemetry", "Proxy", "proxy")
_ingest = Family("Telemetry", "Ingest", "proxy", "ingest")

LOG_PROXY_STARTED = _proxy(1151, "INFO", "Telemetry proxy started", "lifecycle")
LOG_PROXY_STOPPED = _proxy(1152, "INFO", "Telemetry proxy stopped", "lifecycle")
LOG_PROXY_LOCKED_OUT = _proxy(1153, "WARNING", "Another proxy holds the run's lock", "lock")
LOG_PROXY_WORKER_LAUNCHED = _proxy(1154, "INFO", "Worker launched", "launch")
LOG_PROXY_WORKER_ENDED = _proxy(1155, "INFO", "Worker ended", "exit")
LOG_PROXY_WORKER_SIGNALLED = _proxy(1156, "INFO", "Worker's process group signalled", "signal")
LOG_PROXY_WORKER_HUNG = _proxy(1157, "ERROR", "Worker is unresponsive", "limit", "error")
LOG_PROXY_REPORT_FAILED = _proxy(1158, "WARNING", "The daemon does not accept reports", "report")
LOG_PROXY_FAILED = _proxy(1159, "ERROR", "Telemetry proxy failed", "lifecycle", "error")
LOG_PROXY_RUN_STATE = _proxy(1164, "INFO", "Supervision changed the state of the run", "state")
LOG_PROXY_SUPERVISION = _proxy(1165, "INFO", "Supervision event", "supervision")
LOG_PROXY_INGEST_QUARANTINED = _ingest(
    1160, "WARNING", "Lines were quarantined: JSON, but not valid telemetry", "quarantine"
)
LOG_PROXY_INGEST_FENCED = _ingest(1161, "ERROR", "Another proxy moved the cursor; this one stops", "fence", "error")
LOG_PROXY_INGEST_TRUNCATED = _ingest(1162, "WARNING", "A log was truncated or replaced", "truncated")
LOG_PROXY_INGEST_DISK_FULL = _ingest(1163, "ERROR", "The disk is full; ingestion waits", "disk", "error")
