"""Runs on a real Slurm of one node on loopback (`make test-slurm`)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from slurm_cluster import SlurmCluster
from slurm_runs import COUNT, ended, on_slurm, program
from waiting import eventually, processes_of

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.supervision import read_history
from gym_gui.telemetry import verify_run

pytestmark = pytest.mark.slow
Config = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _cluster(slurm_cluster: SlurmCluster) -> SlurmCluster:
    return slurm_cluster


@pytest.fixture
def client(_cluster: SlurmCluster, client: TrainerClient) -> TrainerClient:
    """A client of a daemon that was started after the cluster."""
    return client


def jobs(cluster: SlurmCluster, fields: str = "%i|%T|%C|%m|%P") -> list[str]:
    """Return the jobs that have not ended."""
    return cluster.command("squeue", "--me", "--noheader", f"--format={fields}").split()


def states(cluster: SlurmCluster) -> list[str]:
    """Return the states of all jobs."""
    return cluster.command("squeue", "--me", "--noheader", "--states=all", "--format=%T").split()


def running(client: TrainerClient, run_id: str, steps: int = 1) -> Any:
    """Return a run once it has taken steps."""
    eventually(lambda: client.get(run_id).steps >= steps, f"steps of {run_id}: {client.get(run_id).cause}", 60.0)
    return client.get(run_id)


def test_runs_complete_wait_fail_and_are_cancelled(
    daemon_home: Path,
    client: TrainerClient,
    slurm_cluster: SlurmCluster,
    random_config: Config,
    endless: dict[str, Any],
) -> None:
    config = {**random_config(total_steps=2_000), "resources": {"memory_mb": 300}}
    run = ended(client, client.submit(on_slurm(config)))
    assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 2_000), run.cause
    assert verify_run(RunFolder.of(daemon_home, run.run_id)).ok
    failing = program("import os, sys; sys.exit(os.environ['SLURM_JOB_ID'] and 'no good')")
    run = ended(client, client.submit(on_slurm(failing)))
    assert (run.state, run.cause) == (RunState.FAILED, "exit code 1: no good")
    refused = {**on_slurm(failing), "environment": {"SBATCH_PARTITION": "gpu"}}
    run = ended(client, client.submit(refused))
    assert run.state is RunState.FAILED
    assert "Slurm refuses its job: " in run.cause
    assert "invalid partition specified: gpu" in run.cause

    first = client.submit({**on_slurm(endless), "resources": {"cpus": 2}, "environment": {"SBATCH_COMMENT": "mine"}})
    running(client, first)
    assert jobs(slurm_cluster, "%T|%C|%k") == ["RUNNING|2|mine"]
    second = client.submit(on_slurm(endless))
    eventually(lambda: "PENDING (Resources)" in client.get(second).cause, "why it waits", 30.0)
    client.cancel(second)
    assert ended(client, second).state is RunState.CANCELLED
    client.pause(first)
    eventually(lambda: client.get(first).state is RunState.PAUSED, "it is paused")
    client.unpause(first)
    running(client, first, client.get(first).steps + 1)
    client.cancel(first)
    assert ended(client, first).state is RunState.CANCELLED
    eventually(lambda: not jobs(slurm_cluster), "no job is left")


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("scancel", "Slurm ended job {} on node n1"),
        ("time", "Slurm ends job {} on node n1: its time is over, or it is preempted"),
        ("kill", "Slurm job {} ended: FAILED ("),
    ],
)
def test_an_attempt_that_slurm_ends_is_followed_by_another(
    daemon_home: Path, client: TrainerClient, slurm_cluster: SlurmCluster, how: str, cause: str
) -> None:
    config = on_slurm(program(COUNT, "2000" if how == "time" else "200"), max_attempts=2)
    run_id = client.submit({**config, "environment": {"SBATCH_TIMELIMIT": "2" if how == "time" else "60"}})
    folder = RunFolder.of(daemon_home, run_id)
    eventually((folder.checkpoints("000001") / "count").exists, "a checkpoint", 60.0)
    (job_id,) = jobs(slurm_cluster, "%i")
    if how == "scancel":
        slurm_cluster.command("scancel", job_id)
    elif how == "kill":
        (pid,) = [pid for pid, command in processes_of(daemon_home).items() if "submitit.core._submit" in command]
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: client.get(run_id).workers[0].attempt == 2, "a second attempt", 90.0)
    first = read_history(folder.supervisor_log, ["000001"]).workers["000001"].attempts[1]
    assert first.cause.startswith("attempt 1 of 2 ended: " + cause.format(job_id))
    if how == "time":
        client.cancel(run_id)
        assert ended(client, run_id).state is RunState.CANCELLED
        return
    assert ended(client, run_id).state is RunState.COMPLETED
    assert verify_run(folder).ok


def test_a_lost_node_costs_an_attempt(daemon_home: Path, client: TrainerClient, slurm_cluster: SlurmCluster) -> None:
    run_id = client.submit(on_slurm(program(COUNT, "200"), max_attempts=2))
    folder = RunFolder.of(daemon_home, run_id)
    eventually((folder.checkpoints("000001") / "count").exists, "a checkpoint", 60.0)
    slurm_cluster.command("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=test")
    eventually(lambda: client.get(run_id).workers[0].attempt == 2, "a second attempt", 90.0)
    eventually(lambda: "PENDING" in client.get(run_id).cause, "it waits", 30.0)
    slurm_cluster.command("scontrol", "update", "NodeName=n1", "State=RESUME")
    run = ended(client, run_id)
    assert (run.state, run.workers[0].attempt) == (RunState.COMPLETED, 2)
    assert verify_run(folder).ok


def test_a_killed_daemon_and_a_lost_controller_change_nothing(
    daemon_home: Path, client: TrainerClient, slurm_cluster: SlurmCluster, random_config: Config
) -> None:
    run_id = client.submit(on_slurm(random_config(total_steps=10_000, step_rate=1_000.0)))
    running(client, run_id, 100)
    slurm_cluster.kill("slurmctld")
    os.kill(client.status().pid, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as following:
        running(following, run_id, 4_000)
        waiting = following.submit(on_slurm(program("print('hello')")))
        eventually(lambda: "waits for Slurm" in following.get(waiting).cause, "it waits", 60.0)
        run = ended(following, run_id)
        assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 10_000, 1)
        slurm_cluster.start_controller()
        assert ended(following, waiting).state is RunState.COMPLETED
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
