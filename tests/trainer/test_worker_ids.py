"""The instance ids of workers, from the run config to every row, file and log record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.analysis.queries import get_run_summary
from gym_gui.logging_config.log_constants import get_constant_by_code
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import parse_episode_id
from gym_gui.runs.seeds import derive_seed
from gym_gui.runs.states import RunState
from gym_gui.runs.supervisor_log import read_events
from gym_gui.telemetry.reader import RunReader
from gym_gui.trainer.home import DaemonHome

#: Two agents in one environment, and lines that no reader can take.
SCRIPT = """
import json, os, sys
def say(**event):
    print(json.dumps(event), flush=True)
for step in range(4):
    for agent in ("left", "right"):
        say(event_type="step", step_index=step, agent_id=agent, reward=1.0, ep_index=0)
for agent in ("left", "right"):
    say(event_type="episode", ep_index=0, agent_id=agent, total_reward=4.0, steps=4)
say(event_type="episode", ep_index=0, agent_id="left", total_reward=9.0)
say(event_type="episode", ep_index=0, agent_id="left", phase="eval", total_reward=9.0)
sys.stdout.flush()
os.write(1, b'{"event_type": "step", "step_index": 1, "x": "\\xff"}\\n{"event_type": "st')
"""


@pytest.fixture
def client(daemon_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainerClient]:
    monkeypatch.setenv("MOSAIC_LOG_LEVEL", "DEBUG")
    with TrainerClient.connect(daemon_home) as client:
        yield client


def records_in(path: Path) -> list[dict[str, Any]]:
    """Return the structured records of a log, all of whose lines are such."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_ids_go_from_the_form_to_every_record(
    client: TrainerClient,
    daemon_home: Path,
    random_config: Callable[..., dict[str, Any]],
    wait_until: Callable[..., Any],
) -> None:
    config = random_config(total_steps=300, worker_id="left_arm")
    config["metadata"]["ui"] = {"path_config": {"ui_only": {"worker_id": "left_arm", "live": True, "api_key": "sk-1"}}}
    config["environment"] = {"WORKER_ID": "left_arm"}
    run_id = client.submit(config)
    assert list(client.watch([run_id]))[-1].state is RunState.COMPLETED
    folder = RunFolder.of(daemon_home, run_id)

    plan = json.loads(folder.run_json.read_text())
    assert plan["config"]["metadata"]["worker"]["config"]["worker_id"] == "left_arm"
    (worker,) = plan["workers"]
    assert worker["argv"][-2:] == ["--worker-id", "left_arm"]
    assert worker["env"]["WORKER_ID"] == "left_arm"
    assert json.loads((folder.path / f"worker-{run_id}-left_arm.json").read_text())["run_id"] == run_id

    printed = folder.stdout_log("left_arm", 1).read_text().splitlines()
    assert printed
    assert all(json.loads(line)["worker_id"] == "left_arm" for line in printed)
    stderr = records_in(folder.stderr_log("left_arm", 1))
    assert all((record["run_id"], record["worker_id"]) == (run_id, "left_arm") for record in stderr)

    reader = RunReader(folder)
    assert {step.worker_id for step in reader.steps(limit=1000)} == {"left_arm"}
    assert {event.worker_id for event in reader.events()} == {"left_arm", ""}
    episodes = reader.episodes()
    assert [parse_episode_id(episode.episode_id) for episode in episodes] == [
        (run_id, episode.ep_index, "left_arm") for episode in episodes
    ]
    assert list(get_run_summary(daemon_home, run_id)["workers"]) == ["left_arm"]

    events = read_events(folder.supervisor_log)
    assert all(event["run_id"] == run_id for event in events)
    of_worker = [event for event in events if event["event"] in ("launch", "started", "exit")]
    assert len(of_worker) == 3
    assert all(event["worker_id"] == "left_arm" for event in of_worker)

    wait_until(lambda: "LOG1152" in folder.proxy_log.read_text(), "the proxy has said its last")
    said = records_in(folder.proxy_log)
    assert all(record["run_id"] == run_id for record in said)
    codes = {record["code"]: record for record in said if "code" in record}
    for name in ("LOG1151", "LOG1154", "LOG1155", "LOG1164", "LOG501", "LOG1152"):
        assert name in codes, sorted(codes)
    assert codes["LOG1155"]["worker_id"] == "left_arm"

    daemon = [record for record in records_in(DaemonHome(daemon_home).log) if record.get("run_id") == run_id]
    told = {record["code"]: record for record in daemon}
    for name in ("LOG401", "LOG402"):
        assert told[name]["worker_id"] == "left_arm"
    assert told["LOG401"]["extra"]["ui_only"] == {"worker_id": "left_arm", "live": True, "api_key": "${secret}"}
    assert told["LOG402"]["extra"]["path"] == str(folder.worker_config("left_arm"))
    assert {get_constant_by_code(code) for code in told} >= {get_constant_by_code("LOG402")}


