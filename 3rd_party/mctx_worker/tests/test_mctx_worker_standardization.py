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

from mctx_worker import MctxWorkerConfig, get_worker_metadata, load_worker_config
from mctx_worker.sdk import ConfigError


def run_program(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )


def test_config_is_a_worker_config(tmp_path: Path) -> None:
    config = MctxWorkerConfig(run_id="r", seed=3)
    assert MctxWorkerConfig.from_dict(json.loads(config.to_json())) == config
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"metadata": {"worker": {"config": {"run_id": "r", "seed": 3}}}}))
    assert load_worker_config(path) == config
    assert FormRules(MctxWorkerConfig).faults() == []


def test_metadata_and_capabilities() -> None:
    _, capabilities = get_worker_metadata()
    assert capabilities.worker_type == "mctx"
    assert capabilities.supports_checkpointing
    assert capabilities.supports_self_play


@pytest.mark.process
def test_describing_the_worker_imports_no_library(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('jax', 'mctx', 'pgx', 'haiku', 'numpy'): sys.modules[name] = None\n"
        "import mctx_worker, mctx_worker.cli, mctx_worker.runtime\n"
        "mctx_worker.get_worker_metadata()\n"
        "mctx_worker.cli.main(['--schema'])\n"
    )
    done = run_program(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["properties"]["env_id"]["default"] == "tic_tac_toe"


@pytest.mark.parametrize(
    ("values", "path", "near"),
    [
        ({"total_step": 5}, "total_step", "total_steps"),
        ({"total_steps": 0}, "total_steps", None),
        ({"algo": "alpha_zero"}, "algo", "alphazero"),
        ({"steps": "episodes:0"}, "steps", None),
        ({"mode": "resume"}, "checkpoint_path", None),
        ({"eval_episodes": 1}, "eval_episodes", None),
        ({"eval_opponent": "self"}, "eval_opponent", None),
        ({"env_id": ""}, "env_id", None),
        ({"run_id": ""}, "run_id", None),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], path: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        MctxWorkerConfig.from_dict({"run_id": "r", **values})
    assert [problem.path for problem in caught.value.problems] == [path]
    assert near is None or caught.value.problems[0].nearest == near
