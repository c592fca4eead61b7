from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest

from gym_gui.core.worker import HeartbeatThread, TelemetryEmitter


class CountingSink(io.StringIO):
    """Says when it has taken three lines."""

    def __init__(self) -> None:
        super().__init__()
        self.full = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().count("\n") >= 3:
            self.full.set()
        return written


def beats(payload: Any) -> list[dict[str, Any]]:
    sink = CountingSink()
    with HeartbeatThread(TelemetryEmitter("r", sink=sink), 0.001, payload):
        assert sink.full.wait(30)
    return [json.loads(line)["payload"] for line in sink.getvalue().splitlines()]


def test_beats_while_the_block_runs() -> None:
    before = threading.active_count()
    assert beats(lambda: {"step": 1})[:3] == [{"step": 1}] * 3
    assert beats(None)[:3] == [{}] * 3
    assert threading.active_count() == before


def test_fault_in_the_payload_is_told() -> None:
    def payload() -> dict[str, Any]:
        raise RuntimeError("no step yet")

    assert beats(payload)[0] == {"payload_error": "RuntimeError: no step yet"}


def test_ends_at_once() -> None:
    with HeartbeatThread(TelemetryEmitter("r", sink=io.StringIO()), 1000):
        pass


def test_interval_must_be_positive() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        HeartbeatThread(TelemetryEmitter("r", sink=io.StringIO()), 0)
