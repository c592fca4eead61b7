"""Who receives curves as differences has the whole values that the others have."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.received_curves import MissingPointsError, ReceivedCurves
from gym_gui.rpc.wire_cache import WatchMessages, WireCache
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary

POINTS = st.builds(
    CurvePoint,
    step=st.integers(1, 3),
    episodes=st.just(1),
    mean_return=st.sampled_from([0.5, math.nan]),
    min_return=st.just(-math.inf),
    max_return=st.just(1.0),
)
#: Most begin alike: so many points of one curve, then others.
CURVES = st.builds(
    lambda length, points: curve(1, 2, 3, 4)[:length] + points, st.integers(0, 4), st.lists(POINTS, max_size=2)
)
WORKERS = st.lists(
    st.builds(WorkerSummary, worker_id=st.sampled_from("001"), worker_type=st.just("t"), curve=CURVES), max_size=2
)
RUNS = st.builds(
    RunSummary,
    run_id=st.sampled_from("AAB"),
    state=st.sampled_from([RunState.RUNNING] * 3 + [RunState.COMPLETED]),
    workers=WORKERS,
)
#: What each of three streams does with a value: it takes it, misses it, or begins again with it.
STREAMS = st.tuples(*[st.sampled_from(["take", "take", "miss", "reconnect"])] * 3)


def curve(*steps: int) -> list[CurvePoint]:
    return [CurvePoint(step=step, episodes=1, mean_return=0.5, min_return=0.0, max_return=1.0) for step in steps]


def run_with(*curves: list[CurvePoint], run_id: str = "A", state: RunState = RunState.RUNNING) -> RunSummary:
    workers = [
        WorkerSummary(worker_id=str(number), worker_type="t", state=state, curve=points)
        for number, points in enumerate(curves)
    ]
    return RunSummary(run_id=run_id, state=state, workers=workers)


def sent(message: pb.RunSummary) -> list[tuple[int, list[int]]]:
    """Return what a message has of each worker's curve: how many points are kept, and the steps of the others."""
    return [(worker.kept_points, [point.step for point in worker.curve]) for worker in message.workers]


def test_a_later_value_has_the_new_points_alone() -> None:
    messages = WatchMessages(WireCache(), curves=True, differences=True)
    assert sent(messages.message(run_with(curve(1, 2), curve(5)))) == [(0, [1, 2]), (0, [5])]
    assert sent(messages.message(run_with(curve(1, 2, 3), curve(5)))) == [(2, [3]), (1, [])]
    assert sent(messages.message(run_with(curve(1, 4), curve(5)))) == [(1, [4]), (1, [])]
    assert sent(messages.message(run_with(curve(9), [], curve(7)))) == [(0, [9]), (0, []), (0, [7])]


def test_the_end_of_a_run_is_sent_as_a_difference_too_and_what_follows_is_whole() -> None:
    messages, received = WatchMessages(WireCache(), curves=True, differences=True), ReceivedCurves()
    runs = [run_with(curve(1)), run_with(curve(1, 2), state=RunState.COMPLETED), run_with(curve(1, 2))]
    values = [messages.message(run) for run in runs]
    assert [sent(value) for value in values] == [[(0, [1])], [(1, [2])], [(0, [1, 2])]]
    assert [received.read(value) for value in values] == runs


def test_each_run_of_a_watch_has_its_own_curves() -> None:
    messages = WatchMessages(WireCache(), curves=True, differences=True)
    for run_id in "AB":
        assert sent(messages.message(run_with(curve(1), run_id=run_id))) == [(0, [1])]
    for run_id in "AB":
        assert sent(messages.message(run_with(curve(1, 2), run_id=run_id))) == [(1, [2])]


def test_differences_are_only_for_those_who_ask() -> None:
    messages = WatchMessages(WireCache(), curves=True, differences=False)
    for _ in range(2):
        assert sent(messages.message(run_with(curve(1, 2)))) == [(0, [1, 2])]
    messages = WatchMessages(WireCache(), curves=False, differences=True)
    for _ in range(2):
        assert sent(messages.message(run_with(curve(1, 2)))) == [(0, [])]
    assert sent(messages.message(run_with(curve(1, 2), state=RunState.COMPLETED))) == [(0, [1, 2])]


def test_watchers_that_received_the_same_share_a_message() -> None:
    cache, runs = WireCache(), [run_with(curve(1)), run_with(curve(1, 2)), run_with(curve(1, 2, 3))]
    first, second, slow = (WatchMessages(cache, curves=True, differences=True) for _ in range(3))
    for run in runs[:2]:
        assert first.message(run) is second.message(run)
    slow.message(runs[0])
    assert first.message(runs[2]) is second.message(runs[2])
    assert sent(first._cache.message(runs[2], curves=True, since=runs[1])) == [(2, [3])]
    assert sent(slow.message(runs[2])) == [(1, [2, 3])], "it missed a value"


@pytest.mark.parametrize("kept", [-1, 1, 2**62])
def test_a_continuation_of_points_that_did_not_come_is_refused(kept: int) -> None:
    message = summary_to_pb(run_with(curve(3)))
    message.workers[0].kept_points = kept
    with pytest.raises(MissingPointsError, match="worker 0 continues"):
        ReceivedCurves().read(message)


def test_what_the_reader_does_with_a_value_does_not_change_the_next() -> None:
    messages, received = WatchMessages(WireCache(), curves=True, differences=True), ReceivedCurves()
    received.read(messages.message(run_with(curve(1, 2)))).workers[0].curve.clear()
    assert received.read(messages.message(run_with(curve(1, 2, 3)))).workers[0].curve == curve(1, 2, 3)


class Stream:
    """A stream of values, and the one who receives them."""

    def __init__(self, cache: WireCache) -> None:
        self._messages = WatchMessages(cache, curves=True, differences=True)
        self._received = ReceivedCurves()

    def carry(self, run: RunSummary) -> RunSummary:
        """Return a value as it is received."""
        return self._received.read(pb.RunSummary.FromString(self._messages.message(run).SerializeToString()))


def plain(run: RunSummary) -> Any:
    """Return a value that equals another although it has NaN."""
    return repr(msgspec.to_builtins(run))


@given(st.lists(st.tuples(RUNS, STREAMS), max_size=8))
def test_restored_values_are_the_whole_ones(values: list[tuple[RunSummary, tuple[str, ...]]]) -> None:
    cache = WireCache()
    reported, sent_before = ReceivedCurves(), dict[str, RunSummary]()
    streams = [Stream(cache) for _ in range(3)]
    for run, actions in values:
        wire = summary_to_pb(run, since=sent_before.get(run.run_id)).SerializeToString()
        sent_before[run.run_id] = run
        held = reported.read(pb.RunSummary.FromString(wire))
        assert plain(held) == plain(run), "as the proxy reports to the daemon"
        for number, action in enumerate(actions):
            if action == "reconnect":
                streams[number] = Stream(cache)
            if action != "miss":
                assert plain(streams[number].carry(held)) == plain(run), "as the daemon sends it to who watches"
