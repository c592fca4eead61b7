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


def on_node(folder: Path) -> dict[str, str]:
    """Return the variables of a run whose node builds environments in a folder."""
    return {"MOSAIC_ENVIRONMENTS": str(folder / "node")}


def test_an_environment_that_cannot_be_built_on_the_node_ends_the_run_with_the_reason(
    daemon_home: Path, client: TrainerClient, random_config: Config, tmp_path: Path
) -> None:
    (daemon_home / "settings.json").write_text('{"slurm_build_environments": "always"}')
    config = on_slurm(random_config(total_steps=10))
    config["environment"] = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", **on_node(tmp_path)}
    run = ended(client, client.submit(config))
    assert run.state is RunState.FAILED
    assert "its environment cannot be built on this machine: pip install" in run.cause
    said = RunFolder.of(daemon_home, run.run_id).stderr_log(run.workers[0].worker_id, 1).read_text()
    assert "environment: failed: pip install" in said


def test_a_folder_of_a_node_that_others_may_write_to_is_not_used(
    daemon_home: Path, client: TrainerClient, random_config: Config, tmp_path: Path
) -> None:
    (daemon_home / "settings.json").write_text('{"slurm_build_environments": "always"}')
    (tmp_path / "node").mkdir()
    (tmp_path / "node").chmod(0o777)
    run = ended(client, client.submit({**on_slurm(random_config(total_steps=10)), "environment": on_node(tmp_path)}))
    assert run.state is RunState.FAILED
    assert f"other users may write to {tmp_path / 'node'}" in run.cause
    assert not list((tmp_path / "node").iterdir())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_builds_the_environment_once(
    daemon_home: Path, client: TrainerClient, random_config: Config, tmp_path: Path
) -> None:
    (daemon_home / "settings.json").write_text('{"slurm_build_environments": "always"}')
    configs = [on_slurm(random_config(total_steps=500, run_name=name)) for name in ("a", "b")]
    ids = [client.submit({**config, "environment": on_node(tmp_path)}) for config in configs]
    eventually(lambda: all("builds its environment" in client.get(each).cause for each in ids), "both wait", 120.0)
    for run_id in ids:
        eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}", 400.0)  # noqa: B023
        run = client.get(run_id)
        assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 500)
    assert len(list((tmp_path / "node" / "environments").glob("*/mosaic-environment.json"))) == 1
