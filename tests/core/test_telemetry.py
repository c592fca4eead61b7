"""What emitters write, and that they neither lose, spoil nor raise."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.core.worker import LifecycleEvent, LifecycleEventType, TelemetryEmitter
from gym_gui.core.worker.telemetry import was_emitted
from gym_gui.logging_config.log_constants import LOG_WORKER_CLEANRL_RUNTIME_STARTED


def lines_of(sink: io.StringIO) -> list[str]:
    """What was emitted: lines end with newlines alone, not with whatever else Unicode calls a line's end."""
    *lines, rest = sink.getvalue().split("\n")
    assert rest == ""
    return lines


def emitted(action: Callable[[TelemetryEmitter], Any]) -> dict[str, Any]:
    sink = io.StringIO()
    action(TelemetryEmitter("run-1", worker_id="w1", sink=sink))
    (line,) = lines_of(sink)
    event: dict[str, Any] = json.loads(line)
    return event


@pytest.mark.parametrize("kind", [kind.value for kind in LifecycleEventType])
def test_lifecycle_events_are_compact_json_with_sorted_keys(kind: str) -> None:
    sink = io.StringIO()
    before = time.time()
    getattr(TelemetryEmitter("run-1", sink=sink), kind)({"b": 1, "a": [1.5, None]})
    text = sink.getvalue()
    event = json.loads(text)
    assert text == json.dumps(event, sort_keys=True, separators=(",", ":")) + "\n"
    assert before <= event.pop("timestamp") <= time.time()
    assert event == {"event": kind, "run_id": "run-1", "payload": {"a": [1.5, None], "b": 1}}
    assert was_emitted("run-1", kind)


def test_payloads_may_be_left_out() -> None:
    assert emitted(lambda emitter: emitter.heartbeat())["payload"] == {}
    assert emitted(lambda emitter: emitter.run_completed(None))["payload"] == {}


def test_worker_id_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_ID", "000007")
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", sink=sink)
    emitter.run_started({})
    emitter.step(0)
    emitter.episode(0)
    emitter.metrics(0, {"loss": 1.0})
    assert {json.loads(line)["worker_id"] for line in lines_of(sink)} == {"000007"}


def test_failure_takes_what_the_payload_lacks_from_the_exception() -> None:
    event = emitted(lambda emitter: emitter.run_failed({"error": "mine"}, exc_info=KeyError("x")))
    assert event["payload"] == {"error": "mine", "error_type": "KeyError"}


def test_step_leaves_out_what_is_none() -> None:
    event = emitted(lambda emitter: emitter.step(3, reward=1.0, ep_index=0, terminated=False, action=2))
    assert event == {
        "event_type": "step",
        "run_id": "run-1",
        "worker_id": "w1",
        "step_index": 3,
        "reward": 1.0,
        "ep_index": 0,
        "terminated": False,
        "action": 2,
    }


def test_step_keeps_extras() -> None:
    event = emitted(lambda emitter: emitter.step(3, info={"a": 1}, epsilon=0.5, timestamp=1.0, note=None))
    assert event["info"] == {"a": 1}
    assert event["epsilon"] == 0.5
    assert event["timestamp"] == 1.0
    assert event["note"] is None


def test_extras_may_replace_what_the_emitter_says_of_itself() -> None:
    assert emitted(lambda emitter: emitter.step(3, worker_id="other"))["worker_id"] == "other"


def test_episode() -> None:
    event = emitted(
        lambda emitter: emitter.episode(
            4, total_reward=9.0, steps=9, agent_rewards={"a": 9.0}, seed=1, phase="eval", sampled=9, success=True
        )
    )
    assert isinstance(event.pop("timestamp"), float)
    assert event == {
        "event_type": "episode",
        "run_id": "run-1",
        "worker_id": "w1",
        "ep_index": 4,
        "total_reward": 9.0,
        "steps": 9,
        "agent_rewards": {"a": 9.0},
        "seed": 1,
        "phase": "eval",
        "sampled": 9,
        "success": True,
    }


def test_metrics() -> None:
    event = emitted(lambda emitter: emitter.metrics(100, {"loss": float("nan")}))
    assert event["event_type"] == "metric"
    assert event["step"] == 100
    assert event["values"]["loss"] != event["values"]["loss"]
    assert isinstance(event["timestamp"], float)


def test_emit_takes_a_ready_event() -> None:
    event = LifecycleEvent(LifecycleEventType.HEARTBEAT, "other-run", 12.5, {"a": 1}, worker_id="w9")
    assert LifecycleEvent.from_dict(emitted(lambda emitter: emitter.emit(event))) == event


def test_stdout_is_bound_when_there_is_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    emitter = TelemetryEmitter("r")
    print("before")
    emitter.step(1)
    assert capsys.readouterr().out == 'before\n{"event_type":"step","run_id":"r","step_index":1}\n'


def test_log_is_appended_to_and_not_inherited(log: Any) -> None:
    log.path.write_text("earlier\n")
    first, second = TelemetryEmitter("r"), TelemetryEmitter("r")
    for i in range(3):
        first.step(i)
        second.episode(i)
    assert len(log.path.read_text().splitlines()) == 7
    descriptor = first._write.args[0]  # type: ignore[attr-defined]
    assert fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND
    assert fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC


