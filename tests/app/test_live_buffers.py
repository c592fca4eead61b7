"""What came in last, by run, worker and agent; nothing of one mixes with another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.app.live_buffers import LiveBuffers, LiveKey, return_in
from gym_gui.telemetry import EpisodeRollup, RowBatch, StepRecord
from gym_gui.telemetry.row_stream import RowGap

AGENTS = st.sampled_from([None, "red", "blue"])
WORKERS = st.sampled_from(["000001", "000002"])


def step(worker_id: str, agent_id: str | None, number: int) -> StepRecord:
    return StepRecord(id=number, worker_id=worker_id, attempt=1, step_index=number, agent_id=agent_id)


def episode(worker_id: str, number: int, **values: object) -> EpisodeRollup:
    return EpisodeRollup(
        id=number, episode_id="e", worker_id=worker_id, attempt=1, phase="train", ep_index=number, **values
    )  # type: ignore[arg-type]


@given(st.lists(st.tuples(WORKERS, AGENTS), max_size=60), st.integers(1, 20))
def test_every_row_is_in_the_buffer_of_its_worker_and_agent(rows: list[tuple[str, str | None]], kept: int) -> None:
    buffers = LiveBuffers(kept)
    for number, (worker_id, agent_id) in enumerate(rows):
        (flushed,) = buffers.add("run", RowBatch(steps=[step(worker_id, agent_id, number)]))
        assert flushed == (LiveKey("run", worker_id, agent_id or ""), 1, 0)
    for (_, worker_id, agent_id), buffer in buffers.by_key.items():
        own = [number for number, row in enumerate(rows) if row == (worker_id, agent_id or None)]
        assert [each.step_index for each in buffer.steps] == own[-kept:]
        assert buffer.step_count == len(own)
    assert sum(buffer.step_count for buffer in buffers.by_key.values()) == len(rows)


def test_an_episode_of_several_agents_is_in_the_buffer_of_each() -> None:
    buffers = LiveBuffers()
    shared = episode("000001", 1, agent_rewards={"red": 1.0, "blue": -1.0}, total_reward=0.0)
    buffers.add("run", RowBatch(episodes=[shared]))
    assert set(buffers.by_key) == {LiveKey("run", "000001", "red"), LiveKey("run", "000001", "blue")}
    assert return_in(shared, "blue") == -1.0
    assert return_in(shared, "") == 0.0


def test_what_was_left_out_is_counted_by_worker() -> None:
    buffers = LiveBuffers()
    for _ in range(2):
        gap = RowGap(worker_id="000001", attempt=1, from_id=1, to_id=9, count=9)
        buffers.add("run", RowBatch(gaps=[gap]))
    assert buffers.left_out == {("run", "000001"): 18}


def test_a_dropped_run_leaves_the_others() -> None:
    buffers = LiveBuffers()
    for run_id in ("one", "two"):
        buffers.add(run_id, RowBatch(steps=[step("000001", None, 0)]))
    buffers.drop("one")
    assert [key.run_id for key in buffers.by_key] == ["two"]


def test_what_came_in_of_an_agent_is_counted_with_what_is_not_shown() -> None:
    buffers = LiveBuffers()
    buffers.add("run", RowBatch(steps=[step("000001", "red", 1)], episodes=[episode("000001", 1, agent_id="red")]))
    key = LiveKey("run", "000001", "red")
    assert key.title == "000001 · red"
    assert buffers.text(key) == "1 steps and 1 episodes since this is open"
    buffers.add("run", RowBatch(gaps=[RowGap(worker_id="000001", attempt=1, from_id=2, to_id=1501, count=1500)]))
    assert buffers.text(key).endswith("; a sample: 1,500 further steps of this worker are stored, and not shown")
