"""Runs of the worker inside the test process, with home, log and working directory of their own."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

#: Small settings with which each algorithm is through two thousand steps in a second or two.
SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"algo": "ppo", "env_id": "CartPole-v1", "update_epochs": 2},
    "ppo_continuous_action": {
        "algo": "ppo_continuous_action",
        "env_id": "Pendulum-v1",
        "preset": "none",
        "num_envs": 2,
        "num_steps": 128,
        "update_epochs": 1,
        "num_minibatches": 4,
    },
    "dqn": {
        "algo": "dqn",
        "env_id": "CartPole-v1",
        "preset": "none",
        "learning_starts": 200,
        "buffer_size": 1000,
        "batch_size": 32,
        "target_network_frequency": 100,
    },
    "c51": {
        "algo": "c51",
        "env_id": "CartPole-v1",
        "preset": "none",
        "learning_starts": 200,
        "buffer_size": 1000,
        "batch_size": 32,
        "n_atoms": 11,
        "target_network_frequency": 100,
    },
    **{
        algo: {
            "algo": algo,
            "env_id": "Pendulum-v1",
            "preset": "none",
            "learning_starts": 1850,
            "buffer_size": 1500,
            "batch_size": 32,
            "hidden_sizes": [32, 32],
        }
        for algo in ("ddpg", "td3", "sac")
    },
}


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

    def episode_hashes(self, phase: str = "train") -> dict[int, str]:
        """Number of each whole episode to a hash of all its actions and rewards."""
        steps: dict[int, list[Any]] = defaultdict(list)
        for step in self.data("step"):
            if step.get("phase", "train") == phase:
                steps[step["ep_index"]].append([step["action"], step["reward"]])
        ended = [e["ep_index"] for e in self.data("episode") if e["phase"] == phase]
        return {number: hashlib.sha256(json.dumps(steps[number]).encode()).hexdigest() for number in ended}


Worker = Callable[..., Ran]


def read_events(log: Path) -> list[dict[str, Any]]:
    """Read a log of which every line is an event."""
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """Run the worker with some settings."""
    from cleanrl_worker import CleanRLWorkerConfig, CleanRLWorkerRuntime

    numbers = count(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    for name in ("WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(algo: str = "ppo", *, dry_run: bool = False, small: bool = True, **settings: Any) -> Ran:
        run_id = f"run{next(numbers)}"
        log = tmp_path / f"{run_id}.jsonl"
        monkeypatch.setenv("MOSAIC_LOG", str(log))
        values = {
            "run_id": run_id,
            "seed": 1,
            "total_timesteps": 2048,
            "metrics_interval": 0,
            "tensorboard": False,
            "cuda": False,
            "algo": algo,
            **(SMALL[algo] if small else {}),
            **settings,
        }
        config = CleanRLWorkerConfig.from_dict(values)
        summary = CleanRLWorkerRuntime(config, dry_run=dry_run).run()
        return Ran(values, summary, read_events(log))

    return run
