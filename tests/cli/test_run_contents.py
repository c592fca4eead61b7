"""What a run consists of is shown and copied by the command: config, episodes, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def run_id(mosaic: Any) -> str:
    """A run that has ended."""
    ended = mosaic(
        "train", "random", "--env", "CartPole-v1", "--steps", "300", "--seed", "1", "--name", "one", "--json"
    )
    return str(ended.runs[0]["run_id"])


def test_its_config_can_be_run_again(mosaic: Any, run_id: str, tmp_path: Path) -> None:
    printed = mosaic("runs", "config", "one")
    assert printed.json["metadata"]["worker"]["config"]["env_id"] == "CartPole-v1"
    file = tmp_path / "config.json"
    file.write_text(printed.stdout)
    again = mosaic("run", str(file), "--json")
    assert again.code == 0, again.stderr
    assert again.runs[0]["digest"] == mosaic("runs", "show", run_id, "--json").json["digest"]


def test_its_episodes_are_listed(mosaic: Any, run_id: str) -> None:
    page = mosaic("runs", "episodes", run_id, "--sort=-return", "--limit", "3", "--json").json
    returns = [episode["total_reward"] for episode in page["episodes"]]
    assert returns == sorted(returns, reverse=True)
    assert page["total"] == mosaic("runs", "show", run_id, "--json").json["episodes"]
    table = mosaic("runs", "episodes", run_id, "--limit", "2")
    assert len(table.stdout.splitlines()) == 3
    assert f"2 of {page['total']} episodes" in table.stderr
    assert "no episodes" in mosaic("runs", "episodes", run_id, "--phase", "eval").stderr
    refused = mosaic("runs", "episodes", run_id, "--sort", "retrun")
    assert refused.code == 2
    assert "did you mean 'return'?" in refused.stderr


def test_its_files_are_listed_and_copied(mosaic: Any, run_id: str, home: Path, tmp_path: Path) -> None:
    listing = mosaic("runs", "artifacts", run_id, "-r", "--json").json
    paths = [entry["path"] for entry in listing["entries"]]
    assert "run.json" in paths
    assert not any(path.startswith("control") for path in paths)
    log = next(path for path in paths if path.endswith(".stdout.jsonl"))
    assert log in mosaic("runs", "artifacts", run_id, "logs").stdout
    copy = tmp_path / "copy"
    assert mosaic("runs", "artifacts", run_id, log, "-o", str(copy)).code == 0
    original = (home / "runs" / run_id / log).read_bytes()
    assert copy.read_bytes() == original
    assert mosaic("runs", "artifacts", run_id, "run.json", "-o", "-").json["run_id"] == run_id
    assert json.loads(original.splitlines()[0])
    refused = mosaic("runs", "artifacts", run_id, "control/grant.json", "-o", str(copy))
    assert refused.code == 2
    assert "internal to the run" in refused.stderr
    assert mosaic("runs", "artifacts", run_id, "-o", str(copy)).code == 2
    assert "cannot be written" in mosaic("runs", "artifacts", run_id, log, "-o", "/nowhere/x").stderr


def test_its_structured_log_records_are_filtered(mosaic: Any, run_id: str, home: Path) -> None:
    (log,) = (home / "runs" / run_id / "logs").glob("*.stderr.log")
    record = '{"level":"WARNING","message":"late","code":"LOG9999","component":"Worker","subcomponent":"Own"}\n'
    log.write_bytes(log.read_bytes() + record.encode())
    for words in (("--code", "LOG9999"), ("--component", "own"), ("--component", "Worker", "--code", "log9999")):
        assert mosaic("runs", "logs", run_id, "--stderr", "-n", "0", *words).stdout == record
    assert mosaic("runs", "logs", run_id, "--stderr", "--code", "LOG1").stdout == ""
