"""Everything that a machine writes arrives exactly once, over a network that loses, repeats and delays."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from agents import AgentProcess
from bad_network import bad_network
from waiting import eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

PROGRAM = """
import hashlib, json, os, pathlib, time
run = pathlib.Path(os.environ["MOSAIC_RUN_DIR"])
folder = run / "checkpoints" / os.environ["WORKER_ID"]
folder.mkdir(parents=True)
for episode in range(40):
    for step in range(50):
        index = episode * 50 + step
        print(json.dumps({"event_type": "step", "step_index": index, "ep_index": episode, "reward": 1.0}), flush=True)
    print(json.dumps({"event_type": "episode", "ep_index": episode, "total_reward": 50.0, "steps": 50}), flush=True)
    (folder / f"{episode % 4}.bin").write_bytes(str(episode).encode() * 200_000)
    time.sleep(0.1)
"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "faults",
    [
        {"lost": 0.2, "unanswered": 0.25, "unavailable": 0.15, "twice": 0.2, "late": 0.1},
        {"unanswered": 0.5},
        {"twice": 1.0},
    ],
    ids=["everything", "replies-lost", "all-twice"],
)
def test_everything_arrives_once(
    daemon_home: Path,
    dashboard: str,
    client: TrainerClient,
    start_agent: Callable[..., AgentProcess],
    faults: dict[str, float],
) -> None:
    with bad_network(dashboard.partition("/#")[0], **faults) as network:
        agent = start_agent(url=network.url)
        config = {"entry_point": sys.executable, "arguments": ["-c", PROGRAM], "metadata": {"worker": {}}}
        run_id = client.submit({"run_name": "bad", "executor": "agent", **config})
        eventually(lambda: client.get(run_id).steps > 200, "it is under way", 90.0)
        agent.kill()
        agent.start()
        os.kill(client.status().pid, signal.SIGKILL)
        with TrainerClient.connect(daemon_home) as following:
            eventually(lambda: following.get(run_id).state.terminal, "its end", 120.0)
            run = following.get(run_id)
        eventually(lambda: not agent.runs(), "its disk is free again", 60.0)
        assert network.happened.total() > 10
    assert run.state is RunState.COMPLETED, run.cause + agent.said + str(run.workers)
    assert (run.state, run.attempts, run.episodes, run.steps) == (RunState.COMPLETED, 1, 40, 2_000)
    assert (run.ledger.lines, run.ledger.stored, run.ledger.quarantined) == (2_040, 2_040, 0)
    folder = RunFolder.of(daemon_home, run_id)
    assert verify_run(folder).ok
    sums = [hashlib.sha256((folder.checkpoints("000001") / f"{slot}.bin").read_bytes()).digest() for slot in range(4)]
    assert sums == [hashlib.sha256(str(36 + slot).encode() * 200_000).digest() for slot in range(4)]
