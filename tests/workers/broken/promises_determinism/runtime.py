"""Promises exactly the same episodes, and asks the clock for them."""

import time

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _emit_step(self, step, reward):
        event = {"event_type": "step", "run_id": self.config.run_id, "step_index": step, "ep_index": step // 500}
        self._print({**event, "reward": time.perf_counter()})
