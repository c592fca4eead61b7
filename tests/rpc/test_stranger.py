"""Somebody else's program where a daemon was: it must never be sent the token, whenever it comes."""

from __future__ import annotations

import concurrent.futures.thread
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from grpc_health.v1 import health_pb2

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc import local_socket
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import daemon_status, stop_daemon
from gym_gui.rpc.local_socket import SOCKET_NAME, ListeningSocket, PrivateFolder, UnsafeFolderError
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.lock import FileLock
from gym_gui.runs.states import RunState
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.trainer.home import DaemonHome, DaemonInfo

ME = {os.geteuid()}


class Stranger(grpc.GenericRpcHandler):
    """Says that it is healthy, answers whatever else it is asked, and keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        pool = concurrent.futures.thread.ThreadPoolExecutor(4)
        self._server = grpc.server(pool, handlers=[self], options=[("grpc.so_reuseport", 0)])

    def listen(self, *addresses: str) -> None:
        for address in addresses:
            self._server.add_insecure_port(address)
        self._server.start()

    def stop(self) -> None:
        self._server.stop(0).wait()

    @property
    def stolen(self) -> list[str]:
        """The methods of calls that carried a token, or anything else that a health check does not need."""
        return [method for method, metadata in self.calls if "authorization" in metadata or "health" not in method]

    def service(self, details: Any) -> Any:
        self.calls.append((details.method, dict(details.invocation_metadata)))
        answer = health_pb2.HealthCheckResponse(status=1).SerializeToString() if "health" in details.method else b""
        return grpc.stream_stream_rpc_method_handler(lambda _requests, _context: iter([answer]))


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.stop()


def info_of(home: Path) -> DaemonInfo:
    info = DaemonHome(home).last_daemon()
    assert info is not None
    return info


def free(address: str) -> bool:
    """Return whether nobody listens on a port; a killed process's files are closed one after the other."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        except OSError:
            return False
    return True


def kill_daemon(home: Path, wait_until: Callable[..., Any]) -> None:
    """Kill a home's daemon and wait until the kernel is done with it."""
    info = info_of(home)
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: not info.process.alive() and DaemonHome(home).daemon() is None and free(info.address))


def killed_daemon(home: Path, wait_until: Callable[..., Any]) -> str:
    """Start a daemon, kill it, and return the address that it has left behind."""
    address = start_daemon(home)
    kill_daemon(home, wait_until)
    return address


@pytest.mark.parametrize("same_port", [True, False])
def test_a_live_run_outlasts_a_killed_daemon_whose_port_a_stranger_takes(
    daemon_home: Path, stranger: Stranger, endless: dict[str, Any], wait_until: Any, monkeypatch: Any, same_port: bool
) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(endless)
        wait_until(lambda: client.get(run_id).steps)
        address = client.address
    kill_daemon(daemon_home, wait_until)
    stranger.listen(address)
    if same_port:
        monkeypatch.setenv("MOSAIC_DAEMON_PORT", address.rpartition(":")[2])
    assert not daemon_status(daemon_home)["running"]
    with TrainerClient.connect(daemon_home) as client:
        before = client.get(run_id).report
        wait_until(lambda: client.get(run_id).report > before, "its proxy reports to the new daemon")
        assert client.address != address
        client.cancel(run_id, wait=True)
        assert client.get(run_id).state is RunState.CANCELLED
    assert stop_daemon(daemon_home)
    assert not stranger.stolen


def test_between_lock_and_announcement_a_former_address_counts_for_nothing(
    daemon_home: Path, stranger: Stranger, wait_until: Any
) -> None:
    stranger.listen(killed_daemon(daemon_home, wait_until))
    home = DaemonHome(daemon_home)
    lock = FileLock(home.lock_file)
    assert lock.acquire()
    try:
        assert home.info_file.exists()
        assert home.daemon() is None
        assert not daemon_status(daemon_home)["running"]
        with pytest.raises(UsageError, match="no trainer daemon runs"):
            TrainerClient.connect(daemon_home, start=False)
    finally:
        lock.release()
    assert not stranger.calls


