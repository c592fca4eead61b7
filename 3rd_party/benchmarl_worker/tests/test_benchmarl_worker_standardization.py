"""The worker is what MOSAIC expects of one; none of this needs its library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarl_worker import BenchmarlWorkerConfig, get_worker_metadata, load_worker_config
from gym_gui.core.worker import ConfigError, WorkerCapabilities, WorkerConfig, WorkerMetadata, config_schema


def run_program(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds the package, whether it is installed or not."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )


def test_config_is_a_worker_config() -> None:
    config = BenchmarlWorkerConfig(run_id="test", seed=42)
    assert isinstance(config, WorkerConfig)
    assert (config.run_id, config.seed) == ("test", 42)
    assert BenchmarlWorkerConfig.from_dict(config.to_dict()) == config
    assert BenchmarlWorkerConfig.from_dict(json.loads(config.to_json())) == config


def test_metadata_and_capabilities() -> None:
    metadata, capabilities = get_worker_metadata()
    assert isinstance(metadata, WorkerMetadata)
    assert isinstance(capabilities, WorkerCapabilities)
    assert capabilities.worker_type == "benchmarl"
    assert capabilities.supports_checkpointing


def test_every_field_has_help_and_every_number_bounds() -> None:
    for name, part in config_schema(BenchmarlWorkerConfig)["properties"].items():
        assert part.get("description", "").endswith("."), name
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        if {"integer", "number"} & set(kinds) and "string" not in kinds:
            assert {"minimum", "exclusiveMinimum"} & set(part), name


def test_describing_the_worker_imports_no_library() -> None:
    program = (
        "import sys\n"
        "for name in ('torch', 'gymnasium', 'benchmarl', 'numpy'): sys.modules[name] = None\n"
        "import benchmarl_worker, benchmarl_worker.cli, benchmarl_worker.runtime\n"
        "benchmarl_worker.get_worker_metadata()\n"
        "benchmarl_worker.cli.main(['--schema'])\n"
    )
    done = run_program(program)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["properties"]["algo"]["default"] == "mappo"


def test_the_package_is_imported_without_mosaic(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"run_id": "r", "algo": "mappo"}))
    program = (
        "import sys; sys.modules['gym_gui'] = None\n"
        "import benchmarl_worker, benchmarl_worker.config, benchmarl_worker.runtime, benchmarl_worker.cli\n"
        f"sys.exit(benchmarl_worker.cli.main(['--config', {str(path)!r}]))\n"
    )
    done = run_program(program)
    assert done.returncode == 2
    assert "The worker benchmarl needs MOSAIC's SDK." in done.stderr
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["run_failed"]


@pytest.mark.parametrize(
    ("values", "path", "near"),
    [
        ({"total_timestep": 5}, "total_timestep", "total_timesteps"),
        ({"total_timesteps": 0}, "total_timesteps", None),
        ({"gamma": 2.0}, "gamma", None),
        ({"hidden_sizes": [0]}, "hidden_sizes", None),
        ({"algo": "mapo"}, "algo", "mappo"),
        ({"steps": "episodes:0"}, "steps", None),
        ({"mode": "resume"}, "checkpoint_path", None),
        ({"env_id": ""}, "env_id", None),
        ({"run_id": ""}, "run_id", None),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], path: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        BenchmarlWorkerConfig.from_dict({"run_id": "test", **values})
    assert [(problem.path, problem.nearest) for problem in caught.value.problems] == [(path, near)]


def test_config_files_are_read_flat_and_nested(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    flat = {"run_id": "r", "seed": 3}
    for content in (flat, {"metadata": {"worker": {"config": flat}}}):
        path.write_text(json.dumps(content))
        assert load_worker_config(path).seed == 3
