import json
import sys
import time
from typing import Any

from .config import PrintingWorkerConfig


class PrintingWorkerRuntime:
    def __init__(self, config: PrintingWorkerConfig):
        self.config = config

    def run(self) -> dict[str, Any]:
        self._emit_lifecycle("run_started", {"env_id": self.config.env_id})
        try:
            result = self._train()
            summary = {"status": "completed", **result}
            self._emit_lifecycle("run_completed", summary)
            return summary
        except Exception as e:
            self._emit_lifecycle("run_failed", {"error": str(e)})
            raise

    def _train(self) -> dict[str, Any]:
        for step in range(self.config.total_steps):
            if step % 100 == 0:
                self._emit_step(step, reward=1.0)
                time.sleep(0.001)
            if step % 10_000 == 0:
                self._emit_lifecycle("heartbeat", {"step": step})
        return {"total_steps": self.config.total_steps}

    def _emit_step(self, step: int, reward: float):
        self._print({"event_type": "step", "run_id": self.config.run_id, "step_index": step, "reward": reward})

    def _emit_lifecycle(self, event_name: str, payload: dict):
        self._print(
            {"event": event_name, "run_id": self.config.run_id, "timestamp": time.time(), "payload": payload},
        )

    def _print(self, event: dict):
        print(json.dumps(event), file=sys.stdout, flush=True)
