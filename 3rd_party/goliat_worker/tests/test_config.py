"""Which configs are refused, and what a command becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from form_rules import FormRules

from goliat_worker import GoliatWorkerConfig, get_worker_metadata, load_worker_config
from goliat_worker.command import fill_command
from goliat_worker.preflight import check_run
from goliat_worker.sdk import ConfigError


def test_config_is_a_worker_config(tmp_path: Path) -> None:
    config = GoliatWorkerConfig(run_id="r", seed=3, study_config={"b": 1, "a": 2})
    assert GoliatWorkerConfig.from_dict(config.to_dict()) == config
    path = tmp_path / "config.json"
    path.write_text('{"metadata": {"worker": {"config": ' + config.to_json() + "}}}")
    assert list(load_worker_config(path).study_config) == ["b", "a"]
    assert FormRules(GoliatWorkerConfig).faults() == []
    assert get_worker_metadata()[1].worker_type == "goliat"


@pytest.mark.parametrize(
    ("values", "path", "near"),
    [
        ({"comand": "x"}, "comand", "command"),
        ({"command": "goliath"}, "command", "goliat"),
        ({"command": "python run.py {confg}"}, "command", "{config}"),
        ({"command": "python run.py"}, "command", None),
        ({"command": "python 'run.py {config}"}, "command", None),
        ({"command": ""}, "command", None),
        ({"memory_retries": -1}, "memory_retries", None),
        ({"study": "a.json", "study_config": {"a": 1}}, "study_config", None),
        ({"environment": {"A": 1}}, "environment.A", None),
        ({"wandb": "onlin"}, "wandb", "online"),
        ({"run_id": ""}, "run_id", None),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], path: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        GoliatWorkerConfig.from_dict({"run_id": "r", **values})
    assert [problem.path for problem in caught.value.problems] == [path]
    assert near is None or caught.value.problems[0].nearest == near


def test_commands_are_filled() -> None:
    words = fill_command("goliat", config=Path("/c.json"), python="/py", seed=1)
    assert words == ["/py", "-m", "goliat", "study", "/c.json"]
    words = fill_command("run --seed={seed} '{config}' {x y}", config=Path("/a b.json"), python="/py", seed=7)
    assert words == ["run", "--seed=7", "/a b.json", "{x", "y}"]


@pytest.mark.parametrize(
    ("values", "path", "said"),
    [
        ({"study_config": {"a": 1}}, "python", "has no module 'goliat'"),
        ({"command": "goliat-module", "study_config": {"a": 1}}, "python", "has no module 'cli'"),
        ({"command": "goliat-cli", "study_config": {"a": 1}}, "command", "no program 'goliat'"),
        ({"command": "practice", "python": "no-python"}, "python", "no program 'no-python'"),
        ({"command": "practice", "study": "none.json"}, "study", "no such file"),
        ({"command": "practice", "working_directory": "none"}, "working_directory", "no such folder"),
    ],
)
@pytest.mark.process
def test_what_cannot_start_is_reported(tmp_path: Path, values: dict[str, Any], path: str, said: str) -> None:
    (problem,) = check_run(GoliatWorkerConfig(run_id="r", **values), tmp_path)
    assert problem.path == path
    assert said in problem.message


def test_a_study_is_required(tmp_path: Path) -> None:
    problems = check_run(GoliatWorkerConfig(run_id="r", command="true {config}"), tmp_path)
    assert [problem.path for problem in problems] == ["study"]


def test_a_broken_study_is_reported(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{")
    (problem,) = check_run(GoliatWorkerConfig(run_id="r", command="practice", study="s.json"), tmp_path)
    assert "cannot be read as JSON" in problem.message
