"""What a proxy process logs: JSON lines on its stderr, each with its run."""

from __future__ import annotations

import logging
from typing import TextIO, cast

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.components.proxy import LOG_PROXY_FAILED, LOG_PROXY_LOCKED_OUT, LOG_PROXY_STOPPED
from gym_gui.logging_config.diagnostics import DirectStderr
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.setup import configure_logging
from gym_gui.proxy import EXIT_LOCKED

logger = logging.getLogger(__name__)


def begin(run_id: str) -> None:
    """Send the records of this process to its stderr."""
    context = {"run_id": run_id}
    configure_logging(str(get_setting("log_level")), stream=cast("TextIO", DirectStderr()), context=context)


def tell_end(run_id: str, code: int) -> None:
    """Log how the proxy ended: its exit code."""
    begin(run_id)
    ended = LOG_PROXY_LOCKED_OUT if code == EXIT_LOCKED else LOG_PROXY_STOPPED
    log_constant(logger, ended, extra={"run_id": run_id, "exit": code})


def tell_failure(run_id: str, error: MosaicError) -> None:
    """Log why the proxy cannot go on."""
    begin(run_id)
    log_constant(logger, LOG_PROXY_FAILED, message=str(error), extra={"run_id": run_id})
