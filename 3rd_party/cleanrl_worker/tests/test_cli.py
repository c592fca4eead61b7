"""The worker as a process of its own, as MOSAIC starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleanrl_worker.arguments import ARGUMENTS


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start ``python -m cleanrl_worker.cli`` with a config."""

    def run(config: dict[str, Any], *flags: str) -> subprocess.Popen[str]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        names = ("WORKER_ID", "MOSAIC_LOG", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "PYTHONUNBUFFERED")
        environment = {name: value for name, value in os.environ.items() if name not in names}
        return subprocess.Popen(
            [sys.executable, "-m", "cleanrl_worker.cli", "--config", str(path), *flags],
            cwd=tmp_path,
            env={**environment, "MOSAIC_HOME": str(tmp_path / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def events_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def lifecycle_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events if event.get("event", "heartbeat") != "heartbeat"]


def read_until(process: subprocess.Popen[str], wanted: str, seconds: float = 60) -> list[str]:
    """Read lines until one holds a text."""
    assert process.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        lines.append(line)
        if not line or wanted in line:
            return lines
    raise AssertionError(f"no line with {wanted!r} within {seconds} s")


@pytest.mark.parametrize("algo", ["ppo", "dqn"])
def test_sigterm_saves_a_checkpoint_and_says_cancelled(start: Any, algo: str, tmp_path: Path) -> None:
    config = {"run_id": "c", "seed": 3, "algo": algo, "total_timesteps": 10_000_000, "checkpoint_interval": 0}
    config["steps"], config["heartbeat_interval_s"] = "all" if algo == "ppo" else "episodes:2", 0
    process = start(config, "--worker-id", "000002")
    lines = read_until(process, '"episode"')
    process.send_signal(signal.SIGTERM)
    # Not communicate(), which would leave out what readline() has read ahead.
    events = events_of("".join(lines) + process.stdout.read())
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 143, errors
    assert lifecycle_of(events) == ["run_started", "checkpoint_saved", "run_cancelled"]
    assert {e["worker_id"] for e in events} == {"000002"}
    saved = events[-2]["payload"]
    taken = sum(e.get("event_type") == "step" for e in events) + sum(e.get("sampled", 0) for e in events)
    assert saved["step"] == events[-1]["payload"]["step"] == taken
    assert (tmp_path / "c_analytics.json").is_file()
    assert Path(saved["path"]).parent == tmp_path / "home/runs/c/checkpoints/000002"

    total, config["steps"] = saved["step"] + 512, "all"
    process = start({**config, "mode": "resume", "checkpoint_path": saved["path"], "total_timesteps": total})
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    resumed = events_of(output)
    assert resumed[-1]["event"] == "run_completed"
    assert [e["step_index"] for e in resumed if e.get("event_type") == "step"] == list(range(saved["step"], total))


def test_a_request_to_stop_need_not_wait_until_torch_is_loaded(start: Any) -> None:
    process = start({"run_id": "e", "total_timesteps": 10_000_000, "heartbeat_interval_s": 0})
    lines = read_until(process, '"run_started"')
    process.send_signal(signal.SIGTERM)
    events = events_of("".join(lines) + process.stdout.read())
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 143, errors
    assert lifecycle_of(events) == ["run_started", "run_cancelled"]


def test_heartbeats_come_while_training(start: Any) -> None:
    process = start({"run_id": "h", "total_timesteps": 10_000_000, "heartbeat_interval_s": 0.05, "steps": "none"})
    read_until(process, '"steps_per_second"')
    process.kill()
    process.communicate(timeout=60)


def test_run_started_comes_before_torch(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"run_id": "r", "total_timesteps": 256}))
    program = (
        "import sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('torch', 'gymnasium'):\n"
        "            print('importing', name, len(open('log').readlines()), file=sys.stderr)\n"
        "sys.meta_path.insert(0, Watch())\n"
        "from cleanrl_worker.cli import main\n"
        "sys.exit(main(['--config', 'config.json']))\n"
    )
    environment = {**os.environ, "MOSAIC_HOME": str(tmp_path), "MOSAIC_LOG": str(tmp_path / "log")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    told = [line.split()[1:] for line in done.stderr.splitlines() if line.startswith("importing")]
    assert ["gymnasium", "2"] in told  # after run_started, and after it was said
    assert ["torch", "4"] in told


def test_a_wrong_config_is_told_with_exit_code_2(start: Any) -> None:
    process = start({"run_id": "r", "env": "CartPole-v1", "gamma": 7, "steps": "some"})
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    (event,) = events_of(output)
    assert event["event"] == "run_failed"
    assert {p["path"] for p in event["payload"]["problems"]} == {"env", "gamma", "steps"}
    assert len([line for line in errors.splitlines() if "{" not in line]) == 3


def test_dry_run_of_an_unknown_environment(start: Any) -> None:
    process = start({"run_id": "r", "env_id": "CartPoll-v1"}, "--dry-run")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert lifecycle_of(events_of(output)) == ["run_started", "run_failed"]
    assert "did you mean 'CartPole-v1'?" in errors


def test_schema_is_printed_without_a_config() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cleanrl_worker.cli", "--schema"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["properties"]["algo"]["enum"] == list(ARGUMENTS)
