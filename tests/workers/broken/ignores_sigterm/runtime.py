"""Has to be killed."""

import signal

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def run(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return super().run()
