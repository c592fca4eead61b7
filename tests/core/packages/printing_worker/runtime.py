import json
import sys
import time
from typing import Any

from printing_worker.config import PrintingWorkerConfig


class PrintingWorkerRuntime:
    def __init__(self, config: PrintingWorkerConfig):
        self.config = config

    def run(self) -> dict[str, Any]:
        self._lifecycle("run_started", {"env_id": self.config.env_id, "algorithm": self.config.algorithm})
        try:
            for step in range(self.config.total_steps):
                if step % 100 == 0:
                    self._print({"event_type": "step", "step_index": step, "reward": 1.0})
                if step % 500 == 0:
                    self._lifecycle("heartbeat", {"step": step})
        except Exception as error:
            self._lifecycle("run_failed", {"error": str(error)})
            raise
        summary = {"status": "completed", "total_steps": self.config.total_steps}
        self._lifecycle("run_completed", summary)
        return summary

    def _lifecycle(self, name: str, payload: dict) -> None:
        self._print({"event": name, "timestamp": time.time(), "payload": payload})

    def _print(self, event: dict) -> None:
        print(json.dumps({"run_id": self.config.run_id, **event}), file=sys.stdout, flush=True)
