"""Runs of the worker as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1]


@dataclass
class Ran:
    """What a run printed."""

    events: list[dict[str, Any]]
    code: int
    errors: str

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if event.get("event", "heartbeat") != "heartbeat"]

    def last(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.events[-1]["payload"]
        return payload

    def metric(self, name: str) -> list[float]:
        metrics = [event for event in self.events if event.get("event_type") == "metric"]
        return [event["values"][name] for event in metrics if name in event["values"]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``python -m goliat_worker.cli`` with a config; no process remains after the test."""
    numbers = count(1)
    started: list[subprocess.Popen[str]] = []
    names = ("WORKER_ID", "MOSAIC_LOG", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "GOLIAT_MACHINE_ID", "MOSAIC_MACHINE_ID")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    path = os.pathsep.join([str(PACKAGE), *filter(None, [inherited.get("PYTHONPATH")])])

    def run(*flags: str, environment: dict[str, str] | None = None, **settings: Any) -> subprocess.Popen[str]:
        number = next(numbers)
        file = tmp_path / f"config{number}.json"
        file.write_text(json.dumps({"run_id": f"run{number}", "seed": 3, "command": "practice", **settings}))
        variables = {**inherited, "PYTHONPATH": path, "MOSAIC_HOME": str(tmp_path / "home"), **(environment or {})}
        process = subprocess.Popen(
            [sys.executable, "-m", "goliat_worker.cli", "--config", str(file), *flags],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def worker(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., Ran]:
    """Run the worker to its end."""

    def run(*flags: str, **settings: Any) -> Ran:
        process = start(*flags, **settings)
        output, errors = process.communicate(timeout=100)
        return Ran([json.loads(line) for line in output.splitlines()], process.returncode, errors)

    return run
