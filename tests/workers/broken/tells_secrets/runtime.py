"""Says all that it knows of its environment."""

import os

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        self._emit_lifecycle("heartbeat", dict(os.environ))
        return {}
