"""``mosaic runs why`` of runs in every situation, by the real command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_why(mosaic: Any, home: Path, wait_until: Callable[..., Any]) -> None:
    one_at_a_time = {"MOSAIC_MAX_RUNNING_RUNS": "1"}
    command = ["train", "random", "--steps", "1000000000", "--set", "step_rate=50", "--detach", "--json"]
    first, second = (mosaic(*command, **one_at_a_time).json["run_id"] for _ in range(2))
    wait_until(lambda: mosaic("runs", "why", first, "--json").json["state"] == "running", "the first runs")
    told = mosaic("runs", "why", second, "--json").json
    assert (told["state"], told["before"]) == ("queued", 0)
    assert told["waits_for"][0]["holders"] == {first: 1}
    words = mosaic("runs", "why", second).stdout
    assert "It needs one of 1 slots: 0 are free" in words
    assert first in words
    assert mosaic("daemon", "stop").code == 0
    assert "no trainer daemon runs" in mosaic("runs", "why", second, "--no-start").stdout
    assert mosaic("runs", "cancel", second, first, "--wait", "--reason", "enough").code == 0
    words = mosaic("runs", "why", second).stdout
    assert "is cancelled" in words
    assert "has saved no checkpoint to resume from" in mosaic("runs", "why", first).stdout
    assert "enough" in words
