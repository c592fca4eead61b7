"""An emitter says what the worker is busy with until it goes on."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.core.worker import TelemetryEmitter


def payloads(sink: io.StringIO) -> list[Any]:
    return [event["payload"] for event in map(json.loads, sink.getvalue().splitlines()) if "event" in event]


def test_each_phase_is_told_once_and_heartbeats_name_it() -> None:
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", sink=sink)
    emitter.phase("")
    emitter.phase("importing torch")
    emitter.phase("importing torch")
    emitter.heartbeat()
    emitter.heartbeat({"state": "starting"})
    emitter.heartbeat({"phase": "own"})
    emitter.phase("")
    emitter.heartbeat()
    assert payloads(sink) == [
        {"phase": "importing torch"},
        {"phase": "importing torch"},
        {"state": "starting", "phase": "importing torch"},
        {"phase": "own"},
        {"phase": ""},
        {},
    ]
    assert {json.loads(line)["event"] for line in sink.getvalue().splitlines()} == {"heartbeat"}


@pytest.mark.parametrize(
    "go_on",
    [
        lambda emitter: emitter.step(0, reward=1.0),
        lambda emitter: emitter.episode(0, total_reward=1.0, steps=1),
        lambda emitter: emitter.metrics(0, {"loss": 1.0}),
    ],
    ids=["step", "episode", "metric"],
)
@pytest.mark.parametrize("between", [lambda emitter: None, lambda emitter: emitter.checkpoint_loaded({"path": "a"})])
def test_data_end_a_phase(go_on: Callable[[Any], None], between: Callable[[Any], None]) -> None:
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", sink=sink)
    emitter.phase("importing torch")
    between(emitter)
    go_on(emitter)
    emitter.heartbeat()
    emitter.phase("")
    assert payloads(sink)[-1] == {}
    emitter.phase("compiling")
    assert payloads(sink)[-1] == {"phase": "compiling"}


@pytest.mark.process
def test_a_forked_child_is_in_no_phase() -> None:
    emitter = TelemetryEmitter("r", sink=io.StringIO())
    emitter.phase("importing torch")
    child = os.fork()
    if child == 0:
        sink = io.StringIO()
        emitter._write = lambda line: sink.write(bytes(line).decode())
        emitter.heartbeat()
        os._exit(0 if payloads(sink) == [{}] else 1)
    assert os.waitpid(child, 0)[1] == 0
