from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import daemon_status, stop_daemon
from gym_gui.rpc.row_messages import batch_to_pb
from gym_gui.rpc.server import GrpcFace
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.states import RunState
from gym_gui.trainer import daemon as daemon_module
from gym_gui.trainer.daemon import TrainerDaemon
from gym_gui.trainer.home import DaemonHome

Living = Callable[[Path], dict[int, str]]


def test_start_status_stop(daemon_home: Path) -> None:
    assert daemon_status(daemon_home) == {"running": False, "home": str(daemon_home)}
    address = start_daemon(daemon_home)
    status = daemon_status(daemon_home)
    assert status["running"]
    assert status["address"] == address
    assert status["home"] == str(daemon_home)
    assert status["runs"] == status["active_runs"] == 0
    assert start_daemon(daemon_home) == address, "a second start finds the first"
    assert stop_daemon(daemon_home)
    assert not stop_daemon(daemon_home)
    assert not DaemonHome(daemon_home).info_file.exists()


def test_what_lies_in_a_home_is_never_imported(daemon_home: Path, random_config: Any, wait_until: Any) -> None:
    for name in ("gym_gui", "json", "msgspec", "grpc"):
        (daemon_home / f"{name}.py").write_text("open('imported', 'w').close(); raise ImportError('of the home')")
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(random_config(total_steps=10))
        wait_until(lambda: client.get(run_id).state.terminal)
        assert client.get(run_id).state is RunState.COMPLETED
    assert not list(daemon_home.rglob("imported"))


def test_a_daemon_in_the_foreground_imports_nothing_of_where_it_is_called(
    daemon_home: Path, tmp_path: Path, wait_until: Any
) -> None:
    (tmp_path / "gym_gui.py").write_text("raise ImportError('of the folder')")
    command = [Path(sys.executable).parent / "mosaic", "daemon", "run", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: DaemonHome(daemon_home).daemon() is not None)
        finally:
            process.terminate()


