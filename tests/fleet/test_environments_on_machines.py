"""Environments of workers that machines build: real agents with an empty folder, real pip, runs of real workers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import AgentProcess
from waiting import eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

Start = Callable[..., AgentProcess]
Config = Callable[..., dict[str, Any]]
BUILD = ("--build-environments", "always")


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_AGENT_LEASE_S", "4")


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Machines reach no index; returns the folder of wheels that they have in its place."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, value in {"CONFIG_FILE": os.devnull, "NO_INDEX": "1", "FIND_LINKS": str(wheels)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return wheels


def on_agents(config: dict[str, Any], **limits: Any) -> dict[str, Any]:
    """Return a config for machines with an agent."""
    return {**config, "executor": "agent", "limits": {"shutdown_timeout_s": 3.0, **limits}}


def ended(client: TrainerClient, run_id: str, timeout_s: float = 60.0) -> Any:
    """Return a run once it has ended."""
    eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}: {client.get(run_id).cause}", timeout_s)
    return client.get(run_id)


def environments(agent: AgentProcess) -> list[Path]:
    """Return the receipts of the environments that a machine has built."""
    return sorted((agent.folder / "environments").glob("*/mosaic-environment.json"))


def test_a_build_that_fails_ends_the_run_with_what_why_and_what_next(
    daemon_home: Path, client: TrainerClient, start_agent: Start, random_config: Config, no_index: Path
) -> None:
    agent = start_agent(more=BUILD)
    run = ended(client, client.submit(on_agents(random_config(total_steps=10))))
    assert run.state is RunState.FAILED
    assert "could not be started: its environment cannot be built on this machine: pip install" in run.cause
    assert "PIP_FIND_LINKS" in run.cause
    assert not environments(agent)
    lines = RunFolder.of(daemon_home, run.run_id).stderr_log(run.workers[0].worker_id, 1).read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert {record["code"] for record in records} == {"LOG1131"}
    failed = next(record["message"] for record in records if record["level"] == "ERROR")
    assert failed.startswith("environment: failed: pip install")


def test_a_machine_that_builds_none_says_so(client: TrainerClient, start_agent: Start, random_config: Config) -> None:
    start_agent(more=("--build-environments", "never", "--python", "random=/nowhere/python"))
    run = ended(client, client.submit(on_agents(random_config(total_steps=10))))
    assert "/nowhere/python is not on this machine" in run.cause


def test_what_is_there_is_used_and_nothing_is_built(
    client: TrainerClient, start_agent: Start, random_config: Config
) -> None:
    agent = start_agent()
    assert ended(client, client.submit(on_agents(random_config(total_steps=100)))).state is RunState.COMPLETED
    assert not (agent.folder / "environments").exists()


def test_a_run_that_is_cancelled_while_its_environment_is_built(
    client: TrainerClient, start_agent: Start, random_config: Config
) -> None:
    agent = start_agent(more=BUILD)
    run_id = client.submit(on_agents(random_config(total_steps=10)))
    eventually(lambda: "builds its environment" in client.get(run_id).cause, "the build is seen in the run", 60.0)
    client.cancel(run_id)
    assert ended(client, run_id).state is RunState.CANCELLED
    eventually(lambda: not agent.runs(), "nothing is left on the machine", 20.0)
    assert not environments(agent)


@pytest.mark.slow
def test_two_runs_at_once_build_one_environment_and_train_in_it(
    daemon_home: Path, client: TrainerClient, start_agent: Start, random_config: Config
) -> None:
    agent = start_agent(more=BUILD)
    ids = [client.submit(on_agents(random_config(total_steps=500, run_name=name))) for name in ("a", "b")]
    eventually(lambda: all("builds its environment" in client.get(each).cause for each in ids), "both wait", 60.0)
    for run_id in ids:
        run = ended(client, run_id, 300.0)
        assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 500)
        folder = RunFolder.of(daemon_home, run_id)
        assert verify_run(folder).ok
        said = folder.stderr_log(run.workers[0].worker_id, 1).read_text()
        assert "pip install package/random_worker" in said
    (receipt,) = environments(agent)
    python = receipt.parent / "bin" / "python"
    assert client.get(ids[0]).workers[0].exit is not None
    again = ended(client, client.submit(on_agents(random_config(total_steps=100))))
    assert again.state is RunState.COMPLETED
    assert python.exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_of_build_and_agent_cost_nothing_but_time(
    client: TrainerClient, start_agent: Start, random_config: Config
) -> None:
    agent = start_agent(more=BUILD)
    run_id = client.submit(on_agents(random_config(total_steps=500)))
    for step in ("step 2 of", "step 3 of"):
        eventually(lambda: step in client.get(run_id).cause, f"{step}: {client.get(run_id).cause}", 120.0)  # noqa: B023
        for pid in builders(agent):
            os.kill(pid, signal.SIGKILL)
        assert not environments(agent)
    eventually(lambda: "step 3 of" in client.get(run_id).cause, "the third build installs", 120.0)
    agent.kill()  # the build goes on without it
    agent.start()
    run = ended(client, run_id, 300.0)
    assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 500, 1)
    assert len(environments(agent)) == 1


def builders(agent: AgentProcess) -> list[int]:
    """Return the pids of the programs that build environments of a machine."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--build-environment" in words and any(bytes(agent.folder) in word for word in words):
            found.append(int(folder.name))
    return found
