"""Requests to end a run, at every moment of its lifecycle."""

from __future__ import annotations

import io
import signal
from pathlib import Path
from typing import Any

import pytest
from lifecycles import Make, SignallingEmitter, ask, events, kinds

from gym_gui.core.worker import Cancelled
from gym_gui.core.worker.signals import cancel_on_signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_request_while_it_works(make: Make, sink: io.StringIO, number: signal.Signals, code: int) -> None:
    with pytest.raises(Cancelled), cancel_on_signals(), make(progress=lambda: {"step": 7}) as run:
        ask(number)
    assert kinds(sink) == ["run_started", "run_cancelled"]
    expected = {"reason": f"{number.name} received", "signal": number.name, "step": 7}
    assert events(sink)[-1]["payload"] == expected
    assert (run.outcome, run.exit_code) == ("cancelled", code)


def test_a_request_before_it_works(make: Make, sink: io.StringIO) -> None:
    run = make(emitter=SignallingEmitter("run_started", sink))
    with pytest.raises(Cancelled), cancel_on_signals(), run:
        raise AssertionError("the work began")
    assert [kind for kind in kinds(sink) if kind != "run_started"] == ["run_cancelled"]
    assert run.outcome == "cancelled"


def test_a_request_while_the_manifest_is_written(make: Make, sink: io.StringIO, tmp_path: Path) -> None:
    written: list[int] = []

    def write_manifest() -> Path:
        written.append(1)
        if len(written) == 1:
            ask(signal.SIGTERM)
        return tmp_path / "m.json"

    with pytest.raises(Cancelled), cancel_on_signals(), make(write_manifest=write_manifest) as run:
        pass
    assert kinds(sink) == ["run_started", "run_cancelled"]
    assert len(written) == 2
    assert run.outcome == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_comes_with_the_last_event_is_too_late(make: Make, sink: io.StringIO, number: int) -> None:
    with cancel_on_signals():
        handler = signal.getsignal(number)
        with make(emitter=SignallingEmitter("run_completed", sink, number)) as run:
            pass
        assert signal.getsignal(number) is handler
    assert kinds(sink) == ["run_started", "run_completed"]
    assert (run.outcome, run.exit_code) == ("completed", 0)


def test_an_interrupt_without_the_command_line_cancels_too(make: Make, sink: io.StringIO) -> None:
    with pytest.raises(KeyboardInterrupt), make() as run:
        raise KeyboardInterrupt
    assert events(sink)[-1]["payload"] == {"reason": "SIGINT received", "signal": "SIGINT"}
    assert (run.outcome, run.exit_code) == ("cancelled", 130)


def test_a_fault_in_the_report_of_progress_is_told(make: Make, sink: io.StringIO) -> None:
    def progress() -> dict[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(Cancelled), make(progress=progress):
        raise Cancelled
    assert events(sink)[-1]["payload"]["payload_error"].startswith("ZeroDivisionError")
