"""Who can reach the daemon, and what an id can lead to."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc.address import check_bind
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import daemon_status
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.start import start_daemon
from gym_gui.rpc.tls import TlsFiles
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.trainer.home import DaemonHome

ESCAPES = ["..", "../..", "../../victim", "/etc", "a/b", "a\\b", "\0", ".", "", ".live", "..\u2044x", "~", "$HOME"]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_unix_socket_for_this_user_alone(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch, random_config: Callable[..., dict[str, Any]]
) -> None:
    monkeypatch.setenv("MOSAIC_DAEMON_SOCKET", "1")
    address = start_daemon(daemon_home)
    assert address == f"unix:{daemon_home / 'daemon.sock'}"
    assert mode_of(daemon_home / "daemon.sock") == 0o600
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(random_config(total_steps=50))
        assert [run.state for run in client.watch([run_id])][-1] is RunState.COMPLETED
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError, match="token"):
        TrainerServiceStub(channel).GetStatus(pb.GetStatusRequest())


def test_off_this_machine_only_with_tls_and_the_token(
    public_daemon: DaemonHome, tls: TlsFiles, wait_until: Callable[..., Any]
) -> None:
    info = wait_until(public_daemon.daemon, "the daemon listens")
    assert info.address.startswith("127.0.0.1:")
    with TrainerClient.connect(public_daemon.path, start=False) as client:  # the home's own programs, as ever
        assert client.status().pid == info.pid
    public = f"127.0.0.1:{info.public_address.rpartition(':')[2]}"
    trusted = grpc.ssl_channel_credentials(tls.certificate.read_bytes())
    with grpc.secure_channel(public, trusted) as channel:
        stub = TrainerServiceStub(channel)
        with pytest.raises(grpc.RpcError, match="token"):
            stub.GetStatus(pb.GetStatusRequest(), timeout=10)
        metadata = credentials_metadata(public_daemon.token())
        assert stub.GetStatus(pb.GetStatusRequest(), metadata=metadata, timeout=10).pid == info.pid
    with grpc.insecure_channel(public) as channel, pytest.raises(grpc.RpcError):
        TrainerServiceStub(channel).GetStatus(pb.GetStatusRequest(), metadata=metadata, timeout=5)


@pytest.mark.process
def test_without_tls_it_does_not_start(home: Path) -> None:
    command = [sys.executable, "-m", "gym_gui.rpc.daemon_main", "--home", str(home), "--host", "0.0.0.0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "needs TLS" in ended.stderr
    half = subprocess.run([*command, "--tls-cert", "x"], capture_output=True, text=True, timeout=60, check=False)
    assert half.returncode == 2
    assert "belong together" in half.stderr


def test_names_are_no_addresses_even_with_tls() -> None:
    assert check_bind("192.0.2.1", tls=True) == "192.0.2.1"
    with pytest.raises(UsageError, match="not an IP address"):
        check_bind("example.org", tls=True)


@pytest.mark.process
def test_a_key_that_others_can_read_or_that_fits_nothing_is_refused(tls: TlsFiles) -> None:
    tls.credentials()
    tls.key.chmod(0o640)
    with pytest.raises(UsageError, match="other users"):
        tls.credentials()
    tls.key.write_text("no key")
    tls.key.chmod(0o600)
    with pytest.raises(UsageError, match="cannot be used"):
        tls.credentials()


def test_all_that_a_run_leaves_is_its_users_alone(
    daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(random_config(total_steps=50))
        list(client.watch([run_id]))
    folder = RunFolder.of(daemon_home, run_id)
    assert mode_of(daemon_home / "runs") == mode_of(folder.path) == 0o700
    for path in [*folder.path.rglob("*"), daemon_home / "token", daemon_home / "registry.db"]:
        with contextlib.suppress(FileNotFoundError):  # the run's proxy is still closing its database
            assert not mode_of(path) & 0o077, path


@pytest.mark.parametrize("text", [each for each in ESCAPES if each not in (".live", "..\u2044x", "~", "$HOME")])
def test_no_path_is_made_from_an_id_that_leads_elsewhere(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        RunFolder.of(tmp_path, text)
    folder = RunFolder(tmp_path / "run")
    for method in (
        folder.worker_config, folder.private_config, folder.secrets, folder.work, folder.checkpoints,
        folder.tensorboard, folder.videos,
    ):  # fmt: skip
        with pytest.raises(UsageError):
            method(text)
    for numbered in (
        folder.stdout_log, folder.stderr_log, folder.launch_spec, folder.launch_lock, folder.started_record,
        folder.exit_record,
    ):  # fmt: skip
        with pytest.raises(UsageError):
            numbered(text, 1)


def test_no_call_reaches_outside_the_home(
    daemon_home: Path, tmp_path: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    victim = daemon_home.parent / "victim"
    victim.mkdir(exist_ok=True)
    (victim / "run.json").write_text("{}")
    with TrainerClient.connect(daemon_home) as client:
        for text in ESCAPES:
            calls: list[Callable[[], object]] = [
                lambda text=text: client.get(text),
                lambda text=text: client.why(text),
                lambda text=text: client.cancel(text),
                lambda text=text: client.pause(text),
                lambda text=text: client.unpause(text),
                lambda text=text: client.delete(text),
                lambda text=text: list(client.watch([text])),
                lambda text=text: list(client.stream(text)),
                lambda text=text: client.worker(text),
            ]
            for call in calls:
                with pytest.raises(MosaicError):
                    call()
            for config in (
                random_config(worker_id=text),
                {**random_config(), "environment": {"WORKER_ID": text}},
            ):
                if text:
                    with pytest.raises(MosaicError):
                        client.submit(config)
        assert client.list() == []
    assert sorted(path.name for path in victim.iterdir()) == ["run.json"]
    assert [path.name for path in (daemon_home / "runs").iterdir() if path.name != ".live"] == []


def test_a_parent_and_a_group_are_names_and_no_paths(
    daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(
            {**random_config(total_steps=5), "run_name": "../../x", "tags": ["../y"]}, group="../g", submitter="../me"
        )
        list(client.watch([run_id]))
    names = {path.name for path in daemon_home.rglob("*")} | {path.name for path in daemon_home.parent.iterdir()}
    assert not names & {"x", "y", "g", "me"}
    assert msgspec.json.decode(RunFolder.of(daemon_home, run_id).run_json.read_bytes())["submitter"] == "../me"


def test_peers_without_a_token_take_no_more_than_their_share(daemon_home: Path, wait_until: Callable[..., Any]) -> None:
    address = start_daemon(daemon_home)
    port = int(address.rpartition(":")[2])
    pid = daemon_status(daemon_home)["pid"]
    crowd = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(400)]
    try:
        for each in crowd:
            with contextlib.suppress(OSError):
                each.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) < 250, "connections beyond the bound are closed")
        with TrainerClient.connect(daemon_home, start=False) as client:
            assert client.status().pid == pid
    finally:
        for each in crowd:
            each.close()


def test_a_request_without_the_token_is_refused_before_it_is_read(daemon_home: Path) -> None:
    taken = threading.Event()

    def endless() -> Iterator[bytes]:
        yield b"x" * (32 << 20)
        taken.wait(60)

    with grpc.insecure_channel(start_daemon(daemon_home), options=CHANNEL_OPTIONS) as channel:
        call = channel.stream_unary("/mosaic.v1.TrainerService/SubmitRun")
        with pytest.raises(grpc.RpcError) as caught:
            call(endless(), timeout=60)
        taken.set()
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
