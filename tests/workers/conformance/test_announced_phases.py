"""A heartbeat that says what the worker is about to do is neither work nor a heartbeat too many."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from gym_gui.workers.conformance.held import _is_at_work
from gym_gui.workers.conformance.lifecycle import event_rate


def beat(at: float, payload: Any) -> dict[str, Any]:
    return {"event": "heartbeat", "timestamp": at, "payload": payload}


def subject(*events: dict[str, Any]) -> Any:
    return SimpleNamespace(short=SimpleNamespace(events=events, of=lambda kind: [*events]))


@pytest.mark.parametrize(
    ("beats", "too_often"),
    [
        ([beat(1.0, {"phase": "a"}), beat(1.1, {"phase": "b"}), beat(1.2, {"phase": ""})], False),
        ([beat(1.0, {"phase": "a"}), beat(1.1, {"step": 1}), beat(2.1, {"step": 2})], False),
        ([beat(1.0, {"phase": "a"}), beat(1.1, {"phase": "a"}), beat(1.2, {"phase": "a"})], True),
        ([beat(1.0, {"phase": "a", "step": 1}), beat(1.1, {"phase": "b", "step": 2})], True),
        ([beat(1.0, "text"), beat(1.1, {})], True),
    ],
)
def test_heartbeats_that_come_too_often(beats: list[dict[str, Any]], too_often: bool) -> None:
    assert bool(event_rate(subject(*beats))) is too_often


@pytest.mark.parametrize(
    ("events", "at_work"),
    [
        ([{"event": "run_started"}, beat(1.0, {"phase": "importing torch"})], False),
        ([{"event": "run_started"}, beat(1.0, {"phase": "a"}), beat(1.0, {})], True),
        ([{"event": "run_started"}, {"event_type": "step", "step_index": 0}], True),
        ([{"event": "run_started"}, {"event": "run_completed"}], False),
    ],
)
def test_a_worker_is_held_once_it_works(events: list[dict[str, Any]], at_work: bool) -> None:
    assert _is_at_work("".join(json.dumps(event) + "\n" for event in events).encode()) is at_work
