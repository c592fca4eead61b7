"""Fixtures of the tests that start and kill real processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from gym_gui.runs.ids import new_run_id
from gym_gui.telemetry.processes import marked_processes

T = TypeVar("T")


@pytest.fixture
def badworker() -> Path:
    """The worker that misbehaves on purpose."""
    return Path(__file__).parents[2] / "fixtures" / "badworker.py"


@pytest.fixture
def until() -> Callable[..., object]:
    """Ask again and again until the answer is truthy; fail after a deadline (seconds)."""

    def wait(question: Callable[[], T], limit: float = 20.0) -> T:
        deadline = time.monotonic() + limit
        while True:
            answer = question()
            if answer:
                return answer
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait


@pytest.fixture
def kill_marked() -> Callable[[str], int]:
    """Kill every process of a run; return how many there were."""

    def kill(run_id: str) -> int:
        killed = 0
        for _ in range(50):
            left = marked_processes(run_id)
            killed += len(left)
            for process in left:
                process.signal(signal.SIGKILL)
            if not left:
                break
            time.sleep(0.02)
        return killed

    return kill


@pytest.fixture
def make_run_id(kill_marked: Callable[[str], int]) -> Iterator[Callable[[], str]]:
    """New run ids; whatever process carries one at the end of the test is killed."""
    made: list[str] = []

    def make() -> str:
        made.append(new_run_id())
        return made[-1]

    yield make
    for run_id in made:
        kill_marked(run_id)
