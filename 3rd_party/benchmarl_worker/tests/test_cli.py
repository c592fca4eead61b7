"""The worker as a process of its own, as MOSAIC starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.library, pytest.mark.process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``python -m benchmarl_worker.cli`` with a config; nothing of it is left after the test."""
    started: list[subprocess.Popen[str]] = []
    names = ("WORKER_ID", "MOSAIC_LOG", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "PYTHONUNBUFFERED")
    environment = {name: value for name, value in os.environ.items() if name not in names}

    def run(config: dict[str, Any], *flags: str) -> subprocess.Popen[str]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"run_id": "r", "seed": 1, "n_envs": 4, "frames_per_batch": 400, **config}))
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarl_worker.cli", "--config", str(path), *flags],
            cwd=tmp_path,
            env={**environment, "MOSAIC_HOME": str(tmp_path / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def read_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    """Read lines until one holds a text, or until the process ends."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return lines
    raise AssertionError(f"no line with {wanted!r}: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.parametrize(
    "config",
    [
        {"algo": "mappo", "steps": "episodes:2", "n_minibatch_iters": 1},
        {"algo": "vdn", "env_id": "pettingzoo/simple_spread", "n_optimizer_steps": 2},
    ],
    ids=["vmas", "pettingzoo"],
)
def test_a_cancelled_run_leaves_a_checkpoint(start: Any, config: dict[str, Any]) -> None:
    process = start({**config, "total_timesteps": 10_000_000, "checkpoint_interval": 0}, "--worker-id", "000002")
    lines = read_until(process, '"episode"')
    os.killpg(process.pid, signal.SIGTERM)  # the processes of the environments hear it, too
    lines += list(process.stdout)
    errors = process.stderr.read()
    assert process.wait(300) == 143, errors
    events = [event for event in map(json.loads, lines) if event.get("event") != "heartbeat"]
    assert [e["event"] for e in events if "event" in e] == ["run_started", "checkpoint_saved", "run_cancelled"]
    assert {e["worker_id"] for e in events} == {"000002"}
    (saved,) = [event["payload"] for event in events if event.get("event") == "checkpoint_saved"]
    numbers = {e["step_index"] for e in events if e.get("event_type") == "step"}
    assert saved["step"] > max(numbers)
    assert zip_is_whole(saved["path"])

    goal = saved["step"] + 64
    resumed = start({**config, "mode": "resume", "checkpoint_path": saved["path"], "total_timesteps": goal})
    output, errors = resumed.communicate(timeout=600)
    assert resumed.returncode == 0, errors
    ended = json.loads(output.splitlines()[-1])
    assert ended["event"] == "run_completed"
    assert ended["payload"]["total_steps"] >= goal


@pytest.mark.parametrize(
    ("config", "awaited"),
    [
        ({"env_id": "pettingzoo/simple_spread", "frames_per_batch": 40_000}, '"progress"'),
        ({"n_minibatch_iters": 1_000_000}, '"episode"'),
        ({"algo": "isac", "n_optimizer_steps": 1_000_000}, '"episode"'),
    ],
    ids=["collecting", "on-policy updates", "off-policy updates"],
)
def test_a_cancelled_run_waits_for_no_iteration(start: Any, config: dict[str, Any], awaited: str) -> None:
    process = start({**config, "total_timesteps": 10_000_000, "heartbeat_interval_s": 0.2, "hidden_sizes": [16]})
    read_until(process, awaited)
    process.send_signal(signal.SIGTERM)
    events = [json.loads(line) for line in process.stdout]
    errors = process.stderr.read()
    assert process.wait(300) == 143, errors
    (saved,) = [event["payload"] for event in events if event.get("event") == "checkpoint_saved"]
    assert saved["step"] == (0 if awaited == '"progress"' else 400)
    assert zip_is_whole(saved["path"])


_TRACKED = """
import sys
from multiprocessing.resource_tracker import _resource_tracker
from benchmarl_worker.cli import main

code = main(["--config", "config.json"])
sys.exit(9 if _resource_tracker._fd is not None else code)
"""


def test_no_other_process_is_started(tmp_path: Path) -> None:
    config = {"run_id": "r", "n_envs": 4, "frames_per_batch": 40, "total_timesteps": 40, "n_minibatch_iters": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    environment = {**os.environ, "MOSAIC_HOME": str(tmp_path / "home")}
    done = subprocess.run([sys.executable, "-c", _TRACKED], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr


def zip_is_whole(path: str) -> bool:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return archive.testzip() is None


def test_a_heartbeat_comes_while_training(start: Any) -> None:
    process = start({"total_timesteps": 10_000_000, "heartbeat_interval_s": 0.05, "steps": "none"})
    heartbeat = json.loads(read_until(process, '"progress"')[-1])
    assert {"step", "steps_per_second", "progress"} <= set(heartbeat["payload"])


def test_faults_are_on_stderr_and_as_an_event(start: Any) -> None:
    process = start({"algo": "isacc"})
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "did you mean 'isac'" in errors
    (failed,) = [json.loads(line) for line in output.splitlines()]
    assert failed["payload"]["problems"][0]["path"] == "algo"
