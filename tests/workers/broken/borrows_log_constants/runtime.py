"""Copied from another worker, its log constants included."""

from gym_gui.logging_config.log_constants import LOG_WORKER_CLEANRL_RUNTIME_STARTED

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    started = LOG_WORKER_CLEANRL_RUNTIME_STARTED
