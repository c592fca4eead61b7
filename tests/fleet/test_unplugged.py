"""A machine whose network cable is pulled: its connections neither work nor break, as no proxy can have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agents import PROGRAM, AgentProcess
from bad_network import bad_network
from waiting import eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

WORKER = """
import json, time
for episode in range(60):
    for step in range(50):
        index = episode * 50 + step
        print(json.dumps({"event_type": "step", "step_index": index, "ep_index": episode, "reward": 1.0}), flush=True)
    print(json.dumps({"event_type": "episode", "ep_index": episode, "total_reward": 50.0, "steps": 50}), flush=True)
    time.sleep(0.25)
"""
HERE, THERE = "10.77.113.1", "10.77.113.2"


def _ip(*words: str) -> bool:
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0


class Cable:
    """A network of two: this machine, and a namespace in which the agent runs."""

    def __init__(self) -> None:
        self.namespace = f"mosaic-{os.getpid()}"
        self._end = f"mt{os.getpid()}"

    def plug(self) -> bool:
        """Make both ends; return whether this machine allows it."""
        return (
            _ip("netns", "add", self.namespace)
            and _ip("link", "add", self._end, "type", "veth", "peer", "name", "far", "netns", self.namespace)
            and _ip("addr", "add", f"{HERE}/24", "dev", self._end)
            and _ip("link", "set", self._end, "up")
            and self._there("addr", "add", f"{THERE}/24", "dev", "far")
            and self._there("link", "set", "far", "up")
        )

    def pull(self, seconds: float) -> None:
        """Cut the connection for a while: packets vanish, and nobody is told."""
        assert _ip("link", "set", self._end, "down")
        time.sleep(seconds)
        assert _ip("link", "set", self._end, "up")

    def remove(self) -> None:
        _ip("netns", "del", self.namespace)
        _ip("link", "del", self._end)

    def _there(self, *words: str) -> bool:
        return _ip("-n", self.namespace, *words)


@pytest.fixture
def cable() -> Iterator[Cable]:
    if shutil.which("ip") is None:
        pytest.skip("needs the command ip: apt install iproute2")
    made = Cable()
    try:
        if not made.plug():
            pytest.skip("needs the right to make network namespaces: run it as root")
        yield made
    finally:
        made.remove()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("lease_s", "cut_s"), [(60, 8.0), (10, 25.0)], ids=["within the lease", "beyond the lease"])
def test_a_run_survives_a_cut(
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    cable: Cable,
    lease_s: int,
    cut_s: float,
) -> None:
    monkeypatch.setenv("MOSAIC_AGENT_LEASE_S", str(lease_s))
    client: TrainerClient = request.getfixturevalue("client")
    dashboard: str = request.getfixturevalue("dashboard")
    home: Path = request.getfixturevalue("daemon_home")
    start_agent: Callable[..., AgentProcess] = request.getfixturevalue("start_agent")
    with bad_network(dashboard.partition("/#")[0], host=HERE) as network:
        agent = start_agent(url=network.url, program=("ip", "netns", "exec", cable.namespace, *PROGRAM))
        config = {"entry_point": sys.executable, "arguments": ["-c", WORKER], "limits": {"max_attempts": 2}}
        run_id = client.submit({"run_name": "cut", "executor": "agent", "metadata": {"worker": {}}, **config})
        eventually(lambda: client.get(run_id).steps > 200, "it is under way", 90.0)
        cable.pull(cut_s)
        eventually(lambda: client.get(run_id).state.terminal, "its end", 150.0)
        run = client.get(run_id)
        eventually(lambda: not agent.runs(), "its disk is free again", 60.0)
    assert run.state is RunState.COMPLETED, run.cause + agent.said + str(run.workers)
    assert run.attempts == (1 if cut_s < lease_s else 2)
    folder = RunFolder.of(home, run_id)
    logs = [folder.stdout_log("000001", attempt).read_bytes().splitlines() for attempt in range(1, run.attempts + 1)]
    assert len(logs[-1]) == len(set(logs[-1])) == 60 * 51
    assert (run.ledger.lines, run.ledger.quarantined) == (sum(map(len, logs)), 0)
    assert verify_run(folder).ok
