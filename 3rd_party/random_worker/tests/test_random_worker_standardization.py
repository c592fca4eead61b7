"""The worker is what MOSAIC expects of one, and does without MOSAIC."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from gym_gui.core.worker import WorkerCapabilities, WorkerConfig, WorkerMetadata, WorkerRuntime, config_schema
from random_worker import RandomWorkerConfig, get_worker_metadata


def test_config_is_a_worker_config() -> None:
    config = RandomWorkerConfig(run_id="test", seed=42)
    assert isinstance(config, WorkerConfig)
    assert RandomWorkerConfig.from_dict(json.loads(config.to_json())) == config


def test_runtime_is_a_worker_runtime() -> None:
    from random_worker import RandomWorkerRuntime

    assert isinstance(RandomWorkerRuntime(RandomWorkerConfig(run_id="test")), WorkerRuntime)


def test_metadata_and_capabilities() -> None:
    metadata, capabilities = get_worker_metadata()
    assert isinstance(metadata, WorkerMetadata)
    assert isinstance(capabilities, WorkerCapabilities)
    assert (capabilities.worker_type, capabilities.determinism) == ("random", "exact")


def test_entry_point_is_registered() -> None:
    found = [entry for entry in entry_points(group="mosaic.workers") if entry.name == "random"]
    assert [entry.value for entry in found] == ["random_worker:get_worker_metadata"]
    assert found[0].load() is get_worker_metadata


def test_every_field_has_help_and_every_number_bounds() -> None:
    for name, part in config_schema(RandomWorkerConfig)["properties"].items():
        assert part.get("description", "").endswith("."), name
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        if {"integer", "number"} & set(kinds):
            assert "minimum" in part, name


def test_plays_without_mosaic_and_without_torch(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"run_id": "alone", "seed": 1, "total_steps": 300}))
    program = (
        "import sys; sys.modules['gym_gui'] = sys.modules['torch'] = None; from random_worker.cli import main;"
        "sys.exit(main(['--config', 'config.json']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    told = [event["event"] for event in events if event.get("event", "heartbeat") != "heartbeat"]
    assert told == ["run_started", "run_completed"]
    assert sum(event.get("event_type") == "step" for event in events) == 300


def test_sigterm_says_cancelled_with_all_steps_accounted_for(tmp_path: Path) -> None:
    config = {"run_id": "c", "seed": 1, "total_steps": 0, "episodes": 10**9, "steps": "episodes:2"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    process = subprocess.Popen(
        [sys.executable, "-m", "random_worker.cli", "--config", "config.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(100)]
    process.terminate()
    # Not communicate(), which would leave out what readline() has read ahead.
    events = [json.loads(line) for line in [*first, *process.stdout]]
    assert process.wait(timeout=60) == 143
    last = events[-1]
    assert last["event"] == "run_cancelled"
    taken = sum(e.get("event_type") == "step" for e in events) + sum(e.get("sampled", 0) for e in events)
    process.stdout.close()
    assert abs(taken - last["payload"]["step"]) <= 1  # the signal may fall between a step and its count


def test_as_a_process(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"run_id": "r", "burst": 5000}))
    done = subprocess.run(
        [sys.executable, "-m", "random_worker.cli", "--config", "config.json"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert len(done.stdout.splitlines()) == 5002
