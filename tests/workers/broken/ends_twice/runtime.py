"""Says that it completed, and goes on talking."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def run(self):
        summary = super().run()
        self._emit_lifecycle("run_completed", summary)
        return summary