def test_descriptor_of_the_log_is_closed_with_its_emitter(log: Any) -> None:
    emitter = TelemetryEmitter("r")
    descriptor = emitter._write.args[0]  # type: ignore[attr-defined]
    del emitter
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_log_that_cannot_be_opened_leaves_stdout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOSAIC_LOG", str(tmp_path))
    TelemetryEmitter("r").step(1)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["step_index"] == 1
    assert str(tmp_path) in captured.err


@pytest.mark.parametrize("size", [10, 200_000])
def test_each_event_is_one_write(size: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # each write is one packet
    with ours, theirs, open(ours.fileno(), "w", encoding="utf-8", closefd=False) as sink:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        emitter = TelemetryEmitter("r", sink=sink)
        for action in (
            lambda: emitter.step(1, reward=1.0, ep_index=1, action=1, observation="o" * size),
            lambda: emitter.step(1, text="x" * size, reward=float("inf")),
            lambda: emitter.run_started({"text": "x" * size}),
        ):
            action()
            packet = theirs.recv(1 << 20)
            assert packet.count(b"\n") == 1
            assert packet.endswith(b"\n")
            json.loads(packet)
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_remainder_of_short_writes_follows() -> None:
    """A non-blocking pipe of one page takes an event of 300 KB in many pieces."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    received = bytearray()

    def read() -> None:
        while chunk := os.read(reader, 1000):
            received.extend(chunk)

    thread = threading.Thread(target=read)
    thread.start()
    with open(writer, "w", encoding="utf-8") as sink:
        emitter = TelemetryEmitter("r", sink=sink)
        for i in range(3):
            emitter.step(i, observation="o" * 300_000)
        assert emitter.dropped == 0
    thread.join(30)
    os.close(reader)
    events = [json.loads(line) for line in received.splitlines()]
    assert [event["step_index"] for event in events] == [0, 1, 2]
    assert {len(event["observation"]) for event in events} == {300_000}


def test_threads_do_not_spoil_each_others_lines(log: Any) -> None:
    emitter = TelemetryEmitter("r")

    def work(number: int) -> None:
        for i in range(500):
            emitter.step(i, agent_id=str(number), observation="o" * (i * 7 % 3000))
            if i % 50 == 0:
                emitter.heartbeat({"number": number})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = log.events()
    steps = {(event["agent_id"], event["step_index"]) for event in events if "event_type" in event}
    assert len(events) == 8 * 510
    assert steps == {(str(number), i) for number in range(8) for i in range(500)}


def test_forked_children_emit_too(script: Any, log: Any) -> None:
    """Forked in the middle of a thread's emitting: no deadlock, no spoiled line, drops are not told twice."""
    done = script.run(
        """
import os, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from gym_gui.core.worker import TelemetryEmitter
emitter = TelemetryEmitter("r")
emitter._dropped, emitter._owing = 3, True
ended = threading.Event()
def work():
    i = 0
    while not ended.is_set():
        emitter.step(i, agent_id="thread", observation="o" * 5000); i += 1
thread = threading.Thread(target=work)
children = []
lock = emitter._lock
for number in range(5):
    if number == 1: thread.start()
    pid = os.fork()
    if pid == 0:
        for i in range(50): emitter.step(i, agent_id=f"child{number}")
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
ended.set(); thread.join()
assert codes == [0] * 5, codes
emitter.heartbeat()
""",
    )
    assert done.returncode == 0, done.stderr
    events = log.events()
    for number in range(5):
        steps = [event["step_index"] for event in events if event.get("agent_id") == f"child{number}"]
        assert steps == list(range(50))
    assert sum(event.get("dropped", 0) for event in events) == 3


def test_constant_and_logger_make_a_log_record_too(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test.worker")
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", worker_id="w1", sink=sink, logger=logger)
    with caplog.at_level("DEBUG"):
        emitter.run_started({"algo": "ppo", "name": "taken by logging"}, constant=LOG_WORKER_CLEANRL_RUNTIME_STARTED)
        emitter.heartbeat({})
    (record,) = caplog.records
    assert record.log_code == "LOG431"  # type: ignore[attr-defined]
    assert record.run_id == "r"  # type: ignore[attr-defined]
    assert record.worker_id == "w1"  # type: ignore[attr-defined]
    assert record.algo == "ppo"  # type: ignore[attr-defined]
    assert len(lines_of(sink)) == 2


def test_constant_without_a_logger_is_telemetry_alone() -> None:
    event = emitted(lambda emitter: emitter.run_started({}, constant=LOG_WORKER_CLEANRL_RUNTIME_STARTED))
    assert event["event"] == "run_started"


def test_a_failure_without_text_tells_the_type_of_the_exception_that_is_being_handled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        raise KeyError
    except KeyError as error:
        TelemetryEmitter("r").run_failed({"error": str(error)})
        TelemetryEmitter("r").run_failed(exc_info=True)
    payloads = [json.loads(line)["payload"] for line in capsys.readouterr().out.splitlines()]
    assert [payload["error_type"] for payload in payloads] == ["KeyError", "KeyError"]
