"""What supervision records, told as structured log records too: each with its run, and its worker where it has one."""

from __future__ import annotations

import logging
from typing import Any

from gym_gui.logging_config.components import proxy as codes
from gym_gui.logging_config.helpers import log_constant

logger = logging.getLogger(__name__)

_CODES = {
    "proxy": codes.LOG_PROXY_STARTED,
    "launch": codes.LOG_PROXY_WORKER_LAUNCHED,
    "started": codes.LOG_PROXY_WORKER_LAUNCHED,
    "exit": codes.LOG_PROXY_WORKER_ENDED,
    "withdrawn": codes.LOG_PROXY_WORKER_ENDED,
    "signal": codes.LOG_PROXY_WORKER_SIGNALLED,
    "truncated": codes.LOG_PROXY_INGEST_TRUNCATED,
    "state": codes.LOG_PROXY_RUN_STATE,
}


def tell(event: dict[str, Any]) -> None:
    """Log one event of a supervisor log.

    Args:
        event: As it is recorded: ``event``, ``run_id``, and whatever belongs to it.
    """
    code = _CODES.get(event["event"], codes.LOG_PROXY_SUPERVISION)
    if event["event"] == "signal" and event.get("kind") == "limit":
        code = codes.LOG_PROXY_WORKER_HUNG
    log_constant(logger, code, extra={name: value for name, value in event.items() if value is not None})
