"""What becomes of events that the kernel refuses: counted, said once, reported in the next event that gets out."""

from __future__ import annotations

import fcntl
import io
import json
import os
from typing import Any

import pytest

from gym_gui.core.worker import TelemetryEmitter


def test_full_disk_is_counted_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOSAIC_LOG", "/dev/full")
    emitter = TelemetryEmitter("r")
    emitter.run_started({})
    for i in range(10):
        emitter.step(i, reward=1.0, ep_index=0, action=0)
    emitter.episode(0)
    assert emitter.dropped == 12
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "No space left on device" in captured.err


@pytest.mark.parametrize("threads", ["one", "several"])
def test_file_that_may_not_grow_is_reported_when_it_may_again(script: Any, log: Any, threads: str) -> None:
    """A real refusal in the middle of an event: the torn piece spoils nothing, the next event tells what is lost."""
    done = script.run(
        """
import resource, sys, threading
if sys.argv[1] == "several":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
from gym_gui.core.worker import TelemetryEmitter
emitter = TelemetryEmitter("r")
emitter.run_started({})
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
i = 0
while emitter.dropped < 5:
    emitter.step(i, reward=0.5, ep_index=0, terminated=False, truncated=False, action=1); i += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
emitter.step(i, reward=0.5, ep_index=0, terminated=False, truncated=False, action=1)
assert emitter.dropped == 0
emitter.run_completed({"steps": i + 1})
""",
        threads,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1
    lines = log.path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    (torn,) = (line for line in lines if not line.endswith(b"}"))
    assert torn.startswith(b"{")
    events = [json.loads(line) for line in lines if line is not torn]
    completed = events.pop()
    assert completed["payload"]["steps"] == len(events) - 1 + 5
    assert [event["dropped"] for event in events if "dropped" in event] == [5]


def test_reader_that_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    sink = open(writer, "w", encoding="utf-8")  # noqa: SIM115
    emitter = TelemetryEmitter("r", sink=sink)
    emitter.step(1)
    emitter.heartbeat()
    assert emitter.dropped == 2
    assert "Broken pipe" in capsys.readouterr().err
    sink.close()
    emitter.step(2)
    assert emitter.dropped == 3


def test_closed_stream_and_missing_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", sink=sink)
    sink.close()
    monkeypatch.setattr("sys.stderr", None)
    emitter.run_started({})
    emitter.step(1)
    assert emitter.dropped == 2


def test_pipe_that_stays_full_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.core.worker.sink.PIPE_PATIENCE_S", 0.01)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with open(writer, "w", encoding="utf-8") as sink:
        emitter = TelemetryEmitter("r", sink=sink)
        emitter.step(0, observation="o" * 10_000)
        emitter.step(1)
        assert emitter.dropped == 2
        os.read(reader, 4096)
        emitter.step(2)
        assert emitter.dropped == 0
        assert json.loads(os.read(reader, 4096).strip()) == {
            "event_type": "step",
            "run_id": "r",
            "step_index": 2,
            "dropped": 2,
        }
    os.close(reader)


def test_steps_left_out_are_said_in_the_next_event() -> None:
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", sink=sink)
    emitter.count_sampled(3)
    emitter.count_sampled(4)
    emitter.episode(0, sampled=10)
    emitter.step(1)
    first, second = (json.loads(line) for line in sink.getvalue().splitlines())
    assert first["sampled"] == 17
    assert "sampled" not in second
