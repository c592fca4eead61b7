"""Runs of the worker inside the test process, with log and working directory of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Ran:
    """What a run said."""

    summary: dict[str, Any]
    events: list[dict[str, Any]]

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if event.get("event", "heartbeat") != "heartbeat"]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event_type") == kind]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the worker with some settings."""
    from random_worker import RandomWorkerConfig, RandomWorkerRuntime

    numbers = count(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKER_ID", raising=False)

    def run(*, dry_run: bool = False, **settings: Any) -> Ran:
        log = tmp_path / f"run{next(numbers)}.jsonl"
        monkeypatch.setenv("MOSAIC_LOG", str(log))
        config = RandomWorkerConfig.from_dict({"run_id": log.stem, "seed": 1, "total_steps": 500, **settings})
        summary = RandomWorkerRuntime(config, dry_run=dry_run).run()
        return Ran(summary, [json.loads(line) for line in log.read_text().splitlines()])

    return run
