"""Runs are removed whole or not at all, through real daemons."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.trainer.home import DaemonHome

Config = Callable[..., dict[str, Any]]


def test_deletion_takes_folder_and_row_of_an_ended_run_only(
    client: TrainerClient, daemon_home: Path, random_config: Config, endless: dict[str, Any], wait_until: Any
) -> None:
    done, live = client.submit(random_config(total_steps=5)), client.submit(endless)
    list(client.watch([done]))
    with pytest.raises(UsageError, match="cancel"):
        client.delete(live)
    wait_until(lambda: client.status().active_runs == 1)
    client.delete(done)
    assert not RunFolder.of(daemon_home, done).path.exists()
    assert [run.run_id for run in client.list()] == [live]
    with pytest.raises(UsageError, match="there is no run"):
        client.delete(done)


def open_files(pid: int) -> set[str]:
    """Return the paths of the files that a process has open."""
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(os.readlink(path))
    return found


def test_a_deletion_whose_client_goes_away_is_carried_out(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=5))
    list(client.watch([run_id]))
    wait_until(lambda: client.status().active_runs == 0)
    pid = client.status().pid
    lock = FileLock(RunFolder.of(daemon_home, run_id).proxy_lock)
    assert lock.acquire(5.0)
    with grpc.insecure_channel(client.address, options=CHANNEL_OPTIONS) as channel:
        metadata = credentials_metadata(DaemonHome(daemon_home).token())
        deletion = TrainerServiceStub(channel).DeleteRun.future(  # type: ignore[attr-defined]
            pb.DeleteRunRequest(run_id=run_id), metadata=metadata
        )
        wait_until(lambda: str(lock.path) in open_files(pid), "the deletion waits for the lock")
        deletion.cancel()
    lock.release()
    wait_until(lambda: client.list() == [])
    assert not RunFolder.of(daemon_home, run_id).path.exists()


def test_a_deletion_that_was_cut_short_is_finished_by_the_next_daemon(daemon_home: Path, wait_until: Any) -> None:
    left = daemon_home / "runs" / ".deleted-01M819JWYE3851994083KBY3QX"
    (left / "logs").mkdir(parents=True)
    (left / "logs" / "000001.a1.stdout.jsonl").write_text("x")
    start_daemon(daemon_home)
    wait_until(lambda: not left.exists())
