"""Dies of an exception without a word."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def run(self):
        self._emit_lifecycle("run_started", {})
        raise KeyError(self.config.env_id)
