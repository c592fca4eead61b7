import json
import logging
import random
from pathlib import Path

try:
    from gym_gui.core.worker import TelemetryEmitter
    from gym_gui.logging_config.log_constants import (
        LOG_MOSAIC_WORKER_ELSEWHERE_RUNTIME_STARTED,
        LOG_MOSAIC_WORKER_ELSEWHERE_RUNTIME_STOPPED,
    )
    from gym_gui.telemetry.semconv import TelemetryEnv, VideoModes  # noqa: F401

    HAS_GYM_GUI = True
except ImportError:
    HAS_GYM_GUI = False

try:
    from gym_gui.fastlane import FastLaneWriter
except ImportError:
    FastLaneWriter = None

LOGGER = logging.getLogger(__name__)


class Silent:
    def run_started(self, payload, constant=None):
        print(json.dumps({"event": "run_started", "run_id": self.run_id, "payload": payload}), flush=True)

    def run_completed(self, payload, constant=None):
        print(json.dumps({"event": "run_completed", "run_id": self.run_id, "payload": payload}), flush=True)


class ElsewhereWorkerRuntime:
    def __init__(self, config):
        self.config = config
        if HAS_GYM_GUI:
            self.emitter = TelemetryEmitter(run_id=config.run_id, logger=LOGGER)
            self.constants = (LOG_MOSAIC_WORKER_ELSEWHERE_RUNTIME_STARTED, LOG_MOSAIC_WORKER_ELSEWHERE_RUNTIME_STOPPED)
        else:
            self.emitter, self.constants = Silent(), (None, None)
            self.emitter.run_id = config.run_id

    def run(self):
        config = self.config
        self.emitter.run_started({"env_name": config.env_name, "task": config.task}, constant=self.constants[0])
        folder = Path(config.telemetry_dir)
        folder.mkdir(parents=True, exist_ok=True)
        generator = random.Random(config.seed)
        with (folder / f"{config.run_id}_episodes.jsonl").open("a") as own:
            for episode in range(config.num_episodes):
                total = 0.0
                for step in range(config.max_steps):
                    reward = generator.random()
                    total += reward
                    self.say("step", step_index=step, episode_index=episode, reward=reward)
                told = {"episode_index": episode, "num_steps": config.max_steps, "total_reward": total}
                self.say("episode", **told)
                own.write(json.dumps(told) + "\n")
        summary = {"status": "completed", "total_episodes": config.num_episodes}
        self.emitter.run_completed(summary, constant=self.constants[1])
        return summary

    def say(self, kind, **values):
        print(json.dumps({"type": kind, "run_id": self.config.run_id, **values}), flush=True)
