"""The agent of the plain calls, against a server that answers as theirs does."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitoring_servers import STUDY, MonitoringServer, serve_monitoring
from waiting import eventually

from gym_gui.fleet.agent import worker_agent
from gym_gui.fleet.agent.worker_agent import WorkerAgent

pytestmark = pytest.mark.process
Make = Callable[..., WorkerAgent]


@pytest.fixture
def make(
    monitoring: MonitoringServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., WorkerAgent]]:
    """Make an agent whose loop runs in a thread; all are ended after the test."""
    for name in ("HEARTBEAT_S", "POLL_S", "LOOK_S"):
        monkeypatch.setattr(worker_agent, name, 0.02)
    monkeypatch.setattr(worker_agent, "wait_s", lambda *_: 0.05)
    (tmp_path / "study.py").write_text(STUDY)
    threads: list[tuple[WorkerAgent, threading.Thread]] = []

    def start(*, run: bool = True, **options: Any) -> WorkerAgent:
        options.setdefault("command", [sys.executable, str(tmp_path / "study.py"), "{config}"])
        agent = WorkerAgent(monitoring.url + "/", "10.0.0.1", workdir=tmp_path, **options)
        if run:
            thread = threading.Thread(target=agent.main_loop)
            thread.start()
            threads.append((agent, thread))
        return agent

    yield start

    for agent, thread in threads:
        agent.stop()
        thread.join(60)
        assert not thread.is_alive()


def seen(folder: Path) -> list[dict[str, Any]]:
    """What the studies wrote down."""
    path = folder / "seen.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]  # the last one may be under way


def test_an_assignment_from_poll_to_end(
    monitoring: MonitoringServer, make: Make, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("MOSAIC_AGENT_TOKEN", "secret")
    monitoring.offer({"phantoms": ["b", "a"], "exit": 0})
    make()
    eventually(lambda: monitoring.messages("finished"), "the end of the study")
    (study,) = seen(tmp_path)
    assert list(study["config"]) == ["phantoms", "exit"]
    assert {
        name: value for name, value in study["environment"].items() if name.startswith(("GOLIAT", "MOSAIC_AGENT"))
    } == {
        "GOLIAT_WEBGUI_ENABLED": "true",
        "GOLIAT_MONITORING_URL": monitoring.url,
        "GOLIAT_MACHINE_ID": "10.0.0.1",
        "GOLIAT_ASSIGNMENT_ID": "a-0",
    }
    assert monitoring.sent("/api/assignments/a-0/claim") == [{"machineId": "10.0.0.1"}]
    assert monitoring.sent("/api/assignment")[0] == {"machineId": "10.0.0.1"}
    (end,) = monitoring.messages("finished")
    assert end == {"type": "finished", "message": "Study finished successfully", "exit_code": 0}
    eventually(lambda: len(monitoring.sent("/api/assignment")) > 1, "it asks for more")
    beat = monitoring.sent("/api/heartbeat")[0]
    assert (beat["machineId"], beat["cpuCores"] > 0, beat["totalRamGB"] > 0) == ("10.0.0.1", True, True)
    assert {"hostname", "gpuName", "load"} <= set(beat)


def test_each_step_by_itself(monitoring: MonitoringServer, make: Make, tmp_path: Path) -> None:
    agent = make(run=False)
    assert agent.heartbeat()
    assert agent.poll_assignment() is None
    monitoring.offer({"exit": 7})
    assignment = agent.poll_assignment()
    assert assignment is not None
    assert agent.download_config(assignment["config_url"], tmp_path / "c.json")
    assert agent.run_study(tmp_path / "c.json").wait(60) == 7
    agent.handle_assignment(assignment)
    assert agent.current_process is not None
    assert agent.current_process.wait(60) == 7
    assert json.loads((tmp_path / "assigned_config_0.json").read_text()) == {"exit": 7}


def test_a_server_that_is_not_there_is_said_and_nothing_more(make: Make, tmp_path: Path) -> None:
    said: list[str] = []
    agent = WorkerAgent("http://127.0.0.1:9", "m", say=said.append)
    assert not agent.heartbeat()
    assert agent.poll_assignment() is None
    assert not agent.download_config("http://127.0.0.1:9/c.json", tmp_path / "c.json")
    assert [text.partition(":")[0] for text in said] == [
        "Heartbeat failed", "Assignment poll failed", "Config download failed",
    ]  # fmt: skip
    assert not (tmp_path / "c.json").exists()


def test_configs_of_other_hosts_are_refused_unless_they_are_allowed(
    monitoring: MonitoringServer, make: Make, tmp_path: Path
) -> None:
    with serve_monitoring() as blob:
        blob.configs["/c.json"] = b"{}"
        monitoring.redirects["/moved.json"] = blob.url + "/c.json"
        agent, path = make(run=False, token="secret"), tmp_path / "c.json"
        for address in (
            blob.url + "/c.json",
            monitoring.url + "/moved.json",
            "file:///etc/passwd",
            "ftp://127.0.0.1/c",
        ):
            assert not agent.download_config(address, path)
        assert not path.exists()
        for host in ("127.0.0.1", blob.url.partition("//")[2]):
            path.unlink(missing_ok=True)
            assert make(run=False, token="secret", config_hosts=[host]).download_config(
                monitoring.url + "/moved.json", path
            )
            assert path.read_bytes() == b"{}"
        assert set(blob.tokens) == {""}, "the token is for the server alone"
    agent.heartbeat()
    assert monitoring.tokens[-1] == "Bearer secret"


def test_what_is_wrong_with_an_assignment_leaves_it_to_others(
    monitoring: MonitoringServer, make: Make, tmp_path: Path
) -> None:
    right = hashlib.sha256(b'{"exit": 0}').hexdigest()
    monitoring.offer({"exit": 0}, split_index="../../x")
    monitoring.offer({"exit": 0}, config_sha256="0" * 64)
    monitoring.offer({"exit": 0}, config_url="http://127.0.0.2:9/c.json")
    monitoring.offer({"exit": 0})
    monitoring.statuses["/api/assignments/a-3/claim"] = [409]
    monitoring.offer({"exit": 0})
    monitoring.statuses["/api/assignments/a-4/claim"] = [404]
    monitoring.claim_answer = {"error": {"what": "there is no such assignment"}}
    monitoring.offer({"exit": 0}, config_sha256=right)
    make()
    eventually(lambda: monitoring.messages("finished"), "the end of the right one")
    assert len(seen(tmp_path)) == 1
    claims = [where for where, _ in monitoring.calls if where.endswith("/claim")]
    assert claims == [f"POST /api/assignments/a-{number}/claim" for number in (3, 4, 5)]


def test_a_claim_whose_answer_was_lost_is_made_again(monitoring: MonitoringServer, make: Make, tmp_path: Path) -> None:
    monitoring.offer({"exit": 0})
    monitoring.statuses["/api/assignments/a-0/claim"] = [503, 200]
    make()
    eventually(lambda: monitoring.messages("finished"), "the end of the study")
    assert len(monitoring.sent("/api/assignments/a-0/claim")) == 2


def test_a_server_without_claims_will_do(monitoring: MonitoringServer, make: Make, tmp_path: Path) -> None:
    monitoring.offer({"exit": 0})
    monitoring.statuses["/api/assignments/a-0/claim"] = [404]
    monitoring.claim_answer = {}
    monitoring.statuses["/api/gui-update"] = [404]
    make()
    eventually(lambda: seen(tmp_path), "the study")
    eventually(lambda: len(monitoring.sent("/api/assignment")) > 1, "it asks for more")


@pytest.mark.parametrize(("code", "kinds"), [(3, ["finished"]), (42, ["memory_error", "finished"])])
def test_a_failed_study_is_started_again_as_often_as_is_allowed(
    monitoring: MonitoringServer, make: Make, tmp_path: Path, code: int, kinds: list[str]
) -> None:
    monitoring.offer({"exit": code})
    make(restarts=2)
    eventually(lambda: monitoring.messages("finished"), "its end")
    assert len(seen(tmp_path)) == 3
    assert [body["message"]["type"] for body in monitoring.sent("/api/gui-update")] == kinds
    assert monitoring.messages("finished")[0]["message"] == f"Study finished with errors: exit code {code}"


def test_a_command_that_does_not_exist_is_reported(monitoring: MonitoringServer, make: Make) -> None:
    monitoring.offer({})
    monitoring.offered[0]["config"] = {"a": 1}
    make(command=["/nowhere/goliat", "study", "{config}"])
    eventually(lambda: monitoring.messages("finished"), "its end")
    assert "with errors: its command cannot be started" in monitoring.messages("finished")[0]["message"]


def test_the_end_is_reported_until_the_server_takes_it(
    monitoring: MonitoringServer, make: Make, tmp_path: Path
) -> None:
    monitoring.statuses["/api/gui-update"] = [503, 503, 429, 200]
    monitoring.offer({"exit": 0})
    make()
    eventually(lambda: len(monitoring.messages("finished")) == 4, "it is reported again")
    eventually(lambda: len(monitoring.sent("/api/assignment")) > 1, "it asks for more")
    polls = [number for number, (where, _) in enumerate(monitoring.calls) if where.endswith("/api/assignment")]
    reports = [number for number, (where, _) in enumerate(monitoring.calls) if where.endswith("/api/gui-update")]
    assert polls[1] > reports[-1], "a poll would end the attempt without its outcome"


def test_a_cancelled_study_is_ended(monitoring: MonitoringServer, make: Make, tmp_path: Path) -> None:
    monitoring.offer({"gate": str(tmp_path / "never")})
    make(grace_s=5.0)
    eventually(lambda: seen(tmp_path), "the study")
    monitoring.heartbeat_answer = {"cancelled": ["a-0"]}
    eventually(lambda: monitoring.messages("finished"), "its end")
    assert "cancelled" in monitoring.messages("finished")[0]["message"]


def test_a_study_that_the_server_gave_up_is_ended_after_a_while(
    monitoring: MonitoringServer, make: Make, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(worker_agent, "LOST_S", 0.1)
    monitoring.claim_answer = {"id": "a-0", "runId": "R1"}
    monitoring.heartbeat_answer = {"ok": True, "runs": ["R1"]}
    monitoring.offer({"gate": str(tmp_path / "never")})
    agent = make(grace_s=5.0)
    eventually(lambda: seen(tmp_path), "the study")
    beats = len(monitoring.sent("/api/heartbeat"))
    eventually(lambda: len(monitoring.sent("/api/heartbeat")) > beats + 10, "it goes on")
    process = agent.current_process
    assert process is not None
    assert process.poll() is None
    monitoring.heartbeat_answer = {"ok": True, "runs": []}
    eventually(lambda: process.poll() is not None, "its end")
    eventually(lambda: len(monitoring.sent("/api/assignment")) > 1, "it asks for more")
    assert not monitoring.messages("finished")


def test_the_next_agent_watches_the_study_of_an_earlier_one(
    monitoring: MonitoringServer, make: Make, tmp_path: Path
) -> None:
    gate, record = tmp_path / "gate", tmp_path / "record.json"
    monitoring.offer({"gate": str(gate)})
    first = make(record=record)
    eventually(lambda: seen(tmp_path), "the study")
    eventually(record.exists, "it is on record")
    first.leave()
    monitoring.offer({"exit": 0})
    make(record=record)
    beats = len(monitoring.sent("/api/heartbeat"))
    eventually(lambda: len(monitoring.sent("/api/heartbeat")) > beats + 5, "it is there")
    assert len(seen(tmp_path)) == 1, "one study at a time"
    gate.touch()
    assert first.current_process is not None
    first.current_process.wait(60)
    eventually(lambda: len(seen(tmp_path)) == 2, "the next study")


KILLED = """
import os, signal, sys
from pathlib import Path
from gym_gui.fleet.agent.worker_agent import WorkerAgent

