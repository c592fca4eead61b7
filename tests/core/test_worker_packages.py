"""Worker packages as people write them, run as the processes that they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import WorkerAnalyticsManifest, WorkerDiscovery

PACKAGES = Path(__file__).parent / "packages"
NAMES = ("printing", "emitting", "constant")


class Installed:
    """The packages on a path of their own, with the metadata that installing them would leave."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.work = folder / "work"
        self.work.mkdir()
        shutil.copytree(PACKAGES, self.site, ignore=shutil.ignore_patterns("__pycache__"))
        for name in NAMES:
            info = self.site / f"{name}_worker-1.0.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-worker\nVersion: 1.0.0\n")
            (info / "entry_points.txt").write_text(f"[mosaic.workers]\n{name} = {name}_worker:get_worker_metadata\n")

    def run(self, name: str, config: Any, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = self.work / "config.json"
        path.write_text(json.dumps(config))
        return self.python("-m", f"{name}_worker.cli", "--config", str(path), *arguments, **env)

    def python(self, *arguments: str, path: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        repository = str(Path(__file__).resolve().parents[2])
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.work,
            env={**os.environ, "PYTHONPATH": path or os.pathsep.join([str(self.site), repository]), **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.strip().split("\n")]


def kinds(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [event.get("event") or event["event_type"] for event in events(done)]


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


def test_printing_worker(installed: Installed) -> None:
    done = installed.run("printing", {"run_id": "r", "total_steps": 1000}, "--grpc")
    assert done.returncode == 0, done.stderr
    assert kinds(done).count("step") == 10
    assert kinds(done).count("heartbeat") == 2
    assert (kinds(done)[0], kinds(done)[-1]) == ("run_started", "run_completed")


def test_emitting_worker(installed: Installed) -> None:
    config = {"metadata": {"worker": {"config": {"run_id": "r", "seed": 1}}}}
    done = installed.run("emitting", config, "--worker-id", "000002")
    assert done.returncode == 0, done.stderr
    assert kinds(done) == ["run_started", "heartbeat", "run_completed"]
    assert {event["worker_id"] for event in events(done)} == {"000002"}
    manifest = WorkerAnalyticsManifest.load(events(done)[-1]["payload"]["analytics_manifest"])
    assert manifest.metadata["notes"] == "trained"
    assert manifest.artifacts.checkpoints is not None
    assert manifest.artifacts.checkpoints.format == "pytorch"


def test_emitting_worker_without_mosaic(installed: Installed) -> None:
    """Nothing of MOSAIC can be imported: the worker's own fall-backs carry it."""
    code = """
import sys
sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry]
sys.modules["gym_gui"] = None
from emitting_worker import EmittingWorkerConfig, EmittingWorkerRuntime
assert EmittingWorkerRuntime(EmittingWorkerConfig(run_id="r")).run()["status"] == "completed"
"""
    done = installed.python("-S", "-c", code, path=str(installed.site))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_emitting_worker_dry_run_and_failure(installed: Installed) -> None:
    assert kinds(installed.run("emitting", {"run_id": "r"}, "--dry-run")) == ["run_started", "run_completed"]
    done = installed.run("emitting", {"run_id": "r", "algorithm": "broken"})
    assert done.returncode == 1
    assert kinds(done) == ["run_started", "run_failed"]
    done = installed.run("emitting", {"run_id": "r", "total_steps": 0})
    assert done.returncode == 2
    assert "total_steps must be >= 1" in done.stderr


def test_constant_worker(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("constant", {"run_id": "r", "algo": "ppo"}, MOSAIC_HOME=str(tmp_path / "h"))
    assert done.returncode == 0, done.stderr
    assert kinds(done) == ["run_started", "heartbeat", "checkpoint_saved", "run_completed"]
    run = tmp_path / "h" / "runs" / "r"
    assert events(done)[-1]["payload"] == {
        "folders": [str(run), str(run / "tensorboard"), str(run / "checkpoints"), str(run / "videos")],
        "debug": False,
        "seed": 42,
    }
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert [record["message"] for record in records] == [
        "Constant worker runtime started",
        "Constant worker checkpoint saved",
        "Constant worker runtime completed",
    ]
    assert {record["run_id"] for record in records} == {"r"}
    assert records[0]["extra"]["algo"] == "ppo"


def test_constant_worker_fails_with_a_traceback_in_its_record(installed: Installed) -> None:
    done = installed.run("constant", {"run_id": "r", "algo": "broken"})
    assert done.returncode == 1
    assert kinds(done) == ["run_started", "heartbeat", "run_failed"]
    assert events(done)[-1]["payload"] == {"error": "the algorithm is broken", "error_type": "RuntimeError"}
    failed = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")][-1]
    assert failed["level"] == "ERROR"
    assert "RuntimeError: the algorithm is broken" in failed["exception"]


def test_lifecycle_under_pytest_capture(installed: Installed) -> None:
    """A worker's own standardization tests, as its package ships them."""
    (installed.work / "test_standardization.py").write_text("""
import json, sys
import pytest
from emitting_worker import get_worker_metadata
from emitting_worker.config import EmittingWorkerConfig
from emitting_worker.runtime import EmittingWorkerRuntime
from printing_worker.config import PrintingWorkerConfig
from printing_worker.runtime import PrintingWorkerRuntime
from gym_gui.core.worker import WorkerCapabilities, WorkerConfig, WorkerMetadata

@pytest.mark.parametrize("config, runtime", [
    (PrintingWorkerConfig(run_id="test-001", total_steps=10), PrintingWorkerRuntime),
    (EmittingWorkerConfig(run_id="test-001", total_steps=10), EmittingWorkerRuntime)])
def test_lifecycle_events(capsys, config, runtime):
    assert isinstance(config, WorkerConfig)
    assert type(config).from_dict(config.to_dict()) == config
    runtime(config).run()
    lines = [json.loads(line) for line in capsys.readouterr().out.strip().split("\\n")]
    events = [line.get("event") for line in lines if "event" in line]
    assert "run_started" in events and "run_completed" in events

def test_metadata():
    metadata, capabilities = get_worker_metadata()
    assert isinstance(metadata, WorkerMetadata) and isinstance(capabilities, WorkerCapabilities)

def test_entry_point_registered():
    from importlib.metadata import entry_points
    assert [ep for ep in entry_points(group="mosaic.workers") if ep.name == "emitting"]
""")
    done = installed.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_standardization.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_are_discovered(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed.site))
    discovery = WorkerDiscovery()
    assert set(NAMES) <= set(discovery.list_worker_ids())
    for name in NAMES:
        for module in [module for module in sys.modules if module.startswith(f"{name}_worker")]:
            del sys.modules[module]


@pytest.mark.parametrize(
    ("name", "title"), [("printing", "PrintingWorkerConfig"), ("emitting", "EmittingWorkerConfig")]
)
def test_schema_of_each_is_read(installed: Installed, name: str, title: str) -> None:
    from gym_gui.core.worker import schema

    done = installed.python(str(Path(schema.__file__)), f"{name}_worker")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["title"] == title
    assert found["properties"]["seed"]["type"] == ["integer", "null"]
    if name == "emitting":
        assert found["properties"]["batch_size"]["description"] == "Batch size"