@pytest.mark.parametrize(
    "change",
    [{"boot_id": "another"}, {"start_ticks": 1}, {"pid": 1 << 22}, {"boot_id": ""}],
)
def test_another_process_than_the_one_on_record_is_no_daemon(daemon_home: Path, change: dict[str, Any]) -> None:
    start_daemon(daemon_home)
    home, info = DaemonHome(daemon_home), info_of(daemon_home)
    home.announce(msgspec.structs.replace(info, **change))
    assert home.daemon() is None
    home.announce(msgspec.structs.replace(info, pid_ns=info.pid_ns + 1, pid=1 << 22))
    assert home.daemon() is not None, "a process in another pid namespace cannot be seen, and may well live"
    home.announce(info)


@pytest.mark.parametrize("socket_name", ["", "gone/daemon.sock", "/nowhere/daemon.sock", "daemon.sock"])
def test_a_forged_announcement_brings_no_token_to_its_address(
    home: Path, stranger: Stranger, tmp_path: Path, socket_name: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stranger.listen(f"127.0.0.1:{port}", f"unix:{tmp_path}/theirs.sock")
    paths = DaemonHome(home)
    paths.prepare()
    (home / SOCKET_NAME).symlink_to(tmp_path / "theirs.sock")
    me = ProcessIdentity.own()
    paths.announce(
        DaemonInfo(
            address=f"127.0.0.1:{port}", pid=me.pid, home_id=paths.home_id(), version="0", socket=socket_name,
            boot_id=me.boot_id, pid_ns=me.pid_ns, start_ticks=me.start_ticks,
        )
    )  # fmt: skip
    lock = FileLock(paths.lock_file)
    assert lock.acquire()
    try:
        with pytest.raises(UsageError, match=r"older version|cannot be reached|not a socket"):
            TrainerClient.connect(home, start=False)
    finally:
        lock.release()
    assert not stranger.calls


def test_a_home_that_is_replaced_after_the_connection_leads_nowhere_else(daemon_home: Path, stranger: Stranger) -> None:
    start_daemon(daemon_home)
    with TrainerClient.connect(daemon_home, start=False) as client:
        token = DaemonHome(daemon_home).token()
        daemon_home.rename(daemon_home.with_name("moved"))
        try:
            daemon_home.mkdir()
            (daemon_home / "token").write_text(token)
            stranger.listen(f"unix:{daemon_home / SOCKET_NAME}")
            os.kill(info_of(daemon_home.with_name("moved")).pid, signal.SIGKILL)
            with pytest.raises(MosaicError):
                client.status()
        finally:
            stranger.stop()
            shutil.rmtree(daemon_home)
            daemon_home.with_name("moved").rename(daemon_home)
    assert not stranger.calls


def test_another_homes_daemon_on_the_former_port_is_not_told_the_token(
    daemon_home: Path, tmp_path: Path, wait_until: Any
) -> None:
    port = int(killed_daemon(daemon_home, wait_until).rpartition(":")[2])
    try:
        start_daemon(tmp_path, port)
        assert not daemon_status(daemon_home)["running"]
        with TrainerClient.connect(daemon_home) as client:
            assert client.status().home == str(daemon_home)
    finally:
        stop_daemon(tmp_path)


def test_health_and_reflection_need_no_token(daemon_home: Path) -> None:
    with grpc.insecure_channel(start_daemon(daemon_home)) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert health_pb2.HealthCheckResponse.FromString(check(b"", timeout=10)).status == 1
        reflect = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        assert b"mosaic.v1.TrainerService" in next(reflect(iter([b"\x3a\x00"]), timeout=10))
        with pytest.raises(grpc.RpcError, match="token"):
            channel.unary_unary("/mosaic.v1.TrainerService/GetStatus")(b"", timeout=10)


def test_a_plain_client_with_the_token_is_served_on_port_and_socket(daemon_home: Path) -> None:
    address = start_daemon(daemon_home)
    metadata = (("authorization", f"Bearer {DaemonHome(daemon_home).token()}"),)
    for target in (address, f"unix:{daemon_home / SOCKET_NAME}"):
        with grpc.insecure_channel(target) as channel:
            answer = channel.unary_unary("/mosaic.v1.TrainerService/GetStatus")(b"", metadata=metadata, timeout=10)
            assert pb.DaemonStatus.FromString(answer).address == address


def test_a_home_may_have_a_path_longer_than_sockets(
    daemon_home: Path, tmp_path: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    home = tmp_path / ("long" * 40)
    with TrainerClient.connect(home) as client:
        run_id = client.submit(random_config(total_steps=50))
        assert [run.state for run in client.watch([run_id])][-1] is RunState.COMPLETED
    assert (home / SOCKET_NAME).is_socket()
    assert stop_daemon(home)
    assert not (home / SOCKET_NAME).exists()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o722])
