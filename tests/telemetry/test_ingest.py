"""Every line exactly once, in whatever pieces the log comes in."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.telemetry import checkpoint
from gym_gui.telemetry.errors import Fenced
from gym_gui.telemetry.limits import MAX_LINE_BYTES
from gym_gui.telemetry.store import Store
from gym_gui.telemetry.verify import verify_run

calm = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.long
@calm
@given(st.data())
def test_any_log_in_any_pieces_gives_the_same_rows_and_is_verified(
    new_logged_run: Callable[..., Any],
    drain_logs: Callable[..., int],
    any_log: st.SearchStrategy[bytes],
    data: st.DataObject,
) -> None:
    log = data.draw(any_log)
    whole = new_logged_run()
    whole.append(log)
    ledger = whole.ingest()
    assert ledger.balanced
    report = verify_run(whole.folder)
    assert report.ok, report.to_dict()
    assert report.ledger == ledger

    pieces = new_logged_run()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=4)))
    ingestor = pieces.ingestor()
    ingestor.add_source(1, "000001", 1, pieces.log())
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        pieces.append(log[start:end])
        drain_logs(ingestor, data.draw(st.integers(1, 200)))
        if data.draw(st.booleans()):
            ingestor.close()
            ingestor = pieces.ingestor()
    ingestor.close_source(1, 1)
    ingestor.finish()
    assert repr(pieces.tables()) == repr(whole.tables())


@pytest.mark.long
def test_a_burst_of_200k_lines_is_stored_to_the_last(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    burst = b"".join(sdk_line(step_index=i, ep_index=i // 200, reward=1.0, action=i % 2) for i in range(200_000))
    logged_run.append(burst)
    ledger = logged_run.ingest()
    assert (ledger.lines, ledger.stored, ledger.records) == (200_000, 200_000, 200_000)
    assert logged_run.query("SELECT count(*), count(DISTINCT step_index), max(step_index) FROM steps") == [
        (200_000, 200_000, 199_999)
    ]


def test_a_repeated_episode_is_quarantined(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    episode = sdk_line("episode", ep_index=1, total_reward=1.0)
    for attempt in (1, 2):
        logged_run.append(episode, attempt=attempt)
    logged_run.append(sdk_line("episode", ep_index=1, phase="eval"))
    logged_run.append(sdk_line("episode", ep_index=1, agent_id="a"))
    logged_run.append(episode + sdk_line("episode", ep_index=2) + b"x" + episode.strip() + sdk_line(step_index=1))
    ledger = logged_run.ingest()
    assert (ledger.lines, ledger.stored, ledger.quarantined, ledger.records) == (7, 6, 1, 6)
    assert [reason for (reason,) in logged_run.query("SELECT reason FROM quarantine")] == ["repeated_episode"] * 2
    assert logged_run.query("SELECT count(*) FROM episodes") == [(5,)]
    assert verify_run(logged_run.folder).ok


def test_an_episode_is_known_again_by_the_next_ingestor(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    for _ in range(3):
        logged_run.append(sdk_line("episode", ep_index=1))
        ingestor = logged_run.ingestor()
        ingestor.pump()
        ingestor.close()
    assert logged_run.ingest().quarantined == 2


def test_rollups_count_what_was_stored(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    lines = [sdk_line("run_started", payload={"env_id": "CartPole-v1"}, timestamp=1.0)]
    for number in range(1000):
        lines.append(sdk_line(step_index=10 * number, ep_index=number))
        lines.append(sdk_line("episode", ep_index=number, total_reward=float(number), steps=10, sampled=9))
    lines.append(sdk_line("episode", ep_index=0, phase="eval", total_reward=500.0, steps=10))
    lines.append(sdk_line("heartbeat", timestamp=2.0))
    lines.append(sdk_line("checkpoint_saved", payload={"path": "a.pt"}))
    lines.append(sdk_line("run_completed", payload={"status": "completed"}, timestamp=3.0, dropped=4))
    logged_run.append(b"".join(lines))
    logged_run.ingest()
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert (rollup.episodes, rollup.steps, rollup.eval_episodes) == (1000, 10_000, 1)
    assert (rollup.mean_return_100, rollup.eval_mean_return) == (949.5, 500.0)
    assert (rollup.ledger.sampled, rollup.ledger.dropped) == (9000, 4)
    assert (rollup.last_event, rollup.last_event_at) == ("run_completed", 3.0)
    assert rollup.last_event_payload == {"status": "completed"}
    assert (rollup.heartbeats, rollup.last_heartbeat_at, rollup.last_checkpoint) == (1, 2.0, {"path": "a.pt"})
    assert 100 <= len(rollup.curve) <= 256
    assert sum(point.episodes for point in rollup.curve) == 1000
    assert rollup.curve[-1].step == 10_000
    assert rollup.closed


def test_several_agents_share_steps_and_the_first_one_counts_episodes(
    logged_run: Any, sdk_line: Callable[..., bytes]
) -> None:
    for number in range(5):
        for agent in ("red", "blue"):
            logged_run.append(sdk_line(step_index=number, agent_id=agent, reward=1.0))
            logged_run.append(
                sdk_line(
                    "episode", ep_index=number, agent_id=agent, total_reward=1.0 if agent == "red" else -1.0, steps=20
                )
            )
    assert logged_run.ingest().stored == 20
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert (rollup.episodes, rollup.steps, rollup.mean_return_100) == (5, 100, 1.0)


def test_not_a_number_is_told_apart_from_nothing(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line("episode", ep_index=0, total_reward=math.nan))
    logged_run.append(sdk_line("episode", ep_index=1))
    logged_run.append(sdk_line("metric", step=1, values={"loss": math.nan, "lr": math.inf}))
    logged_run.ingest()
    assert logged_run.query("SELECT total_reward, nan FROM episodes ORDER BY id") == [(None, 1), (None, None)]
    assert logged_run.query("SELECT value FROM metrics ORDER BY name") == [(None,), (math.inf,)]
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert rollup.mean_return_100 is not None
    assert math.isnan(rollup.mean_return_100)


def test_over_long_lines_are_kept_by_offset_and_length(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    bar = b"\r 50%" * (MAX_LINE_BYTES // 4)
    limit = sdk_line(step_index=1, observation="x").replace(b'"x"', b'"' + b"x" * MAX_LINE_BYTES + b'"')
    exact = b'{"event_type":"step","step_index":2,"observation":"'
    exact += b"y" * (MAX_LINE_BYTES - len(exact) - 2) + b'"}\n'
    logged_run.append(sdk_line(step_index=0) + bar + b"\n" + limit + exact + bar)
    ledger = logged_run.ingest()
    assert (ledger.lines, ledger.stored, ledger.quarantined) == (5, 2, 3)
    first = len(sdk_line(step_index=0))
    assert logged_run.query("SELECT id & 0xfffffffffff, length, reason FROM quarantine ORDER BY id") == [
        (first, len(bar), "over_long"),
        (first + len(bar) + 1, len(limit) - 1, "over_long"),
        (first + len(bar) + 1 + len(limit) + len(exact), len(bar), "over_long"),
    ]
    assert verify_run(logged_run.folder).ok


def test_a_truncated_log_goes_on_in_a_new_segment(
    logged_run: Any, sdk_line: Callable[..., bytes], drain_logs: Callable[..., int]
) -> None:
    before = b"".join(sdk_line(step_index=i) for i in range(10))
    logged_run.append(before)
    ingestor = logged_run.ingestor()
    drain_logs(ingestor)
    logged_run.log().write_bytes(sdk_line(step_index=10))
    truncations = ingestor.pump().truncations
    assert [(t.worker_id, t.attempt, t.byte_offset, t.reason) for t in truncations] == [
        ("000001", 1, len(before), "truncated")
    ]
    drain_logs(ingestor)
    ingestor.close_source(1, 1)
    assert (ingestor.ledger().stored, ingestor.worker_rollups()[0].steps) == (11, 11)
    ingestor.finish()
    assert logged_run.query("SELECT base, end, reason FROM segments") == [(0, len(before), "truncated")]
    assert logged_run.query("SELECT max(id) & 0xfffffffffff FROM steps") == [(len(before),)]
    report = verify_run(logged_run.folder)
    assert report.ok, report.to_dict()
    assert report.logs[0].sealed_segments == 1


def test_the_supervisors_log_is_kept_apart(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.folder.supervisor_log.write_text(
        json.dumps({"event": "launch", "worker_id": "000001", "at": 5.0}) + "\n"
    )
    logged_run.append(sdk_line(step_index=0))
    ingestor = logged_run.ingestor()
    ingestor.add_source(0, "supervisor", 1, logged_run.folder.supervisor_log)
    ingestor.pump()
    assert ingestor.ledger().lines == 1
    assert len(ingestor.worker_rollups()) == 1
    ingestor.finish()
    assert logged_run.query("SELECT id >> 50, event, timestamp FROM events") == [(0, "launch", 5.0)]


def test_pumping_shares_among_many_logs(
    new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes], drain_logs: Callable[..., int]
) -> None:
    run = new_logged_run(workers=40)
    for number in range(1, 41):
        line = sdk_line(step_index=1).replace(b'"000001"', f'"{number:06d}"'.encode())
        run.append(line * 2000, worker_no=number)
    ingestor = run.ingestor()
    assert ingestor.lag_bytes() > 4 << 20
    first = ingestor.pump(1 << 20)
    assert not first.caught_up
    assert all(rollup.bytes_read for rollup in ingestor.worker_rollups())
    assert first.records + drain_logs(ingestor) == 80_000
    assert ingestor.lag_bytes() == 0
    ingestor.finish()


def test_a_taken_over_ingestor_is_fenced_and_writes_nothing(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0))
    old = logged_run.ingestor()
    old.pump()
    new = logged_run.ingestor()
    logged_run.append(sdk_line(step_index=1))
    with pytest.raises(Fenced):
        old.pump()
    with pytest.raises(Fenced):
        old.add_source(2, "000002", 1, logged_run.log(2))
    assert new.pump().records == 1
    old.close()
    new.finish()
    assert logged_run.query("SELECT step_index FROM steps") == [(0,), (1,)]


def test_a_row_that_will_not_bind_is_quarantined_and_the_others_are_stored(logged_run: Any) -> None:
    from gym_gui.telemetry.decode import LineDecoder

    store = Store(logged_run.folder.database, logged_run.folder.run_id)
    data = b'{"event_type":"step","step_index":1}\n' * 3
    batch = LineDecoder(logged_run.folder.run_id, "000001", store.names, 0).decode(data, 0)
    batch.steps[1] = (batch.steps[1][0], 2**70, *batch.steps[1][2:])
    with store.transaction():
        store.insert(batch)
    store.finish()
    assert logged_run.query("SELECT count(*) FROM steps") == [(2,)]
    assert logged_run.query("SELECT id, length, reason FROM quarantine") == [(37, 36, "unbindable")]
    assert (batch.counts.stored, batch.counts.quarantined, batch.counts.records) == (2, 1, 2)


def test_when_rows_came_in_is_known(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0) * 5)
    logged_run.ingest()
    (last,) = logged_run.query("SELECT max(id) FROM steps")[0]
    ((received_at,),) = logged_run.query("SELECT received_at FROM batches WHERE id >= ? ORDER BY id LIMIT 1", last)
    assert received_at > 1.7e9


def test_rows_move_from_the_write_ahead_log_into_the_database_while_the_run_goes_on(
    logged_run: Any, sdk_line: Callable[..., bytes], drain_logs: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_BYTES", 1)
    ingestor = logged_run.ingestor()
    ingestor.add_source(1, "000001", 1, logged_run.log())
    before = logged_run.folder.database.stat().st_size
    deadline = time.monotonic() + 30.0
    step = 0
    while logged_run.folder.database.stat().st_size == before and time.monotonic() < deadline:
        logged_run.append(sdk_line(step_index=step))  # a flush in the background comes before each checkpoint
        drain_logs(ingestor)
        step += 1
    assert logged_run.folder.database.stat().st_size > before
    ingestor.close()
