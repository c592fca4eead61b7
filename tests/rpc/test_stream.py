"""Rows read live, through real daemons and proxies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.row_messages import batch_from_pb
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.telemetry.reader import MAX_ROWS, RunReader
from gym_gui.telemetry.row_stream import RowBatch
from gym_gui.trainer.home import DaemonHome

Config = Callable[..., dict[str, Any]]


def check_whole(home: Path, run_id: str, batches: Iterable[RowBatch]) -> None:
    """What was streamed, and what was left out, is what the database holds."""
    seen = list(batches)
    reader = RunReader(RunFolder.of(home, run_id))
    steps = [row.id for row in reader.steps(limit=MAX_ROWS)]
    gaps = [gap for batch in seen for gap in batch.gaps]
    left_out = [row for gap in gaps for row in steps if gap.from_id <= row <= gap.to_id]
    assert len(left_out) == sum(gap.count for gap in gaps)
    assert sorted([row.id for batch in seen for row in batch.steps] + left_out) == steps
    assert [row.id for batch in seen for row in batch.episodes] == [row.id for row in reader.episodes(limit=MAX_ROWS)]
    assert sorted(row.id for batch in seen for row in batch.events) == [row.id for row in reader.events()]


def test_a_run_is_streamed_whole_while_it_goes_and_afterwards(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    run_id = client.submit(random_config(total_steps=2000, step_rate=2000.0))
    live = list(client.stream(run_id, max_rate=0))
    check_whole(daemon_home, run_id, live)
    assert len(live) > 2
    assert not any(batch.gaps for batch in live)
    assert live[-1].caught_up
    check_whole(daemon_home, run_id, client.stream(run_id, max_rate=0))
    assert all(not batch.steps for batch in client.stream(run_id, kinds=["episode"]))
    assert list(client.stream(run_id, cursor=live[-1].cursor)) == []


def test_a_reader_that_wants_fewer_steps_is_told_how_many_it_missed(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    run_id = client.submit(random_config(total_steps=3000))
    batches = list(client.stream(run_id, max_rate=100))
    check_whole(daemon_home, run_id, batches)
    assert any(batch.gaps for batch in batches)


def test_a_stream_goes_on_where_it_was_with_the_next_daemon(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    run_id = client.submit(random_config(total_steps=3000, step_rate=1000.0))
    seen = []
    for batch in client.stream(run_id, max_rate=0):
        if not seen:
            stop_daemon(daemon_home)
        seen.append(batch)
    check_whole(daemon_home, run_id, seen)


def test_from_now_begins_with_a_cursor_and_leaves_out_what_was_before(
    client: TrainerClient, endless: dict[str, Any]
) -> None:
    run_id = client.submit(endless)
    for batch in client.stream(run_id, kinds=["step"]):
        if batch.steps and batch.steps[-1].step_index >= 50:
            break
    later = client.stream(run_id, from_now=True, kinds=["step"])
    first = next(later)
    assert first.empty
    assert first.cursor
    assert next(later).steps[0].step_index > 50
    client.cancel(run_id, wait=True)
    list(later)  # ends with the run


def test_a_reader_that_stalls_is_in_nobodys_way_and_misses_nothing_but_steps(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    # More than all the buffers between hold, so that the daemon really has to wait for the reader.
    run_id = client.submit(random_config(total_steps=30_000, payload_bytes=400, step_rate=10_000.0))
    options = (*CHANNEL_OPTIONS, ("grpc.http2.lookahead_bytes", 16384), ("grpc.http2.bdp_probe", 0))
    metadata = credentials_metadata(DaemonHome(daemon_home).token())
    with grpc.insecure_channel(client.address, options=options) as channel:
        request = pb.StreamTelemetryRequest(run_id=run_id, max_rate=20_000)
        stalled = TrainerServiceStub(channel).StreamTelemetry(request, metadata=metadata)
        first = next(iter(stalled))
        check_whole(daemon_home, run_id, client.stream(run_id, max_rate=0))  # another one, meanwhile
        check_whole(daemon_home, run_id, [batch_from_pb(message) for message in (first, *stalled)])


def test_readers_of_the_same_share_a_feed_and_the_daemon_counts_them(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any], wait_until: Callable[..., Any]
) -> None:
    run_id = client.submit(endless)
    seen: list[list[int]] = [[], [], []]

    def read(index: int) -> None:
        with TrainerClient.connect(daemon_home) as own:
            for batch in own.stream(run_id, kinds=["step"], max_rate=0):
                seen[index] += [row.step_index for row in batch.steps]

    threads = [threading.Thread(target=read, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: client.status().watchers == 3)
    wait_until(lambda: all(len(each) > 100 for each in seen))
    client.cancel(run_id, wait=True)
    for thread in threads:
        thread.join(30.0)
        assert not thread.is_alive()
    assert seen[0] == seen[1] == seen[2] == list(range(len(seen[0])))
    wait_until(lambda: client.status().watchers == 0)


def test_an_unknown_run_and_an_impossible_rate_are_refused(client: TrainerClient, random_config: Config) -> None:
    with pytest.raises(UsageError, match="there is no run"):
        next(client.stream("01M80KJGYCS8QFSXHWQ3ASDF6G"))
    run_id = client.submit(random_config(total_steps=1))
    with pytest.raises(UsageError, match="steps per second"):
        next(client.stream(run_id, max_rate=-1.0))


def test_a_run_that_was_cancelled_in_the_queue_ends_at_once(
    daemon_home: Path, endless: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "1")
    start_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as client:
        running, waiting = client.submit(endless), client.submit(endless)
        client.cancel(waiting, wait=True)
        assert [batch for batch in client.stream(waiting) if batch.steps] == []
        client.cancel(running, wait=True)
