"""A run config is parsed, resolved and checked once by the command, and once by the daemon."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gym_gui.cli.commands.train import train
from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs import config as run_config
from gym_gui.trainer.executors.installed import InstalledExecutors
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.submission import RunRequest, Submission
from gym_gui.workers import config as worker_config
from gym_gui.workers import resolution

WORKER = {"worker_id": "random", "module": "random_worker.cli", "config": {"total_steps": 5}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often a run config is parsed, its workers are resolved, and settings are compared with a schema."""
    counted: Counter[str] = Counter()

    def count(module: Any, name: str, label: str) -> None:
        real = getattr(module, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            counted[label] += 1
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, counting)

    count(run_config.RunConfigModel, "model_validate", "parsed")
    count(resolution, "_resolve", "resolved")
    count(worker_config, "check_values", "checked")
    return counted


def test_train_checks_once(calls: Counter[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_HOME", str(home))
    arguments = ["random", "--steps", "5", "--set", "env_id=CartPole-v1", "--dry-run", "--json"]
    ended = CliRunner().invoke(train, arguments, standalone_mode=False)
    assert ended.exception is None, ended.output
    assert calls == {"parsed": 1, "resolved": 1, "checked": 1}


def test_train_names_the_option_of_every_wrong_value(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_HOME", str(home))
    arguments = ["cleanrl", "--algo", "sacc", "--set", "gamma=7", "--set", "nonsense=1", "--dry-run"]
    ended = CliRunner().invoke(train, arguments, standalone_mode=False)
    assert isinstance(ended.exception, ConfigError)
    assert {problem.path for problem in ended.exception.problems} == {"--algo (algo)", "gamma", "nonsense"}
    assert ended.exception.where == "command line"


def test_the_daemon_checks_once(calls: Counter[str], home: Path) -> None:
    executors = InstalledExecutors({"local": LocalExecutor(home)})
    submission = Submission(home, None, executors)  # type: ignore[arg-type]
    payload = {"run_name": "x", "metadata": {"worker": WORKER}}
    plan, _ = submission.submit(RunRequest(json.dumps(payload).encode()))
    assert plan.workers[0].config["total_steps"] == 5
    assert calls == {"parsed": 1, "resolved": 1, "checked": 1}
