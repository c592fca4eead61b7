import logging
import random

from gym_gui.core.worker import TelemetryEmitter
from gym_gui.logging_config.log_constants import LOG_WORKER_SDK_RUNTIME_STARTED


class SdkWorkerRuntime:
    def __init__(self, config, logger: logging.Logger | None = None):
        self.config = config
        self.emitter = TelemetryEmitter(run_id=config.run_id, logger=logger)

    def run(self) -> dict:
        self.emitter.run_started({"algo": self.config.algo}, constant=LOG_WORKER_SDK_RUNTIME_STARTED)
        generator = random.Random(self.config.seed)
        for step in range(self.config.total_steps):
            self.emitter.step(step, ep_index=step // 50, reward=generator.random(), terminated=step % 50 == 49)
        results = {"episodes": self.config.total_steps // 50}
        self.emitter.run_completed(results)
        return results
