"""Sends heartbeats from the loop, as often as it takes steps; its config cannot say how often."""

import time

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        for step in range(self.config.total_steps):
            if step % 1000 == 0:
                self._emit_lifecycle("heartbeat", {"step": step})
            time.sleep(0.001)
        return {}
