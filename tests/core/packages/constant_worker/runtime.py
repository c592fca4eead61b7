from __future__ import annotations

import time

from gym_gui.config.paths import get_checkpoints_dir, get_run_dir, get_tensorboard_dir, get_videos_dir
from gym_gui.config.settings import get_setting
from gym_gui.constants import WORKER_HEARTBEAT_INTERVAL_S
from gym_gui.core.worker import TelemetryEmitter
from gym_gui.logging_config.log_constants import (
    LOG_WORKER_CONSTANT_CHECKPOINT_SAVED,
    LOG_WORKER_CONSTANT_RUNTIME_COMPLETED,
    LOG_WORKER_CONSTANT_RUNTIME_FAILED,
    LOG_WORKER_CONSTANT_RUNTIME_STARTED,
)


class ConstantWorkerRuntime:
    def __init__(self, config, logger=None):
        self.config = config
        self.emitter = TelemetryEmitter(run_id=config.run_id, logger=logger)

    def run(self) -> dict:
        self.emitter.run_started(
            payload={"worker_type": "constant", "algo": self.config.algo},
            constant=LOG_WORKER_CONSTANT_RUNTIME_STARTED,
        )
        try:
            last_heartbeat = time.time() - WORKER_HEARTBEAT_INTERVAL_S - 1
            if time.time() - last_heartbeat > WORKER_HEARTBEAT_INTERVAL_S:
                self.emitter.heartbeat({"episode": 1})
            if self.config.algo == "broken":
                raise RuntimeError("the algorithm is broken")
            folders = [
                str(folder(self.config.run_id))
                for folder in (get_run_dir, get_tensorboard_dir, get_checkpoints_dir, get_videos_dir)
            ]
            self.emitter.checkpoint_saved({"path": folders[2]}, constant=LOG_WORKER_CONSTANT_CHECKPOINT_SAVED)
        except Exception as error:
            self.emitter.run_failed(
                payload={"error": str(error), "error_type": type(error).__name__},
                constant=LOG_WORKER_CONSTANT_RUNTIME_FAILED,
                exc_info=error,
            )
            raise
        results = {
            "folders": folders,
            "debug": get_setting("debug_mode", default=False),
            "seed": get_setting("default_seed", default=42),
        }
        self.emitter.run_completed(results, constant=LOG_WORKER_CONSTANT_RUNTIME_COMPLETED)
        return results
