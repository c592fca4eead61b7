"""Prints Python's dicts, which are no JSON."""

from .plain import PrintingWorkerRuntime as Plain


class PrintingWorkerRuntime(Plain):
    def _emit_step(self, step, reward):
        print({"event_type": "step", "run_id": self.config.run_id, "step_index": step, "reward": reward}, flush=True)
