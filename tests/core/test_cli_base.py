"""A worker's whole command line, run as the process that it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import ConfigError, WorkerCLI

WORKER = '''
import logging, os, signal, subprocess, sys, time
from dataclasses import dataclass, field
from gym_gui.core.worker import RunLifecycle, TelemetryEmitter, WorkerCLI

@dataclass
class ProbeWorkerConfig:
    """Attributes:
        run_id: The run.
    """
    run_id: str
    seed: "int | None" = None
    worker_id: "str | None" = None
    steps: int = field(default=3, metadata={"minimum": 1})
    do: str = "train"

    def __post_init__(self):
        if self.do == "nonsense":
            raise ValueError("do is nonsense")

    def to_dict(self):
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data):
        return cls(**data)

class Runtime:
    def __init__(self, config, *, dry_run=False, logger=None):
        self.config, self.dry_run, self.logger = config, dry_run, logger
        self.emitter = TelemetryEmitter(config.run_id, logger=logger)

    def run(self):
        self.emitter.run_started({"config": self.config.to_dict()})
        if self.dry_run:
            self.emitter.run_completed({"status": "dry-run"})
            return {}
        try:
            self.train()
        except Exception as error:
            self.emitter.run_failed(exc_info=error)
            raise
        self.emitter.run_completed({"status": "completed"})
        if self.config.do == "late":
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        return {}

    def train(self):
        if self.config.do == "print":
            print("a library prints")
            os.write(1, b"C code prints\\n")
            subprocess.run([sys.executable, "-c", "print('a child prints')"], check=True)
        if self.config.do == "fail":
            raise RuntimeError("no luck")
        if self.config.do == "swallow":
            while True:
                try:
                    self.emitter.heartbeat()
                    time.sleep(0.01)
                except Exception:
                    pass
        for i in range(self.config.steps):
            self.emitter.step(i, reward=1.0)

class Managed(Runtime):
    """The same with the SDK's lifecycle."""
    def run(self):
        with RunLifecycle(self.config, "probe", dry_run=self.dry_run, heartbeat_interval_s=0) as run:
            if not run.dry_run:
                self.train()
        if self.config.do == "late":
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        return run.summary

class Plain:
    """A runtime that knows nothing of dry runs and tells nothing of itself."""
    def __init__(self, config):
        self.config = config
    def run(self):
        if self.config.do == "fail":
            raise RuntimeError("no luck")
        return {}

class Broken:
    def __init__(self, config):
        raise RuntimeError("cannot be built")

if __name__ == "__main__":
    sys.exit(WorkerCLI.run(ProbeWorkerConfig, "probe_worker:" + os.environ.get("RUNTIME", "Runtime"), prog="probe"))
