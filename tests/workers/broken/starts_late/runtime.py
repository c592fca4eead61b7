"""Trains before it says that it does."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def run(self):
        self._emit_step(0, 1.0)
        return super().run()
