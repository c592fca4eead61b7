"""A home on a small file system that fills up under a daemon."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState

pytestmark = pytest.mark.fault
LOW_MB, BALLAST_MB = 8, 2


@pytest.fixture
def small_cluster(small_disk, cluster, worker_records, monkeypatch):
    """A cluster whose home is a file system of 64 MiB."""
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", str(LOW_MB))
    monkeypatch.setenv("MOSAIC_DISK_BALLAST_MB", str(BALLAST_MB))
    shutil.copytree(worker_records, cluster.home / "workers")
    return cluster


def random_run(client, **config) -> str:
    settings = {"env_id": "CartPole-v1", "seed": 1, "total_steps": 10**9, "step_rate": 100.0}
    worker = {"worker_id": "random", "config": settings}
    limits = {"shutdown_timeout_s": 3.0}
    return client.submit({"run_name": "r", "metadata": {"worker": worker}, "limits": limits, **config})


def test_nothing_is_started_below_the_mark_and_the_ballast_is_released(small_cluster, until, fill):
    home = small_cluster.home
    with TrainerClient.connect(home) as client:
        until((home / "ballast").exists)
        others = fill(home, LOW_MB - 3)
        until(lambda: not (home / "ballast").exists())
        run_id = random_run(client)
        run = client.get(run_id)
        assert run.state is RunState.QUEUED
        assert run.cause.startswith("waits for disk space: ")
        assert "setting disk_low_mb" in run.cause
        told = client.why(run_id)
        assert [(lack.resource, lack.needed > lack.free) for lack in told.waits_for] == [("disk", True)]
        assert told.before == 0
        others.unlink()
        until(lambda: client.get(run_id).state is RunState.RUNNING)
        until((home / "ballast").exists)
        assert client.cancel(run_id, wait=True).state is RunState.CANCELLED


def test_a_run_stands_still_while_room_is_low_if_it_is_told_to(small_cluster, until, fill):
    home = small_cluster.home
    with TrainerClient.connect(home) as client:
        patient, other = random_run(client, on_disk_full="pause"), random_run(client)
        until(lambda: min(client.get(run_id).steps for run_id in (patient, other)) > 5)
        others = fill(home, LOW_MB - 3)
        until(lambda: client.get(patient).state is RunState.PAUSED)
        assert client.get(patient).cause.startswith("disk: ")
        assert client.why(patient).next_step.startswith("free disk space")
        steps = client.get(other).steps
        until(lambda: client.get(other).steps > steps)
        others.unlink()
        until(lambda: client.get(patient).state is RunState.RUNNING)
        for run_id in (patient, other):
            assert client.cancel(run_id, wait=True).state is RunState.CANCELLED


SDK = """
import os, sys, time
from gym_gui.core.worker.telemetry import TelemetryEmitter
emitter = TelemetryEmitter(os.environ["MOSAIC_RUN_ID"])
emitter.run_started({})
def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)
wait_for(sys.argv[1])
for index in range(1000):
    emitter.step(index, reward=1.0, ep_index=0)
open(sys.argv[2], "w").close()
wait_for(sys.argv[3])
emitter.run_completed({})
"""


def test_what_the_kernel_refuses_is_counted(small_disk, cluster, until, fill, tmp_path, monkeypatch):
    """Training continues, and the run says how much is missing."""
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", "0")
    go, done, room = (str(tmp_path / name) for name in ("go", "done", "room"))
    payload = {
        "run_name": "sdk",
        "entry_point": sys.executable,
        "arguments": ["-c", SDK, go, done, room],
        "environment": {"WORKER_ID": "a"},
    }
    with TrainerClient.connect(cluster.home) as client:
        run_id = client.submit(payload)
        folder = RunFolder.of(cluster.home, run_id)
        log = folder.stdout_log("a", 1)
        until(lambda: log.exists() and log.stat().st_size)
        others = fill(small_disk)
        Path(go).touch()
        until(Path(done).exists)
        others.unlink()
        Path(room).touch()
        until(lambda: client.get(run_id).state.terminal)
        run = client.get(run_id)
    assert run.state is RunState.COMPLETED
    assert run.ledger.dropped > 0
    assert run.ledger.stored + run.ledger.dropped == 1002
    assert run.ledger.balanced


def test_a_disk_without_any_room_takes_no_pause_but_a_cancellation(small_cluster, until, fill, monkeypatch):
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", "0")
    home = small_cluster.home
    with TrainerClient.connect(home) as client:
        run_id = random_run(client)
        until(lambda: client.get(run_id).steps > 5)
        others = fill(home)
        until(lambda: client.get(run_id).cause.startswith("disk full: training continues"))
        with pytest.raises(MosaicError, match=f"run {run_id} cannot be paused") as refused:
            client.pause(run_id)
        assert "No space left" in refused.value.why
        client.cancel(run_id, reason="no room for this")
        until(RunFolder.of(home, run_id).exit_record("000001", 1).exists)
        others.unlink()
        until(lambda: client.get(run_id).state.terminal)
        assert client.get(run_id).state is RunState.CANCELLED


def test_a_daemon_that_finds_no_room_says_so_and_goes_on_once_there_is_some(
    small_disk, cluster, until, fill, monkeypatch
):
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", "0")
    flag = small_disk / "flag"
    run = cluster.submit("started", f"wait_for:{flag}", "step:100", "completed")
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: client.get(run.run_id).state is RunState.RUNNING)
    cluster.kill(cluster.daemon_pid())
    until(lambda: cluster.daemon_pid() is None)
    others = fill(small_disk)
    start_daemon(cluster.home)
    with TrainerClient.connect(cluster.home) as client:
        with pytest.raises(MosaicError, match="cannot read the runs now") as refused:
            client.get(run.run_id)
        assert "disk is full" in refused.value.why
        assert "disk is full" in client.status().fault
        others.unlink()
        until(lambda: not client.status().fault)
    flag.touch()
    assert cluster.wait(run).state is RunState.COMPLETED
