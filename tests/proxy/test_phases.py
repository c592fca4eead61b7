"""What a worker is busy with before its first steps, as its heartbeats announce it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.proxy.reindex import reindex_run
from gym_gui.proxy.summary import Supervision, summarize
from gym_gui.runs.states import RunState
from gym_gui.supervision.history import RunHistory
from gym_gui.telemetry.rollup import WorkerRollup
from gym_gui.telemetry.rollup_state import PHASE_LENGTH
from gym_gui.telemetry.verify import verify_run

Line = Callable[..., bytes]


def event(name: str = "heartbeat", **payload: Any) -> bytes:
    return json.dumps({"event": name, "timestamp": 1000.0, "payload": payload}).encode() + b"\n"


def rollup_of(logged_run: Any, lines: list[bytes], batch: int = 4 << 20, attempt: int = 1) -> WorkerRollup:
    logged_run.append(b"".join(lines), attempt=attempt)
    logged_run.ingest(batch)
    rollup = logged_run.ingestor().worker_rollups()[-1]
    assert isinstance(rollup, WorkerRollup)
    return rollup


STARTED, IMPORTING, BUILDING = event("run_started"), event(phase="importing torch"), event(phase="building")


@pytest.mark.parametrize("batch", [1, 150, 4 << 20])
@pytest.mark.parametrize(
    ("after", "phase"),
    [
        ([], "importing torch"),
        ([b"a line\n"], "importing torch"),
        ([BUILDING], "building"),
        ([event(phase="")], ""),
        ([event()], ""),
        ([event(step=5)], ""),
        ([event(state="starting", phase="importing torch", step=0)], "importing torch"),
        ([event(phase="train", step=5)], ""),
        ([event(phase=["no", "text"])], ""),
        ([event("checkpoint_loaded", path="a")], "importing torch"),
        ([event("run_completed")], ""),
        ([b'{"event_type":"step","step_index":0}\n'], ""),
        ([b'{"event_type":"step","step_index":0,"phase":"eval"}\n'], ""),
        ([b'{"event_type":"episode","ep_index":0,"total_reward":1.0,"steps":3}\n'], ""),
        ([b'{"event_type":"metric","step":1,"values":{"loss":1.0}}\n'], ""),
        ([b'{"event_type":"step","step_index":0}\n', event(phase="compiling")], "compiling"),
        ([event(phase="compiling"), b'{"event_type":"step","step_index":0}\n'], ""),
    ],
)
def test_the_phase_lasts_until_something_ends_it(logged_run: Any, after: list[bytes], phase: str, batch: int) -> None:
    assert rollup_of(logged_run, [STARTED, IMPORTING, *after], batch).phase == phase
    before = logged_run.tables()
    assert reindex_run(logged_run.folder).ledger.quarantined == 0
    assert repr(logged_run.tables()) == repr(before)
    assert verify_run(logged_run.folder).ok


def test_of_a_long_phase_the_beginning_is_kept(logged_run: Any) -> None:
    rollup = rollup_of(logged_run, [event(phase=" " + "ä\x1b" * 5000)])
    assert rollup.phase == ("ä\x1b" * 5000)[:PHASE_LENGTH]


def test_only_heartbeats_that_say_nothing_else_promise_no_others(logged_run: Any) -> None:
    lines = [IMPORTING, BUILDING, event(phase=""), event(), event(phase="x", state="starting"), event(phase=3)]
    rollup = rollup_of(logged_run, lines)
    assert (rollup.heartbeats, rollup.phase_heartbeats) == (6, 3)


@pytest.mark.parametrize(
    ("state", "attempt", "phase"),
    [
        (RunState.RUNNING, 1, "importing torch"),
        (RunState.STARTING, 1, "importing torch"),
        (RunState.STARTING, 2, ""),
        (RunState.QUEUED, 1, ""),
        (RunState.FAILED, 1, ""),
    ],
)
def test_a_summary_tells_the_phase_of_a_living_attempt(
    logged_run: Any, state: RunState, attempt: int, phase: str
) -> None:
    rollup = rollup_of(logged_run, [STARTED, IMPORTING])
    history = RunHistory(["000001"])
    history.workers["000001"].state, history.workers["000001"].attempt = state, attempt
    run = summarize(logged_run.plan, [rollup], rollup.ledger, Supervision(history=history))
    assert run.workers[0].phase == phase
