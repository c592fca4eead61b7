"""What several tests of the worker need."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Ran:
    """What a run said."""

    code: int
    events: list[dict[str, Any]]
    stderr: str

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if "event" in event and event["event"] != "heartbeat"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events if event.get("event") == name]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event_type") == kind]

    @property
    def summary(self) -> dict[str, Any]:
        assert self.lifecycle()[-1] == "run_completed", (self.lifecycle(), self.stderr[-3000:])
        return self.named("run_completed")[-1]


Worker = Callable[..., Ran]


@pytest.fixture
def scratch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working directory of the test's own, and no run that the test process might belong to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    for name in ("WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "MOSAIC_LOG", "PYTHONUNBUFFERED"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def read_events(text: str) -> list[dict[str, Any]]:
    """Read telemetry of which every line is an event."""
    return [json.loads(line) for line in text.splitlines()]