def test_agents_and_workers_keep_apart(
    client: TrainerClient, daemon_home: Path, tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    script = tmp_path / "agents.py"
    script.write_text(SCRIPT)
    workers = [{"worker_id": "command", "config": {"worker_id": name}} for name in ("one", "two")]
    submitted = {
        "run_name": "agents", "entry_point": sys.executable, "arguments": [str(script)],
        "metadata": {"workers": workers}, "on_worker_failure": "continue",
    }  # fmt: skip
    run_id = client.submit(submitted)
    assert list(client.watch([run_id]))[-1].state is RunState.COMPLETED
    folder = RunFolder.of(daemon_home, run_id)
    reader = RunReader(folder)
    for number, name in enumerate(("one", "two"), 1):
        steps = reader.steps(worker_no=number)
        assert [(step.step_index, step.agent_id) for step in steps] == [
            (step, agent) for step in range(4) for agent in ("left", "right")
        ]
        (left,) = (reader.steps(worker_no=number, agent_id="left")[1:2],)
        assert [(step.worker_id, step.step_index, step.agent_id) for step in left] == [(name, 1, "left")]
        assert reader.steps(worker_no=number, agent_id="nobody") == []
        assert reader.steps(worker_no=number, agent_id="") == []
        episodes = reader.episodes(worker_no=number)
        assert [(item.phase, item.agent_id, item.total_reward) for item in episodes] == [
            ("train", "left", 4.0), ("train", "right", 4.0), ("eval", "left", 9.0),
        ]  # fmt: skip
        assert {item.episode_id for item in episodes} == {f"{run_id}-w{name}-ep000000"}
        assert [item.reason for item in reader.quarantine(worker_no=number)] == ["repeated_episode", "not_utf8", "torn"]
    assert {item.worker_id for item in reader.episodes(agent_id="right")} == {"one", "two"}

    wait_until(lambda: "LOG1152" in folder.proxy_log.read_text(), "the proxy has said its last")
    said = [record for record in records_in(folder.proxy_log) if record.get("code") in ("LOG502", "LOG1160")]
    assert {(record["code"], record["worker_id"], record["extra"]["reason"]) for record in said} == {
        (code, name, reason)
        for name in ("one", "two")
        for code, reason in (("LOG1160", "repeated_episode"), ("LOG502", "not_utf8"), ("LOG502", "torn"))
    }
    assert all(record["run_id"] == run_id for record in said)


def test_a_mixed_list_runs_side_by_side(
    client: TrainerClient, daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    config = random_config(total_steps=200, seed=7)
    one = config["metadata"].pop("worker")
    config["metadata"]["workers"] = [{**one, "replicas": 2}, {**one, "config": {**one["config"], "worker_id": "late"}}]
    del config["metadata"]["workers"][1]["config"]["seed"]
    run_id = client.submit(config)
    run = list(client.watch([run_id]))[-1]
    assert run.state is RunState.COMPLETED
    folder = RunFolder.of(daemon_home, run_id)
    plan = json.loads(folder.run_json.read_text())
    assert [(worker["worker_id"], worker["seed"]) for worker in plan["workers"]] == [
        ("000001", 7), ("000002", derive_seed(7, "000002")), ("late", derive_seed(7, "late")),
    ]  # fmt: skip
    logs = [folder.stdout_log(worker["worker_id"], 1).read_text() for worker in plan["workers"]]
    assert len(set(logs)) == 3
    for worker, seed in zip(run.workers, (worker["seed"] for worker in plan["workers"]), strict=True):
        assert (worker.state, worker.steps, worker.attempt) == (RunState.COMPLETED, 200, 1)
        assert worker.curve
        environment = json.loads(folder.worker_config(worker.worker_id).read_text())
        assert environment["seed"] == seed
    assert run.steps == 600
    assert run.episodes == sum(worker.episodes for worker in run.workers)