'''


class Worker:
    """The worker above, its config file and its log."""

    def __init__(self, folder: Path, script: Any) -> None:
        self.folder = folder
        self.script = script
        self.log = folder / "log.jsonl"
        self.log.touch()
        (folder / "probe_worker.py").write_text(WORKER)
        self.config(run_id="r")

    def config(self, **values: Any) -> None:
        (self.folder / "config.json").write_text(json.dumps(values))

    def run(self, *arguments: str, config: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        flags = ("--config", "config.json") if config else ()
        done: subprocess.CompletedProcess[str] = self.script.python(
            "probe_worker.py", *flags, *arguments, **{"MOSAIC_LOG": str(self.log), **env}
        )
        return done

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def kinds(self) -> list[str]:
        return [event.get("event") or event["event_type"] for event in self.events()]


@pytest.fixture
def worker(tmp_path: Path, script: Any) -> Worker:
    return Worker(tmp_path, script)


def test_trains(worker: Worker) -> None:
    done = worker.run("--worker-id", "000003", "--grpc", "--grpc-target", "127.0.0.1:1", "--verbose")
    assert done.returncode == 0, done.stderr
    assert worker.kinds() == ["run_started", "step", "step", "step", "run_completed"]
    assert {event["worker_id"] for event in worker.events()} == {"000003"}
    assert worker.events()[0]["payload"]["config"]["worker_id"] == "000003"
    assert done.stdout == ""


def test_nested_config(worker: Worker) -> None:
    worker.config(metadata={"worker": {"config": {"run_id": "r", "steps": 1.0}}})
    assert worker.run().returncode == 0
    assert worker.kinds() == ["run_started", "step", "run_completed"]


def test_prints_go_to_stderr(worker: Worker) -> None:
    worker.config(run_id="r", do="print", steps=1)
    done = worker.run()
    assert done.returncode == 0, done.stderr
    for line in ("a library prints", "C code prints", "a child prints"):
        assert line in done.stderr.splitlines()
    assert done.stdout == ""
    assert worker.kinds() == ["run_started", "step", "run_completed"]


def test_without_a_log_telemetry_is_on_stdout_alone(worker: Worker) -> None:
    worker.config(run_id="r", do="print", steps=1)
    done = worker.run(MOSAIC_LOG="")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event.get("event") or event["event_type"] for event in events] == ["run_started", "step", "run_completed"]


def test_schema(worker: Worker) -> None:
    done = worker.run("--schema", config=False)
    assert done.returncode == 0
    schema = json.loads(done.stdout)
    assert schema["title"] == "ProbeWorkerConfig"
    assert schema["properties"]["steps"] == {"type": "integer", "default": 3, "minimum": 1}


@pytest.mark.parametrize("runtime", ["Runtime", "Managed", "Plain"])
def test_dry_run_is_two_events(worker: Worker, runtime: str) -> None:
    done = worker.run("--dry-run", RUNTIME=runtime)
    assert done.returncode == 0, done.stderr
    assert worker.kinds() == ["run_started", "run_completed"]
    assert worker.events()[1]["payload"]["status"] == "dry-run"


def test_all_problems_of_a_config_at_once(worker: Worker) -> None:
    worker.config(stepps=1, steps=0, seed="x", metadata=None)
    done = worker.run("--dry-run", MOSAIC_RUN_ID="run-9")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["stepps", "run_id", "seed", "steps"]
    assert "did you mean 'steps'?" in lines[0]
    (event,) = worker.events()
    assert (event["event"], event["run_id"]) == ("run_failed", "run-9")
    assert event["payload"]["error_type"] == "ConfigError"
    assert [problem["path"] for problem in event["payload"]["problems"]] == ["stepps", "run_id", "seed", "steps"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "Config file not found"),
        ("{", "is not JSON"),
        ('{"run_id": "r", "do": "nonsense"}', "do is nonsense"),
        ("[]", "is a list"),
    ],
)
def test_configs_that_cannot_be(worker: Worker, text: str | None, reason: str) -> None:
    path = worker.folder / "config.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    done = worker.run()
    assert done.returncode == 2
    assert reason in done.stderr
    assert worker.kinds() == ["run_failed"]


def test_missing_config_flag(worker: Worker) -> None:
    done = worker.run(config=False)
    assert done.returncode == 2
    assert "--config" in done.stderr
    assert worker.events() == []


@pytest.mark.parametrize("runtime", ["Runtime", "Managed", "Plain", "Broken", "Missing"])
def test_failure_is_told_once(worker: Worker, runtime: str) -> None:
    worker.config(run_id="r", do="fail")
    done = worker.run(RUNTIME=runtime)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert worker.kinds().count("run_failed") == 1
    assert worker.events()[-1]["payload"]["error"]


@pytest.mark.parametrize("runtime", ["Runtime", "Managed"])
def test_a_request_that_comes_after_the_end_is_too_late(worker: Worker, runtime: str) -> None:
    worker.config(run_id="r", do="late", steps=1)
    done = worker.run(RUNTIME=runtime)
    assert done.returncode == 0, done.stderr
    assert worker.kinds() == ["run_started", "step", "run_completed"]


@pytest.mark.parametrize("runtime", ["Runtime", "Managed"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_cancel(worker: Worker, number: int, code: int, runtime: str) -> None:
    worker.config(run_id="r", do="swallow")
    with subprocess.Popen(
        [sys.executable, "probe_worker.py", "--config", "config.json"],
        cwd=worker.folder,
        env={
            **os.environ,
            "RUNTIME": runtime,
            "MOSAIC_LOG": str(worker.log),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        },
        stderr=subprocess.PIPE,
    ) as process:
        for _ in until(lambda: "heartbeat" in worker.kinds()):
            assert process.poll() is None
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert worker.kinds()[-1] == "run_cancelled"
    assert worker.kinds().count("run_cancelled") == 1
    assert worker.events()[-1]["payload"]["signal"] == signal.Signals(number).name


def until(condition: Any) -> Iterator[None]:
    """Poll for a condition for up to a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        yield
        time.sleep(0.02)


def test_load_and_validate(tmp_path: Path) -> None:
    from tests_probe import Config  # type: ignore[import-not-found]

    path = tmp_path / "c.json"
    path.write_text('{"run_id": "r"}')
    assert WorkerCLI.load_and_validate_config(path, Config, worker_id="w").worker_id == "w"
    path.write_text('{"run_id": "r", "x": 1}')
    with pytest.raises(ConfigError, match="x: is unknown"):
        WorkerCLI.load_and_validate_config(path, Config)


def test_in_this_process(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker's own tests call it: everything is as before afterwards."""
    from tests_probe import Config, Runtime

    (tmp_path / "c.json").write_text('{"run_id": "in-process"}')
    monkeypatch.setenv("WORKER_ID", "")
    handler, stdout = signal.getsignal(signal.SIGTERM), sys.stdout
    assert WorkerCLI.run(Config, Runtime, ["--config", str(tmp_path / "c.json")]) == 0
    assert signal.getsignal(signal.SIGTERM) is handler
    assert sys.stdout is stdout
    captured = capsys.readouterr()
    assert json.loads(captured.out)["event"] == "run_started"
    assert captured.err == "printed\n"


PROBE = """
from dataclasses import dataclass
from gym_gui.core.worker import TelemetryEmitter
@dataclass
class Config:
    run_id: str
    seed: "int | None" = None
    worker_id: "str | None" = None
    def to_dict(self): return dict(vars(self))
    @classmethod
    def from_dict(cls, data): return cls(**data)
class Runtime:
    def __init__(self, config): self.config = config
    def run(self):
        print("printed")
        TelemetryEmitter(self.config.run_id).run_started({})
        return {}
"""


@pytest.fixture(autouse=True)
def _probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "probe"
    folder.mkdir()
    (folder / "tests_probe.py").write_text(PROBE)
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("tests_probe", None)
