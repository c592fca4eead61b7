"""Its reward is no number from the start."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _emit_step(self, step, reward):
        super()._emit_step(step, float("nan"))
