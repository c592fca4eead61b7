"""Starts a server and forgets it."""

import subprocess
import sys

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _train(self):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        return {}
