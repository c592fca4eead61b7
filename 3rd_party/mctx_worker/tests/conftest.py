"""Runs of the worker inside the test process, with home, log and working directory of their own."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

# Compiling takes most of the time of these tests: what one test has compiled is used by the others.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / "mctx-worker-tests"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

#: Settings of a small training.
SMALL = {
    "total_steps": 192,
    "num_envs": 8,
    "rollout_steps": 12,
    "num_simulations": 4,
    "num_channels": 8,
    "num_blocks": 1,
    "batch_size": 32,
    "eval_simulations": 2,
    "eval_episodes": 6,
    "heartbeat_interval_s": 0,
}


@dataclass
class Ran:
    """What a run printed."""

    summary: dict[str, Any]
    events: list[dict[str, Any]]

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if event.get("event", "heartbeat") != "heartbeat"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events if event.get("event") == name]

    def data(self, kind: str, phase: str = "train") -> list[dict[str, Any]]:
        found = [event for event in self.events if event.get("event_type") == kind]
        return [event for event in found if event.get("phase", "train") == phase]

    def metric(self, name: str) -> list[float]:
        return [event["values"][name] for event in self.data("metric") if name in event["values"]]


Worker = Callable[..., Ran]


@pytest.fixture
def small() -> dict[str, Any]:
    """Return the settings of a small training."""
    return dict(SMALL)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """Run the worker with some settings."""
    from mctx_worker import MctxWorkerConfig, MctxWorkerRuntime

    numbers = count(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    for name in ("WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(*, dry_run: bool = False, **settings: Any) -> Ran:
        run_id = f"run{next(numbers)}"
        log = tmp_path / f"{run_id}.jsonl"
        monkeypatch.setenv("MOSAIC_LOG", str(log))
        config = MctxWorkerConfig.from_dict({"run_id": run_id, "seed": 1, **SMALL, **settings})
        summary = MctxWorkerRuntime(config, dry_run=dry_run).run()
        return Ran(summary, [json.loads(line) for line in log.read_text().splitlines()])

    return run
