"""Ends well in the middle of its training, without a word."""

import sys

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _emit_step(self, step, reward):
        super()._emit_step(step, reward)
        if step > 500:
            sys.exit(0)
