"""The agent of the plain calls on a real `mosaic web` with a real daemon."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import client, daemon_home, worker_records
from monitoring_servers import STUDY
from programs import Program
from waiting import eventually
from web_servers import dashboard

from gym_gui.fleet.agent import worker_agent
from gym_gui.fleet.agent.worker_agent import WorkerAgent
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunState

__all__ = ["client", "daemon_home", "dashboard", "worker_records"]

pytestmark = pytest.mark.process


@pytest.fixture
def agent(dashboard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerAgent]:
    """An agent that runs in a thread."""
    for name in ("HEARTBEAT_S", "POLL_S", "LOOK_S"):
        monkeypatch.setattr(worker_agent, name, 0.1)
    (tmp_path / "study.py").write_text(STUDY)
    command = [sys.executable, str(tmp_path / "study.py"), "{config}"]
    agent = WorkerAgent(dashboard.partition("/#")[0], "vm-1", command=command, workdir=tmp_path, restarts=0)
    thread = threading.Thread(target=agent.main_loop)
    thread.start()
    yield agent
    agent.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_a_study_is_carried_out_and_cancelled(agent: WorkerAgent, client: TrainerClient, tmp_path: Path) -> None:
    program = Program(agent.monitoring_url)
    study = program.create("s", [{"exit": 0}, {"exit": 3}, {"exit": 42}, {"gate": str(tmp_path / "never")}])
    eventually(
        lambda: program.states(study)[3] == "RUNNING" and program.states(study)[1] == "FAILED", "the last one", 60.0
    )
    assert program.states(study)[0] == "COMPLETED"
    failed = program.assignments(study)[1]
    assert "with errors: exit code 3" in client.get(failed["runId"]).cause
    assert program.assignments(study)[2]["attempt"] > 1, "what ran out of memory is tried again"
    machine = next(each for each in client.fleet() if each.machine_id == "vm-1")
    assert machine.online
    assert machine.facts.memory_mb > 0
    assert machine.load["memory_used_mb"] > 0
    process, last = agent.current_process, program.assignments(study)[3]
    assert process is not None
    client.cancel(last["runId"])
    eventually(lambda: process.poll() is not None, "the program has ended")
    eventually(lambda: client.get(last["runId"]).state is RunState.CANCELLED, "it is cancelled")
