"""The worker is what MOSAIC expects of one; none of this needs its library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from form_rules import FormRules

from gym_gui.core.worker import ConfigError, WorkerCapabilities, WorkerConfig, WorkerMetadata, config_schema
from marllib_worker import MarllibWorkerConfig, get_worker_metadata, load_worker_config
from marllib_worker.registry import ALGORITHMS, PARADIGMS

FOLDER = Path(__file__).parents[1]
OLDEST = next(iter(sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3"))), None)


def run_program(program: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run a program that finds the package, whether it is installed or not."""
    path = os.pathsep.join([str(FOLDER), str(FOLDER.parents[1])])
    return subprocess.run(
        [python, "-c", program],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )


SCHEMA = (
    "import sys\n"
    "for name in ('torch', 'ray', 'marllib', 'numpy', 'gym'): sys.modules[name] = None\n"
    "import marllib_worker, marllib_worker.cli, marllib_worker.runtime\n"
    "marllib_worker.get_worker_metadata()\n"
    "marllib_worker.cli.main(['--schema'])\n"
)


def test_config_is_a_worker_config() -> None:
    config = MarllibWorkerConfig(run_id="test", seed=42)
    assert isinstance(config, WorkerConfig)
    assert (config.run_id, config.seed) == ("test", 42)
    assert (config.environment, config.map_name) == ("mpe", "simple_spread")
    assert MarllibWorkerConfig.from_dict(config.to_dict()) == config
    assert MarllibWorkerConfig.from_dict(json.loads(config.to_json())) == config


def test_metadata_and_capabilities() -> None:
    metadata, capabilities = get_worker_metadata()
    assert isinstance(metadata, WorkerMetadata)
    assert isinstance(capabilities, WorkerCapabilities)
    assert capabilities.worker_type == "marllib"
    assert capabilities.supports_checkpointing


def test_every_field_has_help_and_every_number_bounds() -> None:
    assert FormRules(MarllibWorkerConfig).faults() == []
    for name, part in config_schema(MarllibWorkerConfig)["properties"].items():
        assert part.get("description", "").endswith("."), name
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        if {"integer", "number"} & set(kinds) and "string" not in kinds:
            assert {"minimum", "exclusiveMinimum"} & set(part), name


def test_describing_the_worker_imports_no_library() -> None:
    done = run_program(SCHEMA)
    assert done.returncode == 0, done.stderr
    properties = json.loads(done.stdout)["properties"]
    assert properties["algo"]["enum"] == list(ALGORITHMS)
    assert properties["paradigm"]["enum"] == [None, *PARADIGMS]


@pytest.mark.skipif(OLDEST is None, reason="there is no Python 3.8 on this machine")
def test_the_package_runs_on_the_python_that_its_library_needs() -> None:
    done = run_program(SCHEMA, str(OLDEST))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(run_program(SCHEMA).stdout)
    sources = [str(path) for path in (FOLDER / "marllib_worker").glob("*.py")]
    compiled = "import sys\nfor path in sys.argv[1:]: compile(open(path).read(), path, 'exec')"
    subprocess.run([str(OLDEST), "-c", compiled, *sources], check=True)


def test_the_package_is_imported_without_mosaic(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"run_id": "r"}))
    program = (
        "import sys; sys.modules['gym_gui'] = None\n"
        "import marllib_worker, marllib_worker.config, marllib_worker.runtime, marllib_worker.cli\n"
        f"sys.exit(marllib_worker.cli.main(['--config', {str(path)!r}]))\n"
    )
    done = run_program(program)
    assert done.returncode == 2
    assert "The worker marllib needs MOSAIC's SDK." in done.stderr
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["run_failed"]


@pytest.mark.parametrize(
    ("values", "path", "near"),
    [
        ({"total_timestep": 5}, "total_timestep", "total_timesteps"),
        ({"total_timesteps": 0}, "total_timesteps", None),
        ({"algo": "mapo"}, "algo", "mappo"),
        ({"paradigm": "independant"}, "paradigm", "independent"),
        ({"paradigm": "independent"}, "algo", None),
        ({"paradigm": "value_decomposition", "algo": "mappo"}, "algo", None),
        ({"algo": "vdn", "share_policy": "individual"}, "share_policy", None),
        ({"env_id": "mpe/simple_spred"}, "env_id", "mpe/simple_spread"),
        ({"env_id": "simple_spread"}, "env_id", "mpe/simple_spread"),
        ({"env_id": "mpe"}, "env_id", None),
        ({"env_id": "overcooked/asymmetric_advantages"}, "env_id", None),
        ({"env_id": ""}, "env_id", None),
        ({"env_id": "my_package:Own-v0"}, "env_id", None),
        ({"steps": "episodes:0"}, "steps", None),
        ({"mode": "resume"}, "checkpoint_path", None),
        ({"run_id": ""}, "run_id", None),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], path: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        MarllibWorkerConfig.from_dict({"run_id": "test", **values})
    assert [(problem.path, problem.nearest) for problem in caught.value.problems] == [(path, near)]


@pytest.mark.parametrize("paradigm", PARADIGMS)
def test_a_paradigm_allows_its_own_algorithms(paradigm: str) -> None:
    for algo in PARADIGMS[paradigm]:
        assert MarllibWorkerConfig(run_id="r", paradigm=paradigm, algo=algo).algo == algo


def test_config_files_are_read_flat_and_nested(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    flat = {"run_id": "r", "seed": 3}
    for content in (flat, {"metadata": {"worker": {"config": flat}}}):
        path.write_text(json.dumps(content))
        assert load_worker_config(path).seed == 3
