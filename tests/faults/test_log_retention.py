"""kill -9 of the daemon, and of what it started, while the logs of an ended run are compressed or dropped."""

from __future__ import annotations

import time

import pytest

from gym_gui.retention.logs import are_logs_retained
from gym_gui.rpc.client import TrainerClient
from gym_gui.telemetry.logs.logfile import dropped_record, is_compressed
from gym_gui.telemetry.verify import verify_run
from gym_gui.trainer.live_marks import LiveRuns

pytestmark = pytest.mark.fault


@pytest.mark.parametrize("persist", [True, False], ids=["compressed", "dropped"])
def test_the_next_daemon_does_what_the_last_one_did_not(cluster, until, monkeypatch, persist):
    monkeypatch.setenv("MOSAIC_COMPRESS_LOGS_MB", "0.1")
    run = cluster.submit("started", "full_speed:1", "completed", artifacts={"persist_logs": persist})
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: client.get(run.run_id).state.terminal, 60.0)
        ledger = client.get(run.run_id).ledger
    live, number = LiveRuns(cluster.home / "runs"), 0
    while run.run_id in live.all():
        time.sleep(0.1 * 1.5**number if number else 0.0)
        cluster.kill(cluster.daemon_pid())
        until(lambda: not cluster.left())
        assert verify_run(run.folder).ok
        number += 1
        assert number < 16
        TrainerClient.connect(cluster.home).close()
    assert number > 0
    log = run.folder.stdout_log("a", 1)
    assert is_compressed(log) if persist else dropped_record(log) is not None
    assert are_logs_retained(run.folder, 1)
    report = verify_run(run.folder)
    assert (report.ok, report.complete, report.ledger) == (True, True, ledger)
