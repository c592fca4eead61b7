"""What surrounds a Ray instance: its folder, its processes, heartbeats, signals, the road of events. No Ray here."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.errors import MosaicError
from ray_worker import cluster as cluster_module
from ray_worker import node
from ray_worker import scratch as scratch_module
from ray_worker.cluster import Cluster
from ray_worker.processes import MARK, end_processes, marked_processes
from ray_worker.pulse import Pulse
from ray_worker.scratch import PREFIX, NoRoomError, Scratch, object_store_folder, short_base, sweep
from ray_worker.signals import Signals
from ray_worker.telemetry import Road


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the time is up"
        time.sleep(0.01)


def test_a_folder_for_sockets_has_a_short_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.setattr(scratch_module.tempfile, "gettempdir", lambda: str(long))
    base = short_base()
    assert base != long
    longest = base / f"{PREFIX}12345678" / "session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
    assert len(str(longest)) <= 107
    monkeypatch.setattr(scratch_module.os, "access", lambda *_: False)
    with pytest.raises(NoRoomError, match="characters"):
        short_base()


def test_folders_of_the_dead_are_swept_and_those_of_the_living_kept(tmp_path: Path) -> None:
    living = Scratch(tmp_path)
    assert living.token.stat().st_mode & 0o077 == 0
    assert len(living.token.read_text()) == 64
    dead, foreign = tmp_path / f"{PREFIX}dead", tmp_path / f"{PREFIX}foreign"
    for folder in (dead, foreign):
        folder.mkdir()
    (dead / "owner").touch()
    sweep(tmp_path)
    assert living.path.exists()
    assert not dead.exists()
    assert foreign.exists()  # nothing says that it is one of ours
    living.close()
    assert not living.path.exists()


def test_a_folder_in_which_somebody_still_writes_is_swept_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dead = tmp_path / f"{PREFIX}dead"
    (dead / "session").mkdir(parents=True)
    (dead / "owner").touch()
    really = scratch_module.shutil.rmtree

    def remove_and_write(path: Path, **options: bool) -> None:
        really(path, **options)
        (dead / "log").touch()

    monkeypatch.setattr(scratch_module.shutil, "rmtree", remove_and_write)
    sweep(tmp_path)
    assert sorted(path.name for path in dead.iterdir()) == ["log", "owner"]
    monkeypatch.undo()
    sweep(tmp_path)
    assert not dead.exists()
    scratch_module.remove(dead)


def test_too_little_shared_memory_is_said(tmp_path: Path) -> None:
    assert object_store_folder(tmp_path, 1, shared=tmp_path) == (tmp_path, "")
    folder, told = object_store_folder(tmp_path / "scratch", 10**9, shared=tmp_path)
    assert folder == tmp_path / "scratch"
    assert "object_store_mb=1000000000" in told
    assert "shm-size" in told
    _, told = object_store_folder(tmp_path, 1, shared=tmp_path / "none")
    assert "missing" in told


def test_marked_processes_are_found_and_ended() -> None:
    mark = f"test-{os.getpid()}"
    command = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]
    process = subprocess.Popen(command, env={**os.environ, MARK: mark}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert marked_processes(mark) == [process.pid]
    assert marked_processes(mark[:-1]) == []
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    assert end_processes(mark, patience_s=0.1) == [process.pid]
    reaper.join(30)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert end_processes(mark, patience_s=0) == []


def test_states_are_told_soon_and_never_too_often() -> None:
    beats: list[tuple[float, str]] = []
    emitter = SimpleNamespace(heartbeat=lambda payload: beats.append((time.monotonic(), payload["state"])))
    with Pulse(emitter, 3600.0, dict) as pulse:
        pulse.tell("one")
        wait_until(lambda: len(beats) == 1)
        pulse.tell("two")
        pulse.tell("three")
        wait_until(lambda: len(beats) == 2)
    assert [state for _, state in beats] == ["one", "three"]
    assert beats[1][0] - beats[0][0] >= 0.99
    with Pulse(emitter, 0, dict) as silent:
        silent.tell("four")
    assert len(beats) == 2


def test_a_signal_waits_and_then_counts() -> None:
    heard: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with Signals(grace_s=60) as signals, signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            wait_until(lambda: signals.pending)
            assert not heard
            signals.deliver()
            assert heard == [signals.asked] == [signal.SIGTERM]
        with Signals(grace_s=0.05) as signals, signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            wait_until(lambda: len(heard) == 2)  # nobody came to deliver it
        with Signals(grace_s=60) as signals:
            with signals.held():
                os.kill(os.getpid(), signal.SIGTERM)
                wait_until(lambda: signals.pending)
            assert len(heard) == 3
        with Signals(grace_s=60) as signals:
            os.kill(os.getpid(), signal.SIGTERM)
            wait_until(lambda: len(heard) == 4)
            assert signals.asked == signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, former)


def test_events_of_other_processes_reach_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MOSAIC_LOG", raising=False)
    assert Road(tmp_path, remote=False).log is None
    with Road(tmp_path, remote=True) as road:
        assert road.log is not None
        with Path(road.log).open("a", encoding="utf-8") as stream:
            emitter = TelemetryEmitter("run", sink=stream)
            for index in range(1000):
                emitter.step(index, reward=1.0, ep_index=0, terminated=False, truncated=False)
    told = [json.loads(line)["step_index"] for line in capsys.readouterr().out.splitlines()]
    assert told == list(range(1000))


def test_under_mosaic_every_process_writes_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_LOG", str(tmp_path / "log"))
    with Road(tmp_path, remote=True) as road:
        assert road.log == str(tmp_path / "log")


def test_a_sweep_follows_no_link_and_leaves_other_users_folders(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    for name in ("owner", "thesis"):
        (victim / name).touch()
    (tmp_path / f"{PREFIX}link").symlink_to(victim)
    sweep(tmp_path)
    assert sorted(path.name for path in victim.iterdir()) == ["owner", "thesis"]


def test_ports_are_none_that_the_system_gives_to_outgoing_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for first, last in ((32768, 60999), (10_000, 20_000), (1024, 50_000)):
        monkeypatch.setattr(node, "_outgoing_ports", lambda given=(first, last): given)
        ports = node.free_ports(5)
        assert len(set(ports)) == 5
        assert all(node.LOWEST_PORT <= port < first or port > last for port in ports)
    monkeypatch.setattr(node, "_outgoing_ports", lambda: (1024, 65_535))  # there are no others
    assert len(set(node.free_ports(5))) == 5
    taken = socket.create_server(("", 0))
    with taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(node, "_outgoing_ports", lambda: (1024, 20_000))
        monkeypatch.setattr(node.random, "sample", lambda _all, _count: [port, *range(port + 1, port + 200)])
        assert port not in node.free_ports(5)


def test_an_instance_that_dies_as_it_is_joined_is_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = 'import sys; print(\'{"address": "127.0.0.1:1"}\', flush=True); sys.stdin.read()'
    start = Cluster._start
    popen = subprocess.Popen
    monkeypatch.setattr(
        cluster_module.subprocess,
        "Popen",
        lambda _command, **options: popen([sys.executable, "-c", program], **options),
    )
    starts: list[object] = []
    monkeypatch.setattr(Cluster, "_start", lambda self: starts.append(self) or start(self))
    joined: list[str] = []

    def init(address: str, **_options: object) -> None:
        joined.append(address)
        if len(joined) == 1:
            raise ConnectionError("Failed to connect to Ray cluster at 127.0.0.1:1")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init, shutdown=lambda: None))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with Scratch(tmp_path) as scratch:
        with Cluster(scratch, cpus=1, object_store_mb=100, logger=logging.getLogger("ray")) as cluster:
            cluster.connect("test")
        assert len(starts) == len(joined) == 2
        assert "started again" in caplog.text
        monkeypatch.setattr(cluster_module, "_LEAST_START_S", 2 * cluster_module.START_S)  # no time for another start
        joined.clear()
        again = Cluster(scratch, cpus=1, object_store_mb=100, logger=logging.getLogger("ray"))
        with again, pytest.raises(MosaicError, match="cannot be started") as caught:
            again.connect("test")
        assert "Failed to connect" in caught.value.why


@pytest.mark.parametrize("error", ["bind: Address already in use", "server_ Failed to start the grpc server. The spec"])
def test_an_instance_whose_port_was_taken_is_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    answers = [{"error": error}, {"address": "127.0.0.1:1"}]
    popen = subprocess.Popen

    def start(_command: object, **options: object) -> subprocess.Popen[bytes]:
        program = f"import sys; print({json.dumps(json.dumps(answers.pop(0)))}, flush=True); sys.stdin.read()"
        return popen([sys.executable, "-c", program], **options)

    monkeypatch.setattr(cluster_module.subprocess, "Popen", start)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=lambda **_: None, shutdown=lambda: None))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with (
        Scratch(tmp_path) as scratch,
        Cluster(scratch, cpus=1, object_store_mb=100, logger=logging.getLogger("ray")) as cluster,
    ):
        cluster.connect("test")
    assert not answers
    assert f"{error}); it is started again" in caplog.text


def test_what_rllib_hides_in_a_bare_error_is_said() -> None:
    from ray_worker.runtime import _with_words

    said, bare, empty = ValueError("the environment died"), RuntimeError(), RuntimeError()
    bare.__cause__ = said
    assert _with_words(bare) is said
    assert _with_words(said) is said
    assert _with_words(empty) is empty
