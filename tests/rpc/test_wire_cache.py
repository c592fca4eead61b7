from __future__ import annotations

import msgspec

from gym_gui.rpc.wire_cache import WireCache
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary


def test_a_summary_is_converted_once_for_all_watchers() -> None:
    cache, run = WireCache(), RunSummary(run_id="A", steps=1)
    assert cache.message(run) is cache.message(run)
    newer = msgspec.structs.replace(run, steps=2)
    assert cache.message(newer).steps == 2
    assert cache.message(run).steps == 1


def test_curves_go_only_where_they_are_asked_for_and_with_the_last_value() -> None:
    worker = WorkerSummary(
        worker_id="000001",
        worker_type="t",
        curve=[CurvePoint(step=1, episodes=1, mean_return=1.0, min_return=1.0, max_return=1.0)],
    )
    cache, run = WireCache(), RunSummary(run_id="A", workers=[worker])
    assert not cache.message(run).workers[0].curve
    assert cache.message(run, curves=True).workers[0].curve
    assert not cache.message(run).workers[0].curve, "the two are told apart"
    assert cache.message(msgspec.structs.replace(run, state=RunState.COMPLETED)).workers[0].curve


def test_nothing_is_kept_of_ended_runs() -> None:
    cache, run = WireCache(), RunSummary(run_id="A")
    cache.message(run)
    cache.message(msgspec.structs.replace(run, state=RunState.COMPLETED))
    assert not cache._messages


def test_nothing_is_kept_of_runs_whose_watchers_left() -> None:
    cache, run = WireCache(), RunSummary(run_id="A")
    cache.message(run)
    cache.forget("A")
    cache.forget("A")
    assert not cache._messages
    assert cache.message(run).run_id == "A"