def test_a_folder_that_others_can_write_to_holds_no_socket(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(UnsafeFolderError, match="other users can write"):
        PrivateFolder(tmp_path, ME)
    tmp_path.chmod(0o755)
    PrivateFolder(tmp_path, ME).close()
    with pytest.raises(UnsafeFolderError, match="another user"):
        PrivateFolder(tmp_path, {os.geteuid() + 1})


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_socket_or_token_of_another_user_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(tmp_path / "s"))
        os.chown(tmp_path / "s", 65534, 65534)
        with PrivateFolder(tmp_path, ME) as folder, pytest.raises(UnsafeFolderError, match="uid 65534"):
            folder.socket("s")
    home = DaemonHome(tmp_path / "home")
    home.prepare()
    os.chown(home.token_file, 65534, 65534)
    assert home.token(), "root may look into anybody's home"
    pid = os.fork()
    if pid == 0:
        os.setuid(65533)
        os.chdir("/")
        try:
            home.token()
        except UsageError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_a_home_that_cannot_hold_the_socket_has_it_in_a_folder_of_its_own(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    bound = []
    with socket.socket(socket.AF_UNIX) as server:

        def bind(address: str) -> None:
            bound.append(address)
            server.bind(address.removeprefix("unix:"))

        made = ListeningSocket(tmp_path, bind)
    folder = made.path.parent
    assert folder.name.startswith(local_socket.FOLDER_PREFIX)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert made.path.is_socket()
    assert made.name == str(made.path)
    local_socket.sweep(made.name)
    assert not folder.exists()
    made.close()
    assert len(bound) == 1


def test_a_daemon_without_its_socket_makes_way(daemon_home: Path, wait_until: Any) -> None:
    start_daemon(daemon_home)
    (daemon_home / SOCKET_NAME).unlink()
    wait_until(lambda: DaemonHome(daemon_home).daemon() is None, "nobody could reach it")
    with TrainerClient.connect(daemon_home) as client:
        assert client.list() == []


def test_a_token_that_others_could_read_is_replaced_at_the_next_start(daemon_home: Path) -> None:
    home = DaemonHome(daemon_home)
    home.prepare()
    home.token_file.write_text("known to all")
    home.token_file.chmod(0o644)
    start_daemon(daemon_home)
    assert home.token() != "known to all"
    assert home.token_file.stat().st_mode & 0o777 == 0o600
    assert daemon_status(daemon_home)["running"]


def test_a_home_that_others_could_write_to_is_closed_to_them(daemon_home: Path) -> None:
    daemon_home.chmod(0o775)
    start_daemon(daemon_home)
    assert daemon_home.stat().st_mode & 0o777 == 0o755


def test_a_daemon_of_an_older_version_can_be_stopped(daemon_home: Path) -> None:
    start_daemon(daemon_home)
    home = DaemonHome(daemon_home)
    home.announce(msgspec.structs.replace(info_of(daemon_home), socket="", pid_ns=0))
    with pytest.raises(UsageError, match="older version"):
        TrainerClient.connect(daemon_home)
    assert stop_daemon(daemon_home)
