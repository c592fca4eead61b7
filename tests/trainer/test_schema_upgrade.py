"""A run that goes on while MOSAIC is replaced by a version with another schema: nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.runs.states import RunState
from gym_gui.telemetry.schema import SCHEMA_VERSION
from gym_gui.telemetry.verify import verify_run


def test_the_next_proxy_rebuilds_the_database_under_a_living_worker(
    daemon_home: Path, random_config: Callable[..., dict[str, Any]], wait_until: Callable[..., Any]
) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(random_config(total_steps=1500, step_rate=150.0))
        folder = RunFolder.of(daemon_home, run_id)
        wait_until(lambda: read_summary(folder).steps > 100, "the worker has taken steps")
    stop_daemon(daemon_home)
    before = read_summary(folder)
    assert before.proxy_pid is not None
    os.kill(before.proxy_pid, signal.SIGKILL)
    wait_until(lambda: not is_locked(folder.proxy_lock), "the proxy is gone")
    with contextlib.closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = 0 WHERE key = 'schema'")
        connection.execute("ALTER TABLE rollups DROP COLUMN sampled")
    assert "schema 0" in read_summary(folder).cause

    with TrainerClient.connect(daemon_home) as client:
        wait_until(lambda: client.get(run_id).steps > before.steps, "the steps are counted on")
        run = list(client.watch([run_id]))[-1]
    assert run.state is RunState.COMPLETED
    assert (run.steps, run.attempts, run.workers[0].pid) == (1500, 1, before.workers[0].pid)
    assert verify_run(folder).ok
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        (version,) = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        (steps,) = connection.execute("SELECT count(*) FROM steps").fetchone()
    assert (version, steps) == (SCHEMA_VERSION, 1500)
