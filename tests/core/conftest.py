"""Fixtures of the SDK's tests: an environment without MOSAIC's variables, and logs to emit into."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import TelemetryEmitter

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("MOSAIC_") or name == "WORKER_ID":
            monkeypatch.delenv(name)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))


class Log:
    """A worker's log file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Log:
    """The log that emitters of this test write to."""
    path = tmp_path / "worker.jsonl"
    path.touch()
    monkeypatch.setenv("MOSAIC_LOG", str(path))
    return Log(path)


class Script:
    """Runs a program of the test in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, code: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = self.folder / "script.py"
        path.write_text(code)
        return self.python(str(path), *arguments, **env)

    def python(
        self, *arguments: str, interpreter: str = sys.executable, timeout: float = 60, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [interpreter, "-W", "error", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(self.folder)]), **env},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Runs code in a process of its own, warnings being errors."""
    return Script(tmp_path)


class Recorder:
    """An emitter into memory."""

    def __init__(self) -> None:
        self.sink = io.StringIO()
        self.emitter = TelemetryEmitter("r", worker_id="w", sink=self.sink)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        events = [json.loads(line) for line in self.sink.getvalue().splitlines()]
        return [event for event in events if kind in (None, event.get("event_type"))]


@pytest.fixture
def recorder() -> Recorder:
    """An emitter into memory, and what it emitted."""
    return Recorder()
