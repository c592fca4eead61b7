"""Runs that begin with checkpoints of other runs, on machines that have nothing of those. Trains for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import AgentProcess
from waiting import eventually

from gym_gui.analysis import continue_run
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.workers import WorkerCatalog

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TRAINING = {"env_id": "CartPole-v1", "algo": "ppo", "total_timesteps": 2048, "seed": 1}


def ended(client: TrainerClient, run_id: str) -> Any:
    """Return a run once it has ended."""
    eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}: {client.get(run_id).cause}", 300.0)
    return client.get(run_id)


def test_a_run_on_another_machine_resumes_and_evaluates_a_checkpoint_that_is_sent_once(
    daemon_home: Path, client: TrainerClient, start_agent: Callable[..., AgentProcess]
) -> None:
    first = start_agent("m1")
    worker = {"worker_id": "cleanrl", "config": TRAINING}
    config = {"run_name": "parent", "executor": "agent", "metadata": {"worker": worker}}
    parent = ended(client, client.submit(config))
    assert parent.state is RunState.COMPLETED, parent.cause
    first.kill()
    second = start_agent("m2")
    catalog = WorkerCatalog(daemon_home)
    for mode, options in (("resume", {"steps": 1024}), ("evaluate", {"episodes": 2})):
        following = continue_run(daemon_home, parent.run_id, mode, catalog, **options)
        run = ended(client, client.submit(following.payload, parent_run_id=parent.run_id))
        assert run.state is RunState.COMPLETED, run.cause
        folder = RunFolder.of(daemon_home, run.run_id)
        (lease,) = (folder.control / "fleet").glob("*.lease.json")
        assert json.loads(lease.read_text())["machine"] == "m2"
    assert len([path for path in (second.folder / "inputs").iterdir() if path.suffix != ".lock"]) == 1
