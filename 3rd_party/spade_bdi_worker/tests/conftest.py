"""Runs of the worker: of its learners alone, inside the test process, and as processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Ran:
    """What a run said."""

    config: dict[str, Any]
    events: list[dict[str, Any]]
    code: int = 0
    errors: str = ""
    left: list[str] = field(default_factory=list)

    @property
    def summary(self) -> dict[str, Any]:
        assert self.code == 0, self.errors
        return self.named("run_completed")[-1]

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if "event" in event and event["event"] != "heartbeat"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events if event.get("event") == name]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event_type") == kind]

    def acts(self) -> list[tuple[Any, ...]]:
        """What was done, in order."""
        names = ("step_index", "ep_index", "agent_id", "action", "reward")
        return [tuple(step[name] for name in names) for step in self.data("step")]


@pytest.fixture
def learners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Train with a plain loop in place of AgentSpeak agents: what remains needs no library but Gymnasium."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    for name in ("WORKER_ID", "MOSAIC_LOG", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)
    numbers = count(1)

    def run(stop_at: int | None = None, checkpoint: dict[str, Any] | None = None, **settings: Any) -> Ran:
        from gym_gui.core.worker.telemetry import TelemetryEmitter
        from spade_bdi_worker.config import RunConfig
        from spade_bdi_worker.scalars import Scalars
        from spade_bdi_worker.training import Training

        config = RunConfig.from_dict({"run_id": f"run{next(numbers)}", "seed": 3, "total_steps": 500, **settings})
        sink = io.StringIO()
        training = Training(
            config,
            checkpoint["seed"] if checkpoint else int(config.seed or 0),
            TelemetryEmitter(config.run_id, sink=sink),
            checkpoints=tmp_path / config.run_id,
            scalars=Scalars(config, tmp_path / "tb", None),
            checkpoint=checkpoint,
        )
        play(training, stop_at)
        training.close()
        training.scalars.close()
        events = [json.loads(line) for line in sink.getvalue().splitlines()]
        events.append({"event": "run_completed", "payload": training.result()})
        return Ran(config.to_dict(), events)

    return run


def play(training: Any, stop_at: int | None = None) -> None:
    """Do what the plans do."""
    while (goal := training.assignment()) is not None:
        learner = training.learners[goal.learner]
        for episode in range(goal.first, goal.first + goal.episodes):
            if training.exhausted:
                break
            learner.begin(episode)
            while not learner.over:
                learner.do(learner.choose(), "!act")
                if training.step == stop_at:
                    training.save()
                    return


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start ``python -m spade_bdi_worker.cli`` with a config."""
    numbers = count(1)

    def run(config: dict[str, Any], *flags: str, module: str = "spade_bdi_worker.cli", **environment: str) -> Any:
        path = tmp_path / f"config{next(numbers)}.json"
        path.write_text(json.dumps(config))
        names = ("WORKER_ID", "MOSAIC_LOG", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "PYTHONUNBUFFERED", "XMPP_PASSWORD")
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        return subprocess.Popen(
            [sys.executable, "-m", module, "--config", str(path), *flags],
            cwd=tmp_path,
            env={**inherited, "MOSAIC_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def worker(start: Any, tmp_path: Path) -> Callable[..., Ran]:
    """Run the worker to its end; nothing of it may be left behind."""
    numbers = count(1)

    def run(*flags: str, environment: dict[str, str] | None = None, **settings: Any) -> Ran:
        config = {"run_id": f"run{next(numbers)}", "seed": 3, "total_steps": 500, **settings}
        process = start(config, *flags, **(environment or {}))
        output, errors = process.communicate(timeout=120)
        left = [path.name for path in tmp_path.glob("mosaic-xmpp-*")]
        return Ran(config, events_of(output), process.returncode, errors, left)

    return run
