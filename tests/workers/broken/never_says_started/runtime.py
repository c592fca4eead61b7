"""Flushes each line, and never says that it started."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _emit_lifecycle(self, event_name, payload):
        if event_name != "run_started":
            super()._emit_lifecycle(event_name, payload)