class Killed(WorkerAgent):
    def _save(self, **fields):
        if "pid" in fields:  # its study runs, and is not on record
            os.kill(os.getpid(), signal.SIGKILL)
        super()._save(**fields)

url, folder = sys.argv[1], Path(sys.argv[2])
command = [sys.executable, str(folder / "study.py"), "{config}"]
Killed(url, "10.0.0.1", workdir=folder, command=command, record=folder / "record.json").main_loop()
"""


@pytest.mark.parametrize("end", ["by itself", "cancelled"])
def test_a_study_whose_agent_was_killed_before_it_was_on_record_is_not_started_again(
    monitoring: MonitoringServer, make: Make, tmp_path: Path, end: str
) -> None:
    gate, record = tmp_path / "gate", tmp_path / "record.json"
    monitoring.claim_answer = {"ok": True, "runId": "run-7"}
    monitoring.offer({"gate": str(gate)})
    words = [sys.executable, "-c", KILLED, monitoring.url, str(tmp_path)]
    assert subprocess.run(words, timeout=60, stdout=subprocess.DEVNULL, check=False).returncode == -9
    monitoring.offer({"exit": 0})
    said: list[str] = []
    make(record=record, say=said.append)
    beats = len(monitoring.sent("/api/heartbeat"))
    eventually(lambda: len(monitoring.sent("/api/heartbeat")) > beats + 5, "it is there")
    eventually(lambda: seen(tmp_path), "the study of the killed agent")
    assert len(seen(tmp_path)) == 1, "one study at a time"
    if end == "cancelled":
        monitoring.heartbeat_answer = {"ok": True, "runs": ["run-7"], "cancelled": ["run-7"]}
    else:
        gate.touch()
    eventually(lambda: any("earlier agent has ended" in each for each in said), "its end")
    monitoring.heartbeat_answer = {"ok": True}
    assert gate.exists() == (end == "by itself")


def test_an_end_that_was_not_reported_is_reported_by_the_next_agent(
    monitoring: MonitoringServer, make: Make, tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    monitoring.statuses["/api/gui-update"] = [503]
    monitoring.offer({"exit": 5})
    first = make(record=record)
    eventually(lambda: monitoring.messages("finished"), "its end")
    first.leave()
    monitoring.statuses.clear()
    before = len(monitoring.messages("finished"))
    make(record=record)
    eventually(lambda: len(monitoring.messages("finished")) > before, "it is reported again")
    assert "exit code 5" in monitoring.messages("finished")[-1]["message"]
    eventually(lambda: not record.exists(), "nothing is left to report")


def test_a_cancel_reaches_the_study_of_an_earlier_agent(
    monitoring: MonitoringServer, make: Make, tmp_path: Path
) -> None:
    """The server names attempts, which the next agent has to know."""
    gate, record = tmp_path / "gate", tmp_path / "record.json"
    monitoring.claim_answer = {"ok": True, "runId": "run-7"}
    monitoring.offer({"gate": str(gate)})
    first = make(record=record)
    eventually(lambda: seen(tmp_path) and record.exists(), "the study runs")
    first.leave()
    make(record=record)
    monitoring.heartbeat_answer = {"ok": True, "runs": ["run-7"], "cancelled": ["run-7"]}
    eventually(lambda: not record.exists(), "the study was ended")
    assert first.current_process is not None
    assert first.current_process.wait(60) == -15


def test_no_assignment_is_taken_while_messages_wait(monitoring: MonitoringServer, make: Make) -> None:
    """They would count for the next one."""

    class Waiting:
        drained = False

        def environment(self) -> dict[str, str]:
            return {}

    proxy = Waiting()
    monitoring.offer({"exit": 0})
    make(proxy=proxy)
    eventually(lambda: len(monitoring.sent("/api/heartbeat")) > 10, "it is there")
    assert monitoring.sent("/api/assignment") == []
    proxy.drained = True
    eventually(lambda: monitoring.messages("finished"), "the study")


def test_an_end_waits_for_a_right_that_was_withdrawn(monitoring: MonitoringServer, make: Make) -> None:
    monitoring.statuses["/api/gui-update"] = [401, 403, 200]
    monitoring.offer({"exit": 0})
    make()
    eventually(lambda: len(monitoring.messages("finished")) >= 3, "it is reported until it is taken")
