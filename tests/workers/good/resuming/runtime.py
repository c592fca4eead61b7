from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from gym_gui.core.worker import HeartbeatThread, TelemetryEmitter
from gym_gui.logging_config.log_constants import LOG_WORKER_RESUMING_RUNTIME_STARTED


class ResumingWorkerRuntime:
    def __init__(self, config, *, dry_run: bool = False, logger=None):
        self.config, self.dry_run = config, dry_run
        self.emitter = TelemetryEmitter(config.run_id, logger=logger)
        self.state = {"step": 0, "episode": 0, "length": 0, "total": 0.0, "random": None}

    def run(self) -> dict[str, Any]:
        self.emitter.run_started({"env_id": self.config.env_id}, constant=LOG_WORKER_RESUMING_RUNTIME_STARTED)
        summary: dict[str, Any] = {"status": "dry-run"}
        if not self.dry_run:
            with HeartbeatThread(self.emitter):
                summary = self.train()
        self.emitter.run_completed(summary)
        return summary

    def train(self) -> dict[str, Any]:
        generator = random.Random(self.config.seed)
        state = self.state
        if self.config.mode == "resume":
            state.update(json.loads(Path(self.config.checkpoint_path).read_text()))
            version, numbers, gauss = state["random"]
            generator.setstate((version, tuple(numbers), gauss))
            self.emitter.checkpoint_loaded({"path": self.config.checkpoint_path, "step": state["step"]})
        while state["step"] < self.config.total_steps:
            reward, done = generator.random(), generator.random() < 0.02
            self.emitter.step(state["step"], ep_index=state["episode"], reward=reward, terminated=done)
            state["step"] += 1
            state["length"] += 1
            state["total"] += reward
            if done:
                self.emitter.episode(state["episode"], total_reward=state["total"], steps=state["length"])
                state.update(episode=state["episode"] + 1, length=0, total=0.0)
            if state["step"] % self.config.checkpoint_every == 0:
                self.save({**state, "random": generator.getstate()})
        return {"episodes": state["episode"]}

    def save(self, state: dict[str, Any]) -> None:
        path = Path.cwd() / f"step{state['step']}.json"
        path.with_suffix(".part").write_text(json.dumps(state))
        path.with_suffix(".part").rename(path)
        self.emitter.checkpoint_saved({"path": str(path), "step": state["step"]})
