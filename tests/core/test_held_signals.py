"""A signal waits until nothing is half done, and then reaches the handler that was there before."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gym_gui.core.worker import Cancelled, HeldSignals

NUMBERS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """The signals that reached the former handlers."""
    numbers: list[int] = []
    former = {number: signal.signal(number, lambda number, _: numbers.append(number)) for number in NUMBERS}
    yield numbers
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_waits_until_it_is_delivered(heard: list[int], number: int) -> None:
    with HeldSignals() as signals:
        assert signals.pending is None
        signal.raise_signal(number)
        assert (signals.pending, heard) == (number, [])
        signals.deliver()
        assert (signals.pending, heard) == (None, [number])
        signal.raise_signal(number)  # nothing is held any more
        assert heard == [number, number]
    assert heard == [number, number]


def test_what_waits_is_delivered_at_the_end_of_the_block_unless_it_failed(heard: list[int]) -> None:
    with HeldSignals():
        signal.raise_signal(signal.SIGTERM)
        assert heard == []
    assert heard == [signal.SIGTERM]
    with pytest.raises(ValueError, match="the training"), HeldSignals() as signals:  # noqa: PT012 - one block
        signal.raise_signal(signal.SIGTERM)
        raise ValueError("the training failed by itself")
    assert (heard, signals.pending) == ([signal.SIGTERM], signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("second", NUMBERS)
def test_a_second_signal_is_delivered_at_once(heard: list[int], second: int) -> None:
    with HeldSignals() as signals:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(second)
        assert heard == [signal.SIGTERM]
        assert signals.pending == second
    assert heard == [signal.SIGTERM, second]


def test_a_handler_may_raise(heard: list[int]) -> None:
    def cancel(number: int, _frame: object) -> None:
        raise Cancelled(number)

    signal.signal(signal.SIGTERM, cancel)
    with pytest.raises(Cancelled), HeldSignals() as signals:  # noqa: PT012 - it raises where it is delivered
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Cancelled):
            signal.raise_signal(signal.SIGTERM)
        signals.hold()
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is cancel
    with HeldSignals():
        signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGINT]


def test_a_signal_is_late_after_the_patience(heard: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("gym_gui.core.worker.held_signals.time.monotonic", lambda: now)
    with HeldSignals(patience_s=10) as signals:
        now += 60
        assert not signals.is_late
        signal.raise_signal(signal.SIGTERM)
        now += 9
        signals.deliver_if_late()
        assert (signals.is_late, heard) == (False, [])
        now += 2
        assert signals.is_late
        signals.deliver_if_late()
        assert heard == [signal.SIGTERM]
        assert not signals.is_late


def test_updates_are_held_one_by_one(heard: list[int]) -> None:
    signals = HeldSignals()
    for _ in range(2):
        signals.hold()
        signals.hold()
        signal.raise_signal(signal.SIGTERM)
        signals.restore()
        assert signals.pending == signal.SIGTERM
        signals.deliver()
        signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGTERM, signal.SIGINT] * 2


def test_outside_the_main_thread_nothing_is_held(heard: list[int]) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with HeldSignals():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(10)
    signal.raise_signal(signal.SIGTERM)
    go_on.set()
    thread.join()
    assert heard == [signal.SIGTERM]


FORKING = """
import os, signal, sys, time
from gym_gui.core.worker import HeldSignals

ready, tell = os.pipe()
with HeldSignals() as signals:
    child = os.fork()
    if child == 0:
        os.write(tell, b"x")
        time.sleep(20)
        os._exit(0)
    os.read(ready, 1)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status), signals.pending)
"""


def test_a_forked_process_holds_nothing(script: Any) -> None:
    done = script.run(FORKING)
    assert done.stdout == "15 None\n", done.stderr
