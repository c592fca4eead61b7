"""The executor of machines with an agent keeps the contract; its agent runs in a thread, and calls the desk itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.fleet.agent.agent import Agent
from gym_gui.fleet.agent.server import Answer, Refused, Server, Unreachable
from gym_gui.supervision.launch import LAUNCHER
from gym_gui.trainer.executors.agent import AgentExecutor
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.conformance import ExecutorContract


class DeskServer(Server):
    """Calls the desk of the newest executor in place of a web server."""

    executor: AgentExecutor

    def call(self, method: str, body: dict[str, Any], data: bytes | None = None, timeout_s: float = 0.0) -> Answer:
        answer = self.executor.desk.call(method, self.machine_id, self.token, json.loads(json.dumps(body)), data or b"")
        if answer.status >= 500:
            raise Unreachable(str(answer.body))
        if answer.status != 200:
            raise Refused(answer.status, answer.body)
        return Answer(answer.body, answer.data)


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 5.0)


class TestAgentExecutor(ExecutorContract):
    executor = AgentExecutor

    @pytest.fixture(autouse=True)
    def _agent(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr("gym_gui.fleet.agent.agent.Server", DeskServer)
        monkeypatch.setattr("gym_gui.fleet.desk.IDLE_S", 0.1)
        monkeypatch.setattr("gym_gui.fleet.desk.BUSY_S", 0.1)
        self.agent: Agent | None = None
        self.thread: threading.Thread | None = None
        self.folder = tmp_path / "agent"
        yield
        if self.agent is not None and self.thread is not None:
            self.agent.leave()
            self.thread.join(10)

    def make_executor(self, home: Path) -> Executor:
        executor = AgentExecutor(home)
        DeskServer.executor = executor
        if self.agent is None:
            self.agent = Agent("http://desk", self.folder, LAUNCHER, token="owner", machine_id="m1", slots=4)
            self.agent._enroll()
            self.thread = threading.Thread(target=self.agent.run, daemon=True)
            self.thread.start()
        return executor
