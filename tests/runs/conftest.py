"""A run config as a form writes it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_FORM = {
    "run_name": "cartpole",
    "entry_point": "/usr/bin/python3",
    "arguments": ["-m", "my_worker.cli"],
    "environment": {"MY_WORKER_RUN_ID": "form-0001"},
    "resources": {"cpus": 4, "memory_mb": 4096, "gpus": {"requested": 1, "mandatory": False}},
    "metadata": {
        "ui": {"worker_id": "my_worker", "theme": "dark"},
        "worker": {
            "worker_id": "my_worker",
            "module": "my_worker.cli",
            "config": {"run_id": "form-0001", "env_id": "CartPole-v1", "seed": 7, "learning_rate": 1e-3},
        },
    },
    "artifacts": {"output_prefix": "runs/form-0001", "persist_logs": True, "keep_checkpoints": True},
}


@pytest.fixture
def form() -> dict[str, Any]:
    """A config in the shape that training forms submit."""
    return copy.deepcopy(_FORM)


@pytest.fixture
def plain() -> Callable[..., dict[str, Any]]:
    """Makes the smallest config of one worker, with settings of its own."""

    def make(**config: Any) -> dict[str, Any]:
        return {"run_name": "small", "metadata": {"worker": {"worker_id": "myworker", "config": config}}}

    return make


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
