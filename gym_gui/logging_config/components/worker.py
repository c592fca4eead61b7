"""Log constants of the worker SDK (LOG401-430)."""

from __future__ import annotations

from gym_gui.logging_config.constant import Family

_config = Family("Worker", "Config", "worker", "config")
_sdk = Family("Worker", "Sdk", "worker", "sdk")

LOG_WORKER_CONFIG_UI_PATH = _config(401, "INFO", "Worker config as submitted by the form", "path")
LOG_WORKER_CONFIG_DURABLE_PATH = _config(402, "INFO", "Worker config written to the run's folder", "path")
LOG_WORKER_CONFIG_REJECTED = _config(403, "ERROR", "Worker config is not valid", "error")
LOG_WORKER_SDK_STARTED = _sdk(404, "INFO", "Worker process started", "lifecycle")
LOG_WORKER_SDK_COMPLETED = _sdk(405, "INFO", "Worker process completed", "lifecycle")
LOG_WORKER_SDK_FAILED = _sdk(406, "ERROR", "Worker process failed", "lifecycle", "error")
LOG_WORKER_SDK_CANCELLED = _sdk(407, "WARNING", "Worker process was asked to stop", "lifecycle")
LOG_WORKER_SDK_DISCOVERY_BROKEN = _sdk(408, "WARNING", "A worker package cannot be used", "discovery", "error")
LOG_WORKER_SDK_DISCOVERY_SLOW = _sdk(409, "WARNING", "A worker package is slow to import", "discovery")
