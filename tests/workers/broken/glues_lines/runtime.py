"""Forgets newlines, as two writers that do not know of each other would."""

import json
import sys

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _emit_step(self, step, reward):
        event = {"event_type": "step", "run_id": self.config.run_id, "step_index": step, "reward": reward}
        sys.stdout.write(json.dumps(event))
