"""Whole runs of the worker, for tests that need the library."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class Ran:
    """What a run said."""

    def __init__(self, code: int, log: Path, stderr: Path) -> None:
        self.code, self.stderr = code, stderr.read_text()
        self.events: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if "event" in event and event["event"] != "heartbeat"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events if event.get("event") == name]

    def data(self, kind: str, phase: str = "train") -> list[dict[str, Any]]:
        found = [event for event in self.events if event.get("event_type") == kind]
        return [event for event in found if kind == "metric" or event.get("phase") == phase]

    @property
    def summary(self) -> dict[str, Any]:
        assert self.lifecycle()[-1:] == ["run_completed"], (self.lifecycle(), self.stderr[-3000:])
        return self.named("run_completed")[-1]

    def check_data(self, phase: str = "train") -> None:
        """Everything is told once, and steps add up to their episodes."""
        episodes, steps = self.data("episode", phase), self.data("step", phase)
        numbers = [episode["ep_index"] for episode in episodes]
        assert len(set(numbers)) == len(numbers) > 0
        told = [(step["step_index"], step.get("agent_id")) for step in steps]
        assert len(set(told)) == len(told)
        rewards: dict[tuple[int, Any], float] = defaultdict(float)
        for step in steps:
            rewards[step["ep_index"], step.get("agent_id")] += step["reward"]
        for episode in episodes:
            own = episode.get("agent_rewards") or {None: episode["total_reward"]}
            for agent, total in own.items():
                assert rewards[episode["ep_index"], agent] == pytest.approx(total, abs=1e-3)
        for metric in self.data("metric"):
            assert all(math.isfinite(value) for value in metric["values"].values())


#: The worker, and what the workers' tests share.
_PATH = (Path(__file__).parents[1], Path(__file__).parents[2] / "tests")


class Runs:
    """Starts the worker as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._count = folder, 0

    def start(self, **settings: Any) -> tuple[subprocess.Popen[bytes], Path, Path]:
        self._count += 1
        name = f"run{self._count}"
        work = self.folder / name
        work.mkdir()
        config = {"run_id": name, "seed": 1, "tensorboard": False, "heartbeat_interval_s": 1, **settings}
        (work / "config.json").write_text(json.dumps(config))
        log, stderr = work / "log.jsonl", work / "stderr.txt"
        environment = {**os.environ, "MOSAIC_HOME": str(self.folder / "home"), "MOSAIC_LOG": str(log)}
        environment = {key: value for key, value in environment.items() if key != "PYTHONUNBUFFERED"}
        with stderr.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "ray_worker.cli", "--config", "config.json"],
                cwd=work,
                env={**environment, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(map(str, _PATH))},
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        return process, log, stderr

    @staticmethod
    def wait_until(condition: Callable[[], object], timeout_s: float = 240.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "the time is up"
            time.sleep(0.1)

    @staticmethod
    def read(code: int, log: Path, stderr: Path) -> Ran:
        return Ran(code, log, stderr)

    def __call__(self, **settings: Any) -> Ran:
        process, log, stderr = self.start(**settings)
        try:
            code = process.wait(600)
        finally:
            process.kill()
        return Ran(code, log, stderr)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    yield Runs(tmp_path)
    Runs.wait_until(lambda: not _processes_of(tmp_path / "home"), 20)


def _processes_of(home: Path) -> list[int]:
    """Return the processes that were started with a home."""
    needle = f"MOSAIC_HOME={home}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if needle in (Path(entry.path) / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found
