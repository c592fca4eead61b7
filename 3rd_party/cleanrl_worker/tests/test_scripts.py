"""A user's own script, run and listened to."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest

from cleanrl_worker import CleanRLWorkerConfig
from cleanrl_worker.script.command import HOOK, script_argv
from cleanrl_worker.script.scalars import ScalarTail
from gym_gui.core.worker import ConfigError, MosaicError

SCRIPT = Path(__file__).parent / "fixtures/checkout/cleanrl/hill_climbing.py"


def test_a_scripts_steps_episodes_and_scalars_arrive(worker: Any, tmp_path: Path) -> None:
    args = ["--eval-episodes", "2"]
    ran = worker(small=False, script=str(SCRIPT), script_args=args, total_timesteps=400, num_envs=2, learning_rate=0.25)
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert ran.named("run_started")[0]["algo"] == ran.summary["algo"] == "hill_climbing"
    trained = [step for step in ran.data("step") if "phase" not in step]
    # Gymnasium's vector environments spend a step on each reset, in which the environment itself takes none.
    assert 300 < len(trained) <= 400
    assert {step["step_index"] for step in ran.data("step")} == set(range(ran.summary["total_steps"]))
    episodes = [episode for episode in ran.data("episode") if episode["phase"] == "train"]
    assert ran.summary["episodes"] == len(episodes) > 5
    for episode in episodes:
        own = [step for step in trained if step["ep_index"] == episode["ep_index"]]
        assert len(own) == episode["steps"]
        assert sum(step["reward"] for step in own) == episode["total_reward"]
    assert [episode["seed"] for episode in ran.data("episode") if episode["phase"] == "eval"] == [0, 1]
    metrics = ran.data("metric")
    rates = [m["values"]["charts/learning_rate"] for m in metrics if "charts/learning_rate" in m["values"]]
    assert rates == [0.25] * 4
    returns = [m["values"]["charts/episodic_return"] for m in metrics if "charts/episodic_return" in m["values"]]
    assert returns == [episode["total_reward"] for episode in episodes]
    said = (tmp_path / "hill_climbing.stdout.log").read_text()
    assert "cuda=False" in said
    assert "not yours" in said
    assert said.endswith("closing\n")


def test_left_out_steps_of_a_script_are_counted(worker: Any) -> None:
    ran = worker(small=False, script=str(SCRIPT), total_timesteps=300, steps="episodes:3", observations=True)
    sampled = sum(event.get("sampled", 0) for event in ran.events)
    assert len(ran.data("step")) + sampled == ran.summary["total_steps"]
    assert {step["ep_index"] % 3 for step in ran.data("step")} == {0}
    assert all(len(step["observation"]) == 4 for step in ran.data("step"))


def test_a_script_that_fails_says_how(worker: Any, tmp_path: Path) -> None:
    with pytest.raises(MosaicError, match="exit code 1"):
        worker(small=False, script=str(SCRIPT), script_args=["--fail", "out of luck"], total_timesteps=1000)
    events = [json.loads(line) for line in (tmp_path / "run1.jsonl").read_text().splitlines()]
    failed = events[-1]["payload"]
    assert events[-1]["event"] == "run_failed"
    assert failed["error_type"] == "ScriptFailedError"
    assert failed["exit_code"] == 1
    assert failed["stderr"][-1] == "RuntimeError: out of luck"
    assert "about to fail" in failed["stderr"]
    assert "RuntimeError: out of luck" in failed["error"]
    assert any(event.get("event_type") == "episode" for event in events)


def _start(tmp_path: Path, *, session: bool) -> tuple[subprocess.Popen[str], Path]:
    config = {"run_id": "s", "script": str(SCRIPT), "script_args": ["--forever"], "steps": "none", "cuda": False}
    config["heartbeat_interval_s"] = 0
    (tmp_path / "config.json").write_text(json.dumps(config))
    log = tmp_path / "log.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "cleanrl_worker.cli", "--config", "config.json"],
        cwd=tmp_path,
        env={**os.environ, "MOSAIC_HOME": str(tmp_path / "home"), "MOSAIC_LOG": str(log)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=session,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = log.read_text() if log.exists() else ""
        if '"episode"' in text and "losses/best" in text:  # live, long before the script ends
            return process, log
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    raise AssertionError("neither episodes nor scalars within 60 s")


def _scripts_of(folder: Path) -> list[int]:
    """Return the processes that run the script in a folder."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _runs_in(entry, folder)]


def _runs_in(entry: Path, folder: Path) -> bool:
    try:
        return b"run_script.py" in (entry / "cmdline").read_bytes() and (entry / "cwd").resolve() == folder.resolve()
    except OSError:
        return False


@pytest.mark.parametrize("session", [True, False])
def test_a_request_to_stop_reaches_the_script(tmp_path: Path, session: bool) -> None:
    process, log = _start(tmp_path, session=session)
    assert len(_scripts_of(tmp_path)) == 1
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 143, errors
    assert not _scripts_of(tmp_path)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    told = [event["event"] for event in events if event.get("event", "heartbeat") != "heartbeat"]
    assert told == ["run_started", "run_cancelled"]
    assert events[-1]["payload"]["step"] > 0
    assert (tmp_path / "hill_climbing.stdout.log").read_text().endswith("closing\n")


