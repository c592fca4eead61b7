"""Takes SIGTERM for the end of the training."""

import signal
import sys

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def run(self):
        signal.signal(signal.SIGTERM, self._stop)
        return super().run()

    def _stop(self, *_):
        self._emit_lifecycle("run_completed", {"status": "completed"})
        sys.exit(0)
