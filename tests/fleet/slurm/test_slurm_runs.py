"""Runs as jobs that are processes of this machine, by submitit's local executor."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from slurm_runs import COUNT, ended, on_slurm, program
from waiting import eventually, processes_of

pytest.importorskip("submitit")

from gym_gui.fleet import OrderBox
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

pytestmark = pytest.mark.process
Config = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_SLURM_CLUSTER", "local")


def processes(home: Path, words: str) -> list[int]:
    """Return the processes of a home whose command line has words in it."""
    return [pid for pid, command in processes_of(home).items() if words in command]


def test_a_run_is_that_of_this_machine(daemon_home: Path, client: TrainerClient, random_config: Config) -> None:
    run_id = client.submit(on_slurm(random_config(total_steps=2_000)))
    failing = client.submit(on_slurm(program("import sys; print('first'); sys.exit('no good')")))
    run = ended(client, run_id)
    assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 2_000)
    assert run.ledger.lines == run.ledger.stored + run.ledger.log
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
    run = ended(client, failing)
    assert (run.state, run.cause) == (RunState.FAILED, "exit code 1: no good")
    folder = RunFolder.of(daemon_home, failing)
    assert folder.stdout_log("000001", 1).read_text() == "first\n"
    lease = OrderBox(folder).lease("000001", 1)
    assert lease is not None
    assert (lease.state, lease.machine) == ("released", os.uname().nodename)


def test_it_is_paused_and_cancelled(daemon_home: Path, client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit(on_slurm(endless))
    eventually(lambda: client.get(run_id).steps > 0, "steps")
    client.pause(run_id)
    eventually(lambda: client.get(run_id).state is RunState.PAUSED, "it is paused")
    client.unpause(run_id)
    steps = client.get(run_id).steps
    eventually(lambda: client.get(run_id).steps > steps, "it goes on")
    client.cancel(run_id, reason="enough")
    run = ended(client, run_id)
    assert (run.state, run.attempts) == (RunState.CANCELLED, 1)
    eventually(lambda: not processes(daemon_home, "submitit"), "no job is left")


@pytest.mark.parametrize("killed", ["submitit.local._local", "submitit.core._submit"])
def test_a_killed_job_is_followed_by_another(daemon_home: Path, client: TrainerClient, killed: str) -> None:
    run_id = client.submit(on_slurm(program(COUNT, "100"), max_attempts=2))
    folder = RunFolder.of(daemon_home, run_id)
    checkpoint = folder.checkpoints("000001") / "count"
    eventually(checkpoint.exists, "a checkpoint")
    (pid,) = processes(daemon_home, killed)
    os.kill(pid, signal.SIGKILL)
    run = ended(client, run_id)
    assert (run.state, run.workers[0].attempt) == (RunState.COMPLETED, 2)
    first, second = ([int(line) for line in folder.stdout_log("000001", n).read_text().split()] for n in (1, 2))
    assert second[-1] == 100
    assert second[0] > 1
    assert second[0] <= first[-1] + 1
    assert verify_run(folder).ok


def test_a_daemon_that_is_killed_changes_nothing(
    daemon_home: Path, client: TrainerClient, random_config: Config
) -> None:
    run_id = client.submit(on_slurm(random_config(total_steps=3_000, step_rate=1_000.0)))
    eventually(lambda: client.get(run_id).steps > 100, "steps")
    os.kill(client.status().pid, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as following:
        run = ended(following, run_id)
        assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 3_000, 1)
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