def test_of_ten_who_start_a_daemon_at_once_all_get_the_same(daemon_home: Path, living: Living) -> None:
    code = (
        "import sys; from pathlib import Path; from gym_gui.rpc.client import TrainerClient\n"
        "with TrainerClient.connect(Path(sys.argv[1])) as client: print(client.status().pid, client.address)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code, str(daemon_home)], stdout=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    told = {starter.communicate(timeout=100)[0] for starter in starters}
    assert [starter.returncode for starter in starters] == [0] * 10
    assert len(told) == 1
    daemons = [line for line in living(daemon_home).values() if "gym_gui.rpc.daemon_main" in line]
    assert len(daemons) == 1


def test_a_killed_daemon_is_no_daemon_and_the_next_start_makes_one(daemon_home: Path, wait_until: Any) -> None:
    start_daemon(daemon_home)
    first = daemon_status(daemon_home)["pid"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: DaemonHome(daemon_home).daemon() is None)
    assert DaemonHome(daemon_home).info_file.exists(), "it could not clean up"
    assert not daemon_status(daemon_home)["running"]
    with pytest.raises(UsageError, match="no trainer daemon runs"):
        TrainerClient.connect(daemon_home, start=False)
    start_daemon(daemon_home)
    assert daemon_status(daemon_home)["pid"] != first


def test_sigterm_ends_it_cleanly(daemon_home: Path, wait_until: Any) -> None:
    start_daemon(daemon_home)
    os.kill(daemon_status(daemon_home)["pid"], signal.SIGTERM)
    wait_until(lambda: not DaemonHome(daemon_home).info_file.exists())
    wait_until(lambda: "Trainer daemon stopped" in DaemonHome(daemon_home).log.read_text())


def test_one_home_has_one_daemon_however_it_is_started(daemon_home: Path) -> None:
    address = start_daemon(daemon_home)
    second = subprocess.run(
        [sys.executable, "-m", "gym_gui.rpc.daemon_main", "--home", str(daemon_home)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 2
    assert address in second.stderr
    assert "mosaic daemon stop" in second.stderr


def test_an_idle_daemon_that_was_started_on_demand_ends(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Any
) -> None:
    monkeypatch.setenv("MOSAIC_DAEMON_IDLE_TIMEOUT_S", "0.5")
    with TrainerClient.connect(daemon_home) as client:
        assert client.list() == []
    wait_until(lambda: DaemonHome(daemon_home).daemon() is None)


def test_a_daemon_that_the_user_started_stays(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Any, living: Living
) -> None:
    monkeypatch.setenv("MOSAIC_DAEMON_IDLE_TIMEOUT_S", "0.01")
    start_daemon(daemon_home)
    wait_until(lambda: len(living(daemon_home)) == 2, "daemon and spare proxy: its chores have gone round")
    assert daemon_status(daemon_home)["running"]


def test_it_ends_when_its_home_is_removed(daemon_home: Path, wait_until: Any, living: Living) -> None:
    start_daemon(daemon_home)
    daemon_home.rename(daemon_home.with_name(f"{daemon_home.name}-gone"))
    wait_until(lambda: not living(daemon_home))


def test_it_ends_when_its_home_is_removed_before_its_runs_were_read(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load that fails is tried again and again, but not for a home that is no more."""
    monkeypatch.setattr(daemon_module, "reconcile", Mock(side_effect=FileNotFoundError("runs")))
    daemon = TrainerDaemon(daemon_home, batch_to_pb)

    def remove_home(_: str) -> None:
        daemon_home.rename(daemon_home.with_name(f"{daemon_home.name}-gone"))

    asyncio.run(asyncio.wait_for(daemon.run(GrpcFace(), remove_home), 30.0))
    assert not daemon_home.exists(), "it must not be made again"


@pytest.mark.parametrize("on_demand", [True, False])
def test_a_port_that_was_named_must_be_free(daemon_home: Path, on_demand: bool) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken by another program") as caught:
            start_daemon(daemon_home, port, on_demand=on_demand)
    assert caught.value.exit_code == 2
    assert "--port 0" in caught.value.next_step
    assert start_daemon(daemon_home, port).endswith(f":{port}")
    with pytest.raises(UsageError, match="runs in this home already"):
        start_daemon(daemon_home, 1)


def test_the_usual_port_may_not_be_something_elses(daemon_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("MOSAIC_DAEMON_PORT", str(other.getsockname()[1]))
        with pytest.raises(UsageError, match="is taken by another program"):
            start_daemon(daemon_home)


def test_another_homes_daemon_on_the_usual_port_makes_way(
    daemon_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_daemon(daemon_home)
    monkeypatch.setenv("MOSAIC_DAEMON_PORT", first.rpartition(":")[2])
    try:
        second = start_daemon(tmp_path)
        assert second != first
        assert daemon_status(tmp_path)["home_id"] != daemon_status(daemon_home)["home_id"]
        stop_daemon(tmp_path)
        with pytest.raises(UsageError, match="another home's trainer daemon"):
            start_daemon(tmp_path, int(first.rpartition(":")[2]))
    finally:
        stop_daemon(tmp_path)


def test_a_home_that_cannot_be_written_starts_no_daemon(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        TrainerClient.connect(tmp_path / "file" / "home")


@pytest.mark.process
def test_an_address_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "gym_gui.rpc.daemon_main", "--home", str(tmp_path), "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 2
    assert "TLS" in refused.stderr


def test_a_daemon_that_dies_at_its_start_tells_why(daemon_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "many")
    with pytest.raises(ConfigError, match="setting") as told:
        start_daemon(daemon_home)
    assert told.value.where == "MOSAIC_MAX_RUNNING_RUNS"
    (problem,) = told.value.problems
    assert (problem.value, problem.allowed) == ("many", "int")
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "2")
    monkeypatch.setenv("MOSAIC_INVENTORY", '{"cpu": 1, "gpus": -1}')
    with pytest.raises(ConfigError, match="inventory") as told:
        start_daemon(daemon_home)
    assert [(problem.path, problem.nearest) for problem in told.value.problems] == [
        ("inventory.cpu", "cpus"),
        ("inventory.gpus", None),
    ]
