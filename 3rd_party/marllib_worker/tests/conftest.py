"""Runs of the worker inside the test process, with home, log and working directory of their own."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest


@dataclass
class Ran:
    """What a run said."""

    config: dict[str, Any]
    summary: dict[str, Any]
    events: list[dict[str, Any]]

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if event.get("event", "heartbeat") != "heartbeat"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events if event.get("event") == name]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event_type") == kind]

    def metric(self, name: str) -> list[float]:
        return [event["values"][name] for event in self.data("metric") if name in event["values"]]

    def steps_told(self) -> int:
        return len(self.data("step")) + sum(event.get("sampled", 0) for event in self.events)

    def episode_hashes(self) -> dict[int, str]:
        """Return of each whole episode, by its number, a hash of its seed, actions and rewards."""
        steps: dict[int, list[Any]] = defaultdict(list)
        for step in self.data("step"):
            steps[step["ep_index"]].append([step["action"], step["reward"]])
        return {
            e["ep_index"]: hashlib.sha256(json.dumps([e["seed"], steps[e["ep_index"]]]).encode()).hexdigest()
            for e in self.data("episode")
        }


Worker = Callable[..., Ran]


@contextlib.contextmanager
def as_in_a_process_of_its_own() -> Iterator[None]:
    """Undo what MARLlib's HAPPO changes for the whole process: RLlib's defaults of PPO, torch's detection of NaN."""
    import torch
    from ray.rllib.agents.ppo import ppo

    former = dict(ppo.DEFAULT_CONFIG)
    try:
        yield
    finally:
        ppo.DEFAULT_CONFIG.clear()
        ppo.DEFAULT_CONFIG.update(former)
        torch.autograd.set_detect_anomaly(False)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """Run the worker with some settings."""
    from marllib_worker import MarllibWorkerConfig, MarllibWorkerRuntime

    numbers = count(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    for name in ("WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(*, dry_run: bool = False, **settings: Any) -> Ran:
        run_id = f"run{next(numbers)}"
        log = tmp_path / f"{run_id}.jsonl"
        monkeypatch.setenv("MOSAIC_LOG", str(log))
        values = {
            "run_id": run_id,
            "seed": 1,
            "total_timesteps": 200,
            "batch_episode": 4,
            "heartbeat_interval_s": 0,
            "tensorboard": False,
            **settings,
        }
        with as_in_a_process_of_its_own():
            summary = MarllibWorkerRuntime(MarllibWorkerConfig.from_dict(values), dry_run=dry_run).run()
        return Ran(values, summary, [json.loads(line) for line in log.read_text().splitlines()])

    return run