def test_a_script_does_not_outlive_its_worker(tmp_path: Path) -> None:
    process, _ = _start(tmp_path, session=False)
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while _scripts_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _scripts_of(tmp_path)


class OldEnv:
    """An environment of gym before 0.26: four values from a step, no info from a reset."""

    def __init__(self) -> None:
        self.taken = 0

    def reset(self) -> list[float]:
        self.taken = 0
        return [0.0]

    def step(self, action: int) -> tuple[list[float], float, bool, dict[str, Any]]:
        self.taken += 1
        return [0.0], 2.0, self.taken == 3, {}


def test_environments_of_the_old_gym_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HOOK.parent))
    recording = importlib.import_module("_cleanrl_worker_recording")
    gym = types.ModuleType("gym")
    gym.make = OldEnv  # type: ignore[attr-defined]
    ours, theirs = os.pipe()
    recording.Recorder(theirs, 1, observations=False).watch(gym)
    env = gym.make()
    env.reset()
    for _ in range(2):
        env.reset()  # as wrappers do that begin with a reset of their own
        while not env.step(1)[2]:
            pass
    os.close(theirs)
    with os.fdopen(ours) as lines:
        said = [json.loads(line) for line in lines]
    episodes = [line for line in said if line["kind"] == "episode"]
    assert [(e["ep_index"], e["total_reward"], e["steps"], e["terminated"]) for e in episodes] == [
        (0, 6.0, 3, True),
        (1, 6.0, 3, True),
    ]
    assert [line["step_index"] for line in said if line["kind"] == "step"] == list(range(6))


def test_arguments_are_spelled_as_the_script_reads_them(tmp_path: Path) -> None:
    settings = {"run_id": "r", "total_timesteps": 10, "anneal_lr": False, "norm_adv": True, "cuda": False}
    settings.update(wandb="offline", script_args=["--capture-video"])
    spelled = {}
    for reader in ("tyro", "argparse"):
        script = tmp_path / f"{reader}_script.py"
        script.write_text(f"import {reader}\n")
        config = CleanRLWorkerConfig.from_dict({**settings, "script": str(script)})
        spelled[reader] = " ".join(script_argv(config, 7)[3:])
    common = "--env-id CartPole-v1 --total-timesteps 10 --seed 7"
    rest = "--track --wandb-project-name mosaic --capture-video"
    assert spelled["tyro"] == f"{common} --no-anneal-lr --norm-adv --no-cuda {rest}"
    assert spelled["argparse"] == f"{common} --anneal-lr False --norm-adv --cuda False {rest}"


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"script": "no/such/script.py"}, "script"),
        ({"script": "broken.py"}, "script"),
        ({"script": str(SCRIPT), "script_python": "no-such-python"}, "script_python"),
    ],
)
def test_a_script_that_cannot_run_is_told_before(
    worker: Any, settings: dict[str, Any], path: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    with pytest.raises(ConfigError) as caught:
        worker(small=False, dry_run=True, **settings)
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"script": "s.py", "mode": "resume", "checkpoint_path": "c.pt"}, "mode"),
        ({"script": "s.py", "curriculum": [{"env_id": "CartPole-v1", "total_steps": 5}]}, "curriculum"),
        ({"script_args": ["--x"]}, "script_args"),
    ],
)
def test_what_does_not_go_with_a_script(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CleanRLWorkerConfig.from_dict({"run_id": "r", **settings})
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_dry_run_of_a_script_runs_nothing(worker: Any, tmp_path: Path) -> None:
    ran = worker(small=False, script=str(SCRIPT), dry_run=True)
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run1.jsonl"]


def test_scalars_are_read_as_they_are_written(tmp_path: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    def event(step: int, **values: float) -> bytes:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
        return Event(step=step, summary=summary).SerializeToString()

    path = tmp_path / "runs/x/events.out.tfevents.1"
    path.parent.mkdir(parents=True)
    (tmp_path / "runs/old").mkdir()
    with (tmp_path / "runs/old/events.out.tfevents.0").open("wb") as file:
        RecordWriter(file).write(event(9, old=1.0))
    tail = ScalarTail(tmp_path)
    assert list(tail.read()) == []
    whole = tmp_path / "whole"
    with whole.open("wb") as file:
        records = RecordWriter(file)
        for content in (event(1, a=1.0), event(1, b=2.0), event(1, a=3.0), event(2, a=4.0)):
            records.write(content)
    data = whole.read_bytes()
    seen: list[tuple[int, dict[str, float]]] = []
    with path.open("ab") as file:
        for i in range(len(data)):  # a byte at a time: no record is read before it is whole, and none twice
            file.write(data[i : i + 1])
            file.flush()
            seen += tail.read()
    assert [(step, name, value) for step, values in seen for name, value in values.items()] == [
        (1, "a", 1.0),
        (1, "b", 2.0),
        (1, "a", 3.0),
        (2, "a", 4.0),
    ]
    link = tmp_path / "wandb/events.out.tfevents.1"
    link.parent.mkdir()
    link.symlink_to(path)
    assert list(tail.read()) == []
    fresh = tmp_path / "runs/y/events.out.tfevents.2"
    fresh.parent.mkdir()
    fresh.write_bytes(data)
    assert list(tail.read()) == [(1, {"a": 1.0, "b": 2.0}), (1, {"a": 3.0}), (2, {"a": 4.0})]
