"""The worker is what MOSAIC expects of one; none of this loads Ray."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import (
    ConfigError,
    WorkerCapabilities,
    WorkerConfig,
    WorkerMetadata,
    WorkerRuntime,
    config_schema,
)
from ray_worker import RayWorkerConfig, get_worker_metadata, load_worker_config

PACKAGE = Path(__file__).parents[1]


def test_config_is_a_worker_config() -> None:
    config = RayWorkerConfig(run_id="test", seed=42)
    assert isinstance(config, WorkerConfig)
    assert RayWorkerConfig.from_dict(json.loads(config.to_json())) == config


def test_runtime_is_a_worker_runtime() -> None:
    from ray_worker import RayWorkerRuntime

    assert isinstance(RayWorkerRuntime(RayWorkerConfig(run_id="test")), WorkerRuntime)


def test_metadata_and_capabilities() -> None:
    metadata, capabilities = get_worker_metadata()
    assert isinstance(metadata, WorkerMetadata)
    assert isinstance(capabilities, WorkerCapabilities)
    assert capabilities.worker_type == "ray"
    assert capabilities.is_multi_agent()
    assert capabilities.supports_self_play
    assert {"sequential", "parameter_sharing", "self_play"} <= set(capabilities.supported_paradigms)


def test_versions_are_those_of_the_project() -> None:
    project = (PACKAGE / "pyproject.toml").read_text(encoding="utf-8")
    metadata, _ = get_worker_metadata()
    assert f'version = "{metadata.version}"' in project
    assert f"ray[rllib,default]=={metadata.upstream_version}" in project


def test_every_field_has_help_and_every_number_bounds() -> None:
    for name, part in config_schema(RayWorkerConfig)["properties"].items():
        assert part.get("description", "").endswith("."), name
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        if {"integer", "number"} & set(kinds):
            assert "minimum" in part or "exclusiveMinimum" in part, name


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"run_id": ""}, "run_id"),
        ({"total_timesteps": 0}, "total_timesteps"),
        ({"total_timestep": 5}, "total_timesteps"),
        ({"algo": "PPQ"}, "PPO"),
        ({"mode": "resume"}, "checkpoint_path"),
        ({"mode": "tune"}, "tune_space"),
        ({"hidden_sizes": [0]}, "hidden_sizes"),
        ({"algo": "DQN", "num_epochs": 3}, "num_epochs"),
        ({"algo": "SAC", "learning_rate": 1e-3}, "learning_rate"),
        ({"learning_rate": 1e-3, "training": {"lr": 1e-3}}, "learning_rate"),
        ({"steps": "some"}, "steps"),
        ({"env_id": ""}, "env_id"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises((ConfigError, ValueError), match=told):
        RayWorkerConfig.from_dict({"run_id": "test", **settings})


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        RayWorkerConfig.from_dict({"seed": -1, "algo": "X", "nonsense": 1})
    assert {problem.path for problem in caught.value.problems} >= {"seed", "algo", "nonsense", "run_id"}


def test_nested_and_flat_configs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"run_id": "flat", "seed": 3}))
    assert load_worker_config(path).run_id == "flat"
    path.write_text(json.dumps({"metadata": {"worker": {"config": {"run_id": "nested", "seed": 3}}}}))
    assert load_worker_config(str(path)).run_id == "nested"


def test_training_settings_go_by_their_names() -> None:
    config = RayWorkerConfig(run_id="test", learning_rate=0.1, train_batch_size=64, training={"clip_param": 0.1})
    assert config.training_settings() == {"lr": 0.1, "train_batch_size_per_learner": 64, "clip_param": 0.1}


_HIDDEN = "import sys; sys.path.append({path!r}); sys.modules.update(dict.fromkeys({modules!r}));"


def _program(text: str, *hidden: str) -> list[str]:
    return [sys.executable, "-c", _HIDDEN.format(path=str(PACKAGE), modules=list(hidden)) + text]


def test_schema_and_help_need_no_library() -> None:
    program = "from ray_worker.cli import main; sys.exit(main(['--schema']))"
    done = subprocess.run(_program(program, "ray", "torch", "gymnasium"), check=True, capture_output=True, text=True)
    schema = json.loads(done.stdout)
    assert schema["properties"]["algo"]["enum"] == ["PPO", "DQN", "SAC", "IMPALA", "APPO"]


def test_imports_without_mosaic(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"run_id": "a"}))
    program = (
        "import ray_worker.config, ray_worker.runtime; from ray_worker.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = _program(program, "gym_gui", "ray", "torch", "gymnasium")
    done = subprocess.run([*command, "--config", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "The worker ray needs MOSAIC's SDK." in done.stderr
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["run_failed"]
    config = "from ray_worker import RayWorkerConfig; print(RayWorkerConfig.from_dict({'run_id': 'a'}).to_json())"
    done = subprocess.run(_program(config, "gym_gui"), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["run_id"] == "a"
