"""The worker is what MOSAIC expects of one, and does without MOSAIC."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cleanrl_worker import CleanRLWorkerConfig, get_worker_metadata
from gym_gui.core.worker import WorkerCapabilities, WorkerConfig, WorkerMetadata, WorkerRuntime, config_schema


def test_config_is_a_worker_config() -> None:
    config = CleanRLWorkerConfig(run_id="test", seed=42)
    assert isinstance(config, WorkerConfig)
    assert (config.run_id, config.seed) == ("test", 42)
    assert CleanRLWorkerConfig.from_dict(config.to_dict()) == config
    assert CleanRLWorkerConfig.from_dict(json.loads(config.to_json())) == config


def test_runtime_is_a_worker_runtime() -> None:
    from cleanrl_worker import CleanRLWorkerRuntime

    assert isinstance(CleanRLWorkerRuntime(CleanRLWorkerConfig(run_id="test")), WorkerRuntime)


def test_metadata_and_capabilities() -> None:
    metadata, capabilities = get_worker_metadata()
    assert isinstance(metadata, WorkerMetadata)
    assert isinstance(capabilities, WorkerCapabilities)
    assert capabilities.worker_type == "cleanrl"
    assert capabilities.supports_checkpointing
    assert capabilities.determinism == "exact"
    assert capabilities.exact_resume


def test_entry_point_is_registered() -> None:
    found = [entry for entry in entry_points(group="mosaic.workers") if entry.name == "cleanrl"]
    assert [entry.value for entry in found] == ["cleanrl_worker:get_worker_metadata"]
    assert found[0].load() is get_worker_metadata


def test_every_field_has_help_and_every_number_bounds() -> None:
    for name, part in config_schema(CleanRLWorkerConfig)["properties"].items():
        assert part.get("description", "").endswith("."), name
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        if {"integer", "number"} & set(kinds):
            assert {"minimum", "exclusiveMinimum"} & set(part), name


def test_describing_the_worker_does_not_import_torch() -> None:
    program = (
        "import sys, cleanrl_worker; from gym_gui.core.worker import config_schema;"
        "cleanrl_worker.get_worker_metadata(); config_schema(cleanrl_worker.CleanRLWorkerConfig);"
        "sys.exit('torch' in sys.modules or 'gymnasium' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("nested", [False, True])
def test_config_file_is_read_flat_and_nested(tmp_path: Path, nested: bool) -> None:
    from cleanrl_worker import load_worker_config

    flat = {"run_id": "r", "env_id": "Acrobot-v1"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"metadata": {"worker": {"config": flat}}} if nested else {**flat, "metadata": None}))
    if nested:
        assert load_worker_config(path).env_id == "Acrobot-v1"
    else:
        path.write_text(json.dumps(flat))
        assert load_worker_config(str(path)).env_id == "Acrobot-v1"


def test_trains_without_mosaic(tmp_path: Path) -> None:
    config = {"run_id": "alone", "seed": 1, "total_timesteps": 512, "tensorboard": False, "steps": "episodes:2"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    program = (
        "import sys; sys.modules['gym_gui'] = None; from cleanrl_worker.cli import main;"
        "sys.exit(main(['--config', 'config.json']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events if event.get("event", "heartbeat") != "heartbeat"] == [
        "run_started",
        "checkpoint_saved",
        "run_completed",
    ]
    steps = sum(event.get("event_type") == "step" for event in events)
    assert steps + sum(event.get("sampled", 0) for event in events) == 512
    assert (tmp_path / "runs/alone/checkpoints/step_0000000512.pt").is_file()
